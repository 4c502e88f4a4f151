//! Feature `tokio-util`: both connections as codecs for
//! [`Framed`](tokio_util::codec::Framed), with items that own their bytes.
//!
//! A codec is its connection with a [`Buffer`](crate::Buffer) beside it, so every rule, limit and
//! state is the same. Body data is not copied: it shares the read buffer.
//!
//! - **In turn.** Send the response before you poll for the item after `End`, also within a
//!   `select!`. A request that is pipelined waits in the read buffer; who polls before that reads on
//!   into that buffer, and gets [`CodecError::Flooded`] when it holds more than a head may. `Framed`
//!   then looks at the buffer again only when more bytes come, and not when the response is sent: a
//!   client that waits for its second response waits for ever.
//! - **Closing.** Close when `codec().connection().should_close()`. Bytes that come then are
//!   dropped unread.
//! - **Expect.** A codec cannot write by itself: send the 100 as
//!   [`SendResponse::Informational`] when the head `expects_continue`.
//! - **Switching.** When `codec().connection().is_switched()`, take the stream and `read_buf` out of
//!   `Framed::into_parts`: they belong to the next protocol.
//!
//! ```
//! use futures_util::{SinkExt, StreamExt};
//! use holdline_http1::codec::{CodecError, OwnedEvent, SendResponse, ServerCodec};
//! use holdline_http1::HeaderBlock;
//! use tokio::io::{AsyncRead, AsyncWrite};
//! use tokio_util::codec::Framed;
//!
//! async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin) -> Result<(), CodecError> {
//!     let mut http = Framed::new(stream, ServerCodec::default());
//!     let headers = HeaderBlock::new([("Content-Type", "text/plain")])?;
//!     while let Some(item) = http.next().await {
//!         let (status, body) = match item {
//!             Ok(OwnedEvent::End { .. }) => (200, "hello"),
//!             Ok(_) => continue,
//!             Err(CodecError::Receive(error)) => (error.status(), ""),
//!             Err(error) => return Err(error),
//!         };
//!         if http.codec().connection().can_respond() {
//!             let (headers, body) = (headers.clone(), body.into());
//!             http.send(SendResponse::Whole { status, headers, body }).await?;
//!         }
//!         if http.codec().connection().should_close() {
//!             break;
//!         }
//!     }
//!     http.close().await
//! }
//! # use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! #     let (mut client, server) = tokio::io::duplex(1024);
//! #     client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await?;
//! #     serve(server).await?;
//! #     let mut text = String::new();
//! #     client.read_to_string(&mut text).await?;
//! #     assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("\r\n\r\nhello"));
//! #     Ok::<_, CodecError>(())
//! # })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

use bytes::{Buf, Bytes, BytesMut};

use crate::error::{ReceiveError, SendError};

mod client;
mod server;

pub use client::{ClientCodec, OwnedResponseEvent, SendRequest};
pub use server::{OwnedEvent, SendResponse, ServerCodec};

/// What can go wrong in a `Framed`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The peer broke a rule. A server can still answer when its connection `can_respond`.
    #[error(transparent)]
    Receive(#[from] ReceiveError),
    /// The item cannot be sent. Nothing of it was written.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The stream failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It was polled for the next item although that has to wait, and more bytes came than
    /// [`max_head`](crate::Limits::max_head).
    #[error("polled for more although the next message has to wait")]
    Flooded,
}

/// What a call of `receive` gave, when nothing of it borrows the read buffer any more.
enum Received<T> {
    Item(T),
    /// So many bytes of data, the last of those that were consumed.
    Data(usize),
}

impl<T> Received<T> {
    /// Takes off `src` what was consumed, all but the last `left` bytes. Data shares the memory.
    fn take(self, src: &mut BytesMut, left: usize, data: fn(Bytes) -> T) -> T {
        let consumed = src.len().saturating_sub(left);
        match self {
            Self::Item(item) => {
                src.advance(consumed);
                item
            }
            Self::Data(length) => {
                src.advance(consumed.saturating_sub(length));
                data(src.split_to(length.min(src.len())).freeze())
            }
        }
    }
}

/// What to do with bytes that have to wait.
fn pause(src: &mut BytesMut, closing: bool, most: usize) -> Result<(), CodecError> {
    if closing {
        src.clear();
    } else if src.len() > most {
        return Err(CodecError::Flooded);
    }
    Ok(())
}
