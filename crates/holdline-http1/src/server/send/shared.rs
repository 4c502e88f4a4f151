//! Sending without a copy of the body.

use bytes::{Bytes, BytesMut};

use super::{append, write_fields};
use crate::block::Fields;
use crate::body::{ChunkFrame, PreChunked};
use crate::error::SendError;
use crate::server::ServerConnection;

impl ServerConnection {
    /// [`respond`](Self::respond) without a copy of the body: appends the head, and returns what is to be written after
    /// it, as in a vectored write. That is the body, or nothing in the answer to HEAD.
    ///
    /// # Errors
    ///
    /// As [`send_response`](Self::send_response).
    ///
    /// ```
    /// # use bytes::{Bytes, BytesMut};
    /// # use holdline_http1::{Buffer, ServerConfig, ServerConnection};
    /// # let mut http = ServerConnection::new(ServerConfig::default());
    /// # let mut input = &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..];
    /// # let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
    /// # while http.receive(&mut input, &mut buffer)?.is_some() {}
    /// let page = Bytes::from(vec![b'a'; 100_000]);
    /// let rest = http.respond_shared(200, (), &page, &mut out)?;
    /// assert!(out.ends_with(b"Content-Length: 100000\r\n\r\n"));
    /// assert_eq!(rest.as_ptr(), page.as_ptr());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn respond_shared(
        &mut self,
        status: u16,
        headers: impl Fields,
        body: &Bytes,
        out: &mut BytesMut,
    ) -> Result<Bytes, SendError> {
        append(out, |out| {
            let seen = write_fields(status, &headers, out)?;
            let (after, mut encoder) = self.finish_whole_head(status, seen, body.len(), out)?;
            let is_written = encoder.encode_frame(body.len())?.is_some();
            self.commit(after, encoder);
            Ok(if is_written {
                body.clone()
            } else {
                Bytes::new()
            })
        })
    }

    /// The bytes to write for data that was framed once for many connections: the same bytes,
    /// shared, chunked or bare as this response needs it.
    ///
    /// # Errors
    ///
    /// As [`send_data`](Self::send_data).
    pub fn send_prechunked(&mut self, data: &PreChunked) -> Result<Bytes, SendError> {
        self.open_body()?.encode_prechunked(data)
    }

    /// Frames `length` bytes of data that the caller writes itself, as in a vectored write. None:
    /// write nothing.
    ///
    /// # Errors
    ///
    /// As [`send_data`](Self::send_data).
    pub fn send_frame(&mut self, length: usize) -> Result<Option<ChunkFrame>, SendError> {
        self.open_body()?.encode_frame(length)
    }
}
