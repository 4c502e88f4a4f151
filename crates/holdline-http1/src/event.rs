//! What a receiver tells its caller.

use crate::framing::BodyLength;
use crate::head::{RequestHead, ResponseHead};
use crate::header::Headers;

/// What a server received.
///
/// One request is always `Request`, then `Data` as often as its body has it, then `End`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'b> {
    /// The head of a request.
    Request {
        /// The head.
        head: RequestHead<'b>,
        /// How the end of the body is found; never `UntilClose`.
        body: BodyLength,
    },
    /// The next bytes of the request's body. Never empty.
    Data(&'b [u8]),
    /// The request is complete. It follows every request, also one without body.
    End {
        /// The trailer section of a chunked body; empty for others. Trailer fields are not
        /// header fields: merge none of them unasked (RFC 9110 §6.5.1).
        trailers: Headers<'b>,
    },
    /// The input is not empty and stays untouched: the response to the current request is not
    /// finished, or the connection will be closed, or has switched to another protocol. Keep
    /// the bytes, stop reading, and call again when the response is finished. Until then every
    /// call gives this again: leave the loop.
    Paused,
}

/// What a client received.
///
/// One exchange is any number of `Informational`, then `Response`, then `Data` as often as the
/// body has it, then `End`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseEvent<'b> {
    /// A 1xx response other than 101. The final one is still to come.
    Informational(ResponseHead<'b>),
    /// The head of the final response, or of a 101.
    Response {
        /// The head.
        head: ResponseHead<'b>,
        /// How the end of the body is found.
        body: BodyLength,
    },
    /// The next bytes of the response's body. Never empty.
    Data(&'b [u8]),
    /// The response is complete.
    End {
        /// The trailer section of a chunked body; empty for others.
        trailers: Headers<'b>,
    },
    /// The input is not empty and stays untouched: the connection will be closed or has
    /// switched to another protocol, whose bytes these are. Every call gives this again: leave
    /// the loop.
    Paused,
}
