//! Heads to and from the `http` crate.

use alloc::string::ToString;
use alloc::vec::Vec;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use http::{request, response};

use crate::block::sealed::Sealed;
use crate::block::{Fields, Writer};
use crate::buffer::Buffer;
use crate::error::{ReceiveError, ReceiveErrorKind as Kind, SendError};
use crate::framing::Version;
use crate::head::{RequestHead, RequestHeadBuf, ResponseHead, ResponseHeadBuf};
use crate::header::Headers;
use crate::limits::Limits;
use crate::parse::{parse_request_head, parse_response_head};
use crate::reason;

/// Feature `http`. Lost are the case of field names and the order of fields with different
/// names; lines with one name keep their order.
///
/// ```
/// use holdline_http1::{Buffer, Limits, parse_request_head};
///
/// let bytes = b"GET /tea?sugar=no HTTP/1.1\r\nHost: example.com\r\n\r\n";
/// let mut buffer = Buffer::new();
/// let parsed = parse_request_head(bytes, &Limits::default(), &mut buffer)?.expect("complete");
/// let parts = http::request::Parts::try_from(parsed.head)?;
/// let request = http::Request::from_parts(parts, ());
/// assert_eq!(request.uri().query(), Some("sugar=no"));
/// assert_eq!(request.headers()["host"], "example.com");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// `http::Uri` takes fewer targets, as with some brackets that browsers send in paths, and
/// `HeaderMap` holds at most 24,576 names.
impl TryFrom<RequestHead<'_>> for request::Parts {
    type Error = http::Error;

    fn try_from(head: RequestHead<'_>) -> Result<Self, http::Error> {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        parts.method = Method::from_bytes(head.method().as_bytes())?;
        parts.uri = Uri::try_from(head.target())?;
        parts.version = head.version().into();
        parts.headers = map(head.headers())?;
        Ok(parts)
    }
}

/// Feature `http`. Lost are the reason phrase, the case of field names, and the order of fields
/// with different names.
///
/// # Errors
///
/// `HeaderMap` holds at most 24,576 names.
impl TryFrom<ResponseHead<'_>> for response::Parts {
    type Error = http::Error;

    fn try_from(head: ResponseHead<'_>) -> Result<Self, http::Error> {
        let (mut parts, ()) = http::Response::new(()).into_parts();
        parts.status = StatusCode::from_u16(head.status())?;
        parts.version = head.version().into();
        parts.headers = map(head.headers())?;
        Ok(parts)
    }
}

/// Feature `http`. The target is the URI as it is: absolute-form when it has a scheme. Host is
/// added from the URI when there is none. Extensions are lost.
///
/// # Errors
///
/// The head would break a rule of this crate on the wire; `at()` counts in that head. Only
/// HTTP/1.0 and 1.1 are taken.
impl TryFrom<&request::Parts> for RequestHeadBuf {
    type Error = ReceiveError;

    fn try_from(parts: &request::Parts) -> Result<Self, ReceiveError> {
        let mut bytes = Vec::new();
        for word in [parts.method.as_str(), " ", &parts.uri.to_string(), " "] {
            bytes.extend_from_slice(word.as_bytes());
        }
        bytes.extend_from_slice(version(parts.version, bytes.len())?);
        bytes.extend_from_slice(b"\r\n");
        if let (false, Some(authority)) = (
            parts.headers.contains_key(header::HOST),
            parts.uri.authority(),
        ) {
            // RFC 9110 §7.2: no userinfo in Host. The URI's own is refused in the target.
            put_line("host", authority.as_str().as_bytes(), &mut bytes);
        }
        put_fields(&parts.headers, &mut bytes);
        let mut buffer = Buffer::new();
        let parsed = parse_request_head(&bytes, &UNLIMITED, &mut buffer)?;
        let parsed = parsed.ok_or(ReceiveError::new(Kind::TruncatedHead, bytes.len() as u64))?;
        Ok(parsed.head.to_owned())
    }
}

/// Feature `http`. The reason phrase is the usual one of the status. Extensions are lost.
///
/// # Errors
///
/// The head would break a rule of this crate on the wire, judged as the answer to GET; `at()`
/// counts in that head. Only HTTP/1.0 and 1.1 are taken.
impl TryFrom<&response::Parts> for ResponseHeadBuf {
    type Error = ReceiveError;

    fn try_from(parts: &response::Parts) -> Result<Self, ReceiveError> {
        let mut bytes = version(parts.version, 0)?.to_vec();
        let status = parts.status;
        for word in [" ", status.as_str(), " ", reason::phrase(status.as_u16())] {
            bytes.extend_from_slice(word.as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        put_fields(&parts.headers, &mut bytes);
        let mut buffer = Buffer::new();
        let parsed = parse_response_head(&bytes, "GET", &UNLIMITED, &mut buffer)?;
        let parsed = parsed.ok_or(ReceiveError::new(Kind::TruncatedHead, bytes.len() as u64))?;
        Ok(parsed.head.to_owned())
    }
}

impl From<Version> for http::Version {
    fn from(version: Version) -> Self {
        match version {
            Version::Http10 => Self::HTTP_10,
            // There is no later one; it is processed as 1.1.
            Version::Http11 | Version::Http1Minor(_) => Self::HTTP_11,
        }
    }
}

impl Fields for HeaderMap {}
impl Sealed for HeaderMap {
    fn append(&self, writer: &mut Writer<'_>) -> Result<(), SendError> {
        self.iter()
            .try_for_each(|(name, value)| writer.field(name.as_str(), value.as_bytes()))
    }
}

fn map(headers: Headers<'_>) -> Result<HeaderMap, http::Error> {
    let mut map = HeaderMap::try_with_capacity(headers.len())?;
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes())?;
        map.try_append(name, HeaderValue::from_bytes(value)?)?;
    }
    Ok(map)
}

fn version(version: http::Version, at: usize) -> Result<&'static [u8], ReceiveError> {
    match version {
        http::Version::HTTP_10 => Ok(b"HTTP/1.0"),
        http::Version::HTTP_11 => Ok(b"HTTP/1.1"),
        _ => Err(ReceiveError::new(Kind::UnsupportedVersion, at as u64)),
    }
}

fn put_fields(headers: &HeaderMap, bytes: &mut Vec<u8>) {
    for (name, value) in headers {
        put_line(name.as_str(), value.as_bytes(), bytes);
    }
    bytes.extend_from_slice(b"\r\n");
}

fn put_line(name: &str, value: &[u8], bytes: &mut Vec<u8>) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        bytes.extend_from_slice(part);
    }
}

/// What the caller holds already needs no limit.
const UNLIMITED: Limits = Limits {
    max_head: usize::MAX,
    max_fields: usize::MAX,
    max_target: usize::MAX,
    max_method: usize::MAX,
    max_body: u64::MAX,
    max_chunk_extension: 0,
    max_chunk_extensions: 0,
    max_trailers: 0,
    max_informational: 0,
};
