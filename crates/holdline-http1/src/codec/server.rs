//! The server's codec.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

use super::{CodecError, Received, pause};
use crate::body::PreChunked;
use crate::{
    BodyLength, Buffer, Event, HeaderBlock, HeadersBuf, PreparedResponse, RequestHeadBuf,
    ResponseBody, ServerConfig, ServerConnection,
};

/// What a server received: an [`Event`] that owns its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnedEvent {
    /// The head of a request.
    Request {
        /// The head.
        head: RequestHeadBuf,
        /// How the end of the body is found; never `UntilClose`.
        body: BodyLength,
    },
    /// The next bytes of the request's body. Never empty.
    Data(Bytes),
    /// The request is complete. It follows every request, also one without body.
    End {
        /// The trailer section of a chunked body; empty for others.
        trailers: HeadersBuf,
    },
}

/// What a server sends, each by the function of [`ServerConnection`] with that meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendResponse {
    /// [`send_informational`](ServerConnection::send_informational).
    Informational {
        /// 100, or 102 to 199.
        status: u16,
        /// The fields.
        headers: HeaderBlock,
    },
    /// [`respond`](ServerConnection::respond): a whole response.
    Whole {
        /// 200 to 999.
        status: u16,
        /// The fields, without `Content-Length`.
        headers: HeaderBlock,
        /// The body.
        body: Bytes,
    },
    /// [`respond_prepared`](ServerConnection::respond_prepared): a whole response that was made before. With a `Date`
    /// in it, make another one each second.
    Prepared(Arc<PreparedResponse>),
    /// [`send_response`](ServerConnection::send_response): a head, whose body follows.
    Head {
        /// 200 to 999.
        status: u16,
        /// The fields, without `Content-Length` and `Transfer-Encoding`.
        headers: HeaderBlock,
        /// How the body is framed.
        body: ResponseBody,
    },
    /// [`send_data`](ServerConnection::send_data).
    Data(Bytes),
    /// [`send_prechunked`](ServerConnection::send_prechunked).
    PreChunked(PreChunked),
    /// [`send_end_with_trailers`](ServerConnection::send_end_with_trailers).
    End {
        /// The trailer section; empty by default.
        trailers: HeaderBlock,
    },
    /// [`send_switching_protocols`](ServerConnection::send_switching_protocols).
    SwitchingProtocols {
        /// The fields, `Upgrade` among them.
        headers: HeaderBlock,
    },
}

/// A [`ServerConnection`] for `Framed`: [`OwnedEvent`] in, [`SendResponse`] out.
#[derive(Debug)]
pub struct ServerCodec {
    http: ServerConnection,
    buffer: Buffer,
    max_waiting: usize,
}

impl ServerCodec {
    /// A codec before the first byte of its connection.
    #[must_use]
    pub fn new(config: ServerConfig) -> Self {
        Self {
            max_waiting: config.limits.max_head,
            http: ServerConnection::new(config),
            buffer: Buffer::new(),
        }
    }

    /// The connection's state.
    #[must_use]
    pub const fn connection(&self) -> &ServerConnection {
        &self.http
    }

    /// The connection, as to close it after the response. Leave receiving and sending to
    /// `Framed`.
    pub const fn connection_mut(&mut self) -> &mut ServerConnection {
        &mut self.http
    }
}

impl Default for ServerCodec {
    fn default() -> Self {
        Self::new(ServerConfig::default())
    }
}

impl Decoder for ServerCodec {
    type Item = OwnedEvent;
    type Error = CodecError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<OwnedEvent>, CodecError> {
        let mut input = &src[..];
        let received = match self.http.receive(&mut input, &mut self.buffer) {
            Ok(Some(Event::Request { head, body })) => Received::Item(OwnedEvent::Request {
                head: head.to_owned(),
                body,
            }),
            Ok(Some(Event::End { trailers })) => Received::Item(OwnedEvent::End {
                trailers: trailers.to_owned(),
            }),
            Ok(Some(Event::Data(data))) => Received::Data(data.len()),
            Ok(Some(Event::Paused)) => {
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
        Ok(Some(received.take(src, left, OwnedEvent::Data)))
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<OwnedEvent>, CodecError> {
        if let Some(item) = self.decode(src)? {
            return Ok(Some(item));
        }
        if !src.is_empty() {
            return Ok(None);
        }
        Ok(match self.http.receive_eof()? {
            Some(Event::End { trailers }) => Some(OwnedEvent::End {
                trailers: trailers.to_owned(),
            }),
            _ => None,
        })
    }
}

impl Encoder<SendResponse> for ServerCodec {
    type Error = CodecError;

    fn encode(&mut self, item: SendResponse, out: &mut BytesMut) -> Result<(), CodecError> {
        let http = &mut self.http;
        match item {
            SendResponse::Informational { status, headers } => {
                http.send_informational(status, headers, out)?;
            }
            SendResponse::Whole {
                status,
                headers,
                body,
            } => http.respond(status, headers, &body, out)?,
            SendResponse::Prepared(response) => http.respond_prepared(&response, out)?,
            SendResponse::Head {
                status,
                headers,
                body,
            } => http.send_response(status, headers, body, out)?,
            SendResponse::Data(data) => http.send_data(&data, out)?,
            SendResponse::PreChunked(data) => out.extend_from_slice(&http.send_prechunked(&data)?),
            SendResponse::End { trailers } => http.send_end_with_trailers(trailers, out)?,
            SendResponse::SwitchingProtocols { headers } => {
                http.send_switching_protocols(headers, out)?;
            }
        }
        Ok(())
    }
}
