//! The client's codec.

use alloc::string::String;

use bytes::{Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

use super::{CodecError, Received, pause};
use crate::{
    BodyLength, Buffer, ClientConfig, ClientConnection, HeaderBlock, HeadersBuf, RequestBody,
    ResponseEvent, ResponseHeadBuf,
};

/// What a client received: a [`ResponseEvent`] that owns its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnedResponseEvent {
    /// A 1xx response other than 101. The final one is still to come.
    Informational(ResponseHeadBuf),
    /// The head of the final response, or of a 101.
    Response {
        /// The head.
        head: ResponseHeadBuf,
        /// How the end of the body is found.
        body: BodyLength,
    },
    /// The next bytes of the response's body. Never empty.
    Data(Bytes),
    /// The response is complete.
    End {
        /// The trailer section of a chunked body; empty for others.
        trailers: HeadersBuf,
    },
}

/// What a client sends, each by the function of [`ClientConnection`] with that meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendRequest {
    /// [`request`](ClientConnection::request): a whole request.
    Whole {
        /// A token.
        method: String,
        /// One of the four forms.
        target: String,
        /// The fields, `Host` among them, without `Content-Length`.
        headers: HeaderBlock,
        /// The body.
        body: Bytes,
    },
    /// [`send_request`](ClientConnection::send_request): a head, whose body follows.
    Head {
        /// A token.
        method: String,
        /// One of the four forms.
        target: String,
        /// The fields, `Host` among them, without `Content-Length` and `Transfer-Encoding`.
        headers: HeaderBlock,
        /// How the body is framed.
        body: RequestBody,
    },
    /// [`send_data`](ClientConnection::send_data).
    Data(Bytes),
    /// [`send_end_with_trailers`](ClientConnection::send_end_with_trailers).
    End {
        /// The trailer section; empty by default.
        trailers: HeaderBlock,
    },
}

/// A [`ClientConnection`] for `Framed`: [`OwnedResponseEvent`] in, [`SendRequest`] out.
#[derive(Debug)]
pub struct ClientCodec {
    http: ClientConnection,
    buffer: Buffer,
    max_waiting: usize,
}

impl ClientCodec {
    /// A codec before the first request of its connection.
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        Self {
            max_waiting: config.limits.max_head,
            http: ClientConnection::new(config),
            buffer: Buffer::new(),
        }
    }

    /// The connection's state.
    #[must_use]
    pub const fn connection(&self) -> &ClientConnection {
        &self.http
    }

    /// The connection. Leave receiving and sending to `Framed`.
    pub const fn connection_mut(&mut self) -> &mut ClientConnection {
        &mut self.http
    }
}

impl Default for ClientCodec {
    fn default() -> Self {
        Self::new(ClientConfig::default())
    }
}

impl Decoder for ClientCodec {
    type Item = OwnedResponseEvent;
    type Error = CodecError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<OwnedResponseEvent>, CodecError> {
        let mut input = &src[..];
        let received = match self.http.receive(&mut input, &mut self.buffer) {
            Ok(Some(ResponseEvent::Informational(head))) => {
                Received::Item(OwnedResponseEvent::Informational(head.to_owned()))
            }
            Ok(Some(ResponseEvent::Response { head, body })) => {
                Received::Item(OwnedResponseEvent::Response {
                    head: head.to_owned(),
                    body,
                })
            }
            Ok(Some(ResponseEvent::End { trailers })) => Received::Item(OwnedResponseEvent::End {
                trailers: trailers.to_owned(),
            }),
            Ok(Some(ResponseEvent::Data(data))) => Received::Data(data.len()),
            Ok(Some(ResponseEvent::Paused)) => {
                pause(src, self.http.should_close(), self.max_waiting)?;
                return Ok(None);
            }
            Ok(None) => {
                src.clear();
                return Ok(None);
            }
            Err(error) => {
                src.clear();
                return Err(error.into());
            }
        };
        let left = input.len();
        Ok(Some(received.take(src, left, OwnedResponseEvent::Data)))
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<OwnedResponseEvent>, CodecError> {
        if let Some(item) = self.decode(src)? {
            return Ok(Some(item));
        }
        if !src.is_empty() {
            return Ok(None);
        }
        Ok(match self.http.receive_eof()? {
            Some(ResponseEvent::End { trailers }) => Some(OwnedResponseEvent::End {
                trailers: trailers.to_owned(),
            }),
            _ => None,
        })
    }
}

impl Encoder<SendRequest> for ClientCodec {
    type Error = CodecError;

    fn encode(&mut self, item: SendRequest, out: &mut BytesMut) -> Result<(), CodecError> {
        let http = &mut self.http;
        match item {
            SendRequest::Whole {
                method,
                target,
                headers,
                body,
            } => http.request(&method, &target, headers, &body, out)?,
            SendRequest::Head {
                method,
                target,
                headers,
                body,
            } => http.send_request(&method, &target, headers, body, out)?,
            SendRequest::Data(data) => http.send_data(&data, out)?,
            SendRequest::End { trailers } => http.send_end_with_trailers(trailers, out)?,
        }
        Ok(())
    }
}
