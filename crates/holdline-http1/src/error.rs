//! Two owners of mistakes: [`ReceiveError`] is the peer's, [`SendError`] is the caller's.

use core::fmt;

/// The peer broke a rule of HTTP/1.1.
///
/// The receiver stays in error: later input is not parsed, and every later call gives the
/// same error. A server can still answer with [`status`](Self::status) when no response has
/// started, and then must close. A client can only close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiveError {
    kind: ReceiveErrorKind,
    reader: Reader,
    at: u64,
}

/// Who reads the text of an error, and so what can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    /// A decoder alone does not know which side it serves.
    Unknown,
    Server,
    Client,
}

impl ReceiveError {
    pub(crate) const fn new(kind: ReceiveErrorKind, at: u64) -> Self {
        Self {
            kind,
            reader: Reader::Unknown,
            at,
        }
    }

    pub(crate) const fn for_server(self) -> Self {
        Self {
            reader: Reader::Server,
            ..self
        }
    }

    pub(crate) const fn for_client(self) -> Self {
        Self {
            reader: Reader::Client,
            ..self
        }
    }

    /// Which rule was broken.
    #[must_use]
    pub const fn kind(&self) -> ReceiveErrorKind {
        self.kind
    }

    /// Where: the offset in the connection's stream of the byte or field that broke the rule,
    /// counted from 0. It is the same however the stream was cut into pieces.
    #[must_use]
    pub const fn at(&self) -> u64 {
        self.at
    }

    /// The section that states the rule, as in `"RFC 9112 §6.3"`.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        self.kind.section()
    }

    /// The status code with which a server answers. A client answers nobody; for the kinds that
    /// only a client meets it is 502, which is what a gateway tells its own client
    /// (RFC 9110 §15.6.3).
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.kind.status()
    }
}

/// A rule was broken at this offset from the first byte of a head, of which it is not said where in the
/// stream it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: ReceiveErrorKind,
    pub(crate) at: usize,
}

impl Fault {
    pub(crate) const fn new(kind: ReceiveErrorKind, at: usize) -> Self {
        Self { kind, at }
    }

    /// The error, if the head begins at `head_at`.
    pub(crate) const fn error(self, head_at: u64) -> ReceiveError {
        ReceiveError::new(self.kind, head_at + self.at as u64)
    }
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, at, rfc) = (self.kind.description(), self.at, self.section());
        write!(f, "{what} at byte {at} ({rfc})")?;
        match self.reader {
            Reader::Unknown => Ok(()),
            Reader::Server => write!(f, "; answer {} and close", self.status()),
            Reader::Client => f.write_str("; close the connection"),
        }
    }
}

impl core::error::Error for ReceiveError {}

macro_rules! receive_error_kinds {
    ($($(#[$doc:meta])* $name:ident => $status:literal, $rfc:literal, $message:literal;)*) => {
        /// The rule that a peer broke: one variant for each rule.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ReceiveErrorKind {
            $(#[doc = concat!($message, ": ", $status, ", ", $rfc, ".")] $(#[$doc])* $name,)*
        }

        impl ReceiveErrorKind {
            /// Every kind, in the order of the enum.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The status code with which a server answers; 502 for the kinds that only a client
            /// meets, see [`ReceiveError::status`].
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The section that states the rule.
            #[must_use]
            pub const fn section(self) -> &'static str {
                match self { $(Self::$name => $rfc,)* }
            }

            /// The variant's own name, as in `"BareLf"`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// What was wrong, in words.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => $message,)* }
            }
        }
    };
}

receive_error_kinds! {
    // Line ends.
    BareLf => 400, "RFC 9112 §2.2", "line feed without carriage return";
    BareCr => 400, "RFC 9112 §2.2", "carriage return without line feed";
    EmptyLines => 400, "RFC 9112 §2.2", "more than one empty line before the start line";
    // The request line.
    TlsHello => 400, "RFC 9112 §2.1", "a TLS handshake instead of HTTP";
    Http2Preface => 505, "RFC 9113 §3.4", "the HTTP/2 connection preface";
    InvalidMethod => 400, "RFC 9112 §3.1", "method is no token followed by one space";
    MethodTooLong => 501, "RFC 9112 §3", "method too long";
    InvalidTarget => 400, "RFC 9112 §3.2", "byte not allowed in a request target";
    TargetTooLong => 414, "RFC 9112 §3", "request target too long";
    Http09 => 400, "RFC 9112 §3", "request line without a version";
    InvalidVersion => 400, "RFC 9112 §2.3", "malformed HTTP version";
    UnsupportedVersion => 505, "RFC 9110 §15.6.6", "HTTP major version other than 1";
    // The status line.
    InvalidStatus => 502, "RFC 9112 §4", "status code is not three digits from 100";
    InvalidReason => 502, "RFC 9112 §4", "byte not allowed in a reason phrase";
    // Field lines.
    LeadingWhitespace => 400, "RFC 9112 §2.2", "whitespace before the first field line";
    ObsFold => 400, "RFC 9112 §5.2", "folded field line";
    InvalidFieldName => 400, "RFC 9112 §5.1", "field name is no token followed by a colon";
    InvalidFieldValue => 400, "RFC 9110 §5.5", "control character in a field value";
    HeadTooLong => 431, "RFC 6585 §5", "head too long";
    TooManyFields => 431, "RFC 6585 §5", "too many field lines";
    // The target's form.
    InvalidTargetForm => 400, "RFC 9112 §3.2", "request target in none of the four forms";
    AsteriskWithoutOptions => 400, "RFC 9112 §3.2.4", "asterisk-form without OPTIONS";
    InvalidConnectTarget => 400, "RFC 9112 §3.2.3", "CONNECT target is not host:port";
    InvalidAuthority => 400, "RFC 9110 §4.2", "bad authority in an absolute-form target";
    // Host.
    MissingHost => 400, "RFC 9112 §3.2", "HTTP/1.1 request without Host";
    DuplicateHost => 400, "RFC 9112 §3.2", "more than one Host";
    InvalidHost => 400, "RFC 9112 §3.2", "bad Host value";
    HostMismatch => 400, "RFC 9112 §3.2.2", "Host differs from the authority in the target";
    // Framing.
    InvalidContentLength => 400, "RFC 9112 §6.3", "Content-Length is not one decimal number";
    DuplicateContentLength => 400, "RFC 9112 §6.3", "more than one Content-Length";
    ContentLengthWithTransferEncoding => 400, "RFC 9112 §6.3",
        "both Content-Length and Transfer-Encoding";
    TransferEncodingInHttp10 => 400, "RFC 9112 §6.1", "Transfer-Encoding in an HTTP/1.0 message";
    InvalidTransferEncoding => 400, "RFC 9112 §6.1", "malformed Transfer-Encoding";
    ChunkedNotFinal => 400, "RFC 9112 §6.3", "chunked is not once and last in Transfer-Encoding";
    UnknownTransferCoding => 400, "RFC 9112 §6.1", "unknown transfer coding";
    UnsupportedTransferCoding => 501, "RFC 9112 §6.1", "transfer coding not supported";
    BodyTooLong => 413, "RFC 9110 §15.5.14", "body too long";
    // Chunks.
    InvalidChunkSize => 400, "RFC 9112 §7.1", "chunk size is not hexadecimal digits";
    ChunkSizeTooLong => 400, "RFC 9112 §7.1", "chunk size of more than 16 digits";
    InvalidChunkExtension => 400, "RFC 9112 §7.1.1", "malformed chunk extension";
    ChunkExtensionTooLong => 400, "RFC 9112 §7.1.1", "chunk extension too long";
    ChunkExtensionsTooLong => 400, "RFC 9112 §7.1.1", "chunk extensions of one body too long";
    InvalidChunkEnd => 400, "RFC 9112 §7.1", "chunk data not followed by CRLF";
    TrailersTooLong => 431, "RFC 6585 §5", "trailer section too long";
    // The end of the stream.
    TruncatedHead => 400, "RFC 9112 §8", "connection ended inside a head";
    TruncatedBody => 400, "RFC 9112 §8", "connection ended inside a body";
    // What only a client sees.
    UnsolicitedResponse => 502, "RFC 9112 §9.2", "bytes without a request";
    UnexpectedSwitch => 502, "RFC 9110 §15.2.2", "101 without an Upgrade in the request";
    TooManyInformational => 502, "RFC 9110 §15.2", "too many informational responses";
    ConnectionEnded => 502, "RFC 9112 §9.3", "connection ended before the response";
    // Misuse that only shows when bytes arrive.
    BufferMismatch => 500, "RFC 9112 §2.2",
        "the Buffer given is not the one that holds this connection's unfinished head";
}

/// The caller asked for something that HTTP/1.1 does not allow. `out` is as it was, and so is
/// the connection: correct the call and try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendError {
    kind: SendErrorKind,
}

impl SendError {
    pub(crate) const fn new(kind: SendErrorKind) -> Self {
        Self { kind }
    }

    /// Which mistake.
    #[must_use]
    pub const fn kind(&self) -> SendErrorKind {
        self.kind
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.kind, f)
    }
}

impl core::error::Error for SendError {}

impl From<SendErrorKind> for SendError {
    fn from(kind: SendErrorKind) -> Self {
        Self::new(kind)
    }
}

/// The mistakes of a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SendErrorKind {
    /// No request waits for a response, or its response has started already.
    #[error("no request waits for a response: receive one first, and answer it once")]
    NoRequest,
    /// No message body is open: send a head first.
    #[error("no body is open for sending: send a head that announces one first")]
    NoBody,
    /// The exchange before is not finished, or the connection is closing (client).
    #[error(
        "the connection is not ready for a request: receive the response before to its end, or open another connection"
    )]
    NotReady,
    /// The status is not in the range that this call takes.
    #[error(
        "status code outside the range for this call: a final response has 200 to 999, an informational one 100 or 102 to 199"
    )]
    InvalidStatus,
    /// A field name is no token (RFC 9110 §5.1).
    #[error("field name is no token (RFC 9110 §5.1)")]
    InvalidFieldName,
    /// A field value has CR, LF, NUL or another control character (RFC 9110 §5.5).
    #[error("control character in a field value (RFC 9110 §5.5)")]
    InvalidFieldValue,
    /// `Content-Length` and `Transfer-Encoding` are written by the connection: give the length
    /// as the body argument.
    #[error(
        "Content-Length and Transfer-Encoding are written by the connection: leave them out, and tell the body's length instead"
    )]
    FramingField,
    /// This response or request cannot have a body (RFC 9110 §6.4.1): the responses 204, 205 and 304, a 2xx to CONNECT,
    /// and the requests TRACE and CONNECT.
    #[error(
        "this message cannot have a body (RFC 9110 §6.4.1): 204, 205, 304, a 2xx to CONNECT, TRACE and CONNECT have none"
    )]
    BodyNotAllowed,
    /// More body than was announced.
    #[error("more body than the announced length")]
    BodyTooLong,
    /// The body was ended before the announced length.
    #[error("body ended before the announced length")]
    BodyTooShort,
    /// Trailers need a chunked body (RFC 9112 §7.1.2).
    #[error("trailers need a chunked body (RFC 9112 §7.1.2)")]
    TrailersNotAllowed,
    /// The field is not allowed in a trailer section (RFC 9110 §6.5.1).
    #[error("field not allowed in a trailer section (RFC 9110 §6.5.1)")]
    ForbiddenTrailer,
    /// RFC 9110 §15.2: "a server MUST NOT send a 1xx response to an HTTP/1.0 client".
    #[error("no 1xx response to an HTTP/1.0 client (RFC 9110 §15.2)")]
    InformationalToHttp10,
    /// The request asked for no upgrade, or is not received to its end (RFC 9110 §7.8).
    #[error("the request offers no upgrade, or is unfinished (RFC 9110 §7.8)")]
    NotUpgradable,
    /// A 101 needs an `Upgrade` field (RFC 9110 §7.8).
    #[error("a 101 needs an Upgrade field (RFC 9110 §7.8)")]
    MissingUpgrade,
    /// The method is no token (client).
    #[error("method is no token (RFC 9110 §9.1)")]
    InvalidMethod,
    /// The target is empty, has a byte that is not allowed, or a form that does not fit the
    /// method (client).
    #[error("request target not allowed (RFC 9112 §3.2)")]
    InvalidTarget,
    /// A request needs exactly one valid `Host` (client). A target in absolute-form or
    /// authority-form gives it by itself.
    #[error("a request needs exactly one valid Host (RFC 9112 §3.2)")]
    InvalidHost,
    /// The `Host` given is not the authority in the target (client). Leave it out.
    #[error("Host differs from the authority in the target (RFC 9112 §3.2)")]
    HostMismatch,
    /// RFC 9110 §10.1.1: "A client MUST NOT generate a 100-continue expectation in a request that
    /// does not include content" (client).
    #[error("Expect: 100-continue in a request without a body (RFC 9110 §10.1.1)")]
    ExpectWithoutBody,
    /// RFC 9112 §6.1: "A client MUST NOT send a request containing Transfer-Encoding unless it knows
    /// the server will handle HTTP/1.1 requests", and the last response was one of HTTP/1.0. Send a
    /// body of [known length](crate::RequestBody::Known) (client).
    #[error(
        "no chunked request to a server that answered in HTTP/1.0 (RFC 9112 §6.1): send a body of known length"
    )]
    ChunkedToHttp10,
    /// `TE` names `chunked`, which is always acceptable and must not be listed. Leave it out.
    #[error("chunked must not be listed in TE (RFC 9112 §7.4)")]
    ChunkedInTe,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_caller_is_told_what_to_do_instead() {
        for (kind, advice) in [
            (SendErrorKind::NoRequest, "receive one first"),
            (SendErrorKind::NoBody, "send a head"),
            (SendErrorKind::NotReady, "open another connection"),
            (SendErrorKind::InvalidStatus, "200 to 999"),
            (SendErrorKind::FramingField, "leave them out"),
            (SendErrorKind::BodyNotAllowed, "a 2xx to CONNECT"),
        ] {
            let text = format!("{}", SendError::new(kind));
            assert!(text.contains(advice), "{text}");
        }
    }

    #[test]
    fn errors_say_what_where_and_what_to_do() {
        let error = ReceiveError::new(ReceiveErrorKind::BareLf, 14);
        let what = "line feed without carriage return at byte 14 (RFC 9112 §2.2)";
        assert_eq!(format!("{error}"), what);
        let server = format!("{}", error.for_server());
        assert_eq!(server, format!("{what}; answer 400 and close"));
        let client = format!("{}", error.for_client());
        assert_eq!(client, format!("{what}; close the connection"));
    }
}
