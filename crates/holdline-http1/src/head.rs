//! The heads of requests and responses, as views of the bytes that arrived.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::framing::Version;
use crate::header::{Headers, HeadersBuf, Text};
use crate::wire::field::list;

pub(crate) mod judge;

/// The head of a request: its request line and field lines, as they were sent.
///
/// It was checked whole: syntax, target form, Host and framing. Which methods exist, and what
/// they mean, is for the application.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestHead<'b> {
    pub(crate) line: Line<&'b str>,
    pub(crate) headers: Headers<'b>,
}

impl<'b> RequestHead<'b> {
    /// The method: a token, case kept (RFC 9110 §9.1: "The method token is case-sensitive").
    #[must_use]
    pub const fn method(&self) -> &'b str {
        self.line.method
    }

    /// The request target as it was sent (RFC 9112 §3.2).
    #[must_use]
    pub const fn target(&self) -> &'b str {
        self.line.target
    }

    /// The target's path, without the query, not decoded. `"*"` in asterisk-form, empty in
    /// authority-form, `"/"` in absolute-form without a path.
    #[must_use]
    pub fn path(&self) -> &'b str {
        let rest = self.after_authority();
        let path = rest.split_once('?').map_or(rest, |(path, _)| path);
        match path {
            "" if self.line.authority_end > 0 && self.line.method != "CONNECT" => "/",
            _ => path,
        }
    }

    /// The target's query: what follows the first `?`, not decoded.
    #[must_use]
    pub fn query(&self) -> Option<&'b str> {
        Some(self.after_authority().split_once('?')?.1)
    }

    /// The authority in the target, in absolute-form and authority-form.
    #[must_use]
    pub fn authority(&self) -> Option<&'b str> {
        let line = &self.line;
        let range = line.authority_start as usize..line.authority_end as usize;
        line.target.get(range).filter(|text| !text.is_empty())
    }

    /// The host that is asked, perhaps with a port: the target's authority, else the value of
    /// Host. None only in HTTP/1.0.
    ///
    /// Judge by this, never by the field: an origin server that receives an absolute-form target
    /// "MUST ignore the received Host header field (if any)" (RFC 9112 §3.2.2). A difference is
    /// refused with [`refuse_host_mismatch`](crate::ServerConfig::refuse_host_mismatch).
    #[must_use]
    pub fn host(&self) -> Option<&'b str> {
        self.authority().or_else(|| self.headers.get_str("host"))
    }

    /// The version that the client wrote.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.line.version
    }

    /// The field lines.
    #[must_use]
    pub const fn headers(&self) -> Headers<'b> {
        self.headers
    }

    /// Whether the client offers to go on in this protocol, as in `"websocket"`
    /// (RFC 9110 §7.8): HTTP/1.1, `Connection` lists `upgrade`, `Upgrade` lists the protocol.
    #[must_use]
    pub fn is_upgrade(&self, protocol: &str) -> bool {
        self.line.upgrade
            && self
                .headers
                .get_all("upgrade")
                .flat_map(list)
                .any(|offer| offer.eq_ignore_ascii_case(protocol.as_bytes()))
    }

    /// Whether the client waits for a 100 before it sends the body (RFC 9110 §10.1.1).
    ///
    /// [`poll_transmit`](crate::ServerConnection::poll_transmit) answers it.
    #[must_use]
    pub const fn expects_continue(&self) -> bool {
        self.line.expects_continue
    }

    /// Whether the client lets the connection stay open after this exchange (RFC 9112 §9.3).
    #[must_use]
    pub const fn is_keep_alive(&self) -> bool {
        self.line.keep_alive
    }

    /// A copy that owns its bytes.
    #[must_use]
    pub fn to_owned(&self) -> RequestHeadBuf {
        let line = self.line;
        RequestHeadBuf {
            line: Line {
                method: String::from(line.method),
                target: String::from(line.target),
                ..line.without_text()
            },
            headers: self.headers.to_owned(),
        }
    }

    fn after_authority(&self) -> &'b str {
        let line = &self.line;
        line.target
            .get(line.authority_end as usize..)
            .unwrap_or_default()
    }
}

impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", &self.line.method)
            .field("target", &self.line.target)
            .field("version", &self.line.version)
            .field("headers", &self.headers)
            .finish()
    }
}

/// A [`RequestHead`] that owns its bytes.
#[derive(Clone)]
pub struct RequestHeadBuf {
    line: Line<String>,
    headers: HeadersBuf,
}

impl RequestHeadBuf {
    /// The head, as [`RequestHead`] shows it.
    #[must_use]
    pub fn as_ref(&self) -> RequestHead<'_> {
        RequestHead {
            line: Line {
                method: &*self.line.method,
                target: &*self.line.target,
                ..self.line.without_text()
            },
            headers: self.headers.as_ref(),
        }
    }
}

impl fmt::Debug for RequestHeadBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_ref(), f)
    }
}

impl PartialEq for RequestHeadBuf {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Eq for RequestHeadBuf {}

/// The head of a response: its status line and field lines, as they were sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ResponseHead<'b> {
    pub(crate) status: u16,
    pub(crate) version: Version,
    pub(crate) keep_alive: bool,
    pub(crate) reason: &'b [u8],
    pub(crate) headers: Headers<'b>,
}

impl<'b> ResponseHead<'b> {
    /// The status code, 100 to 999.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The reason phrase: bytes, often empty. RFC 9112 §4: "A client SHOULD ignore" it.
    #[must_use]
    pub const fn reason(&self) -> &'b [u8] {
        self.reason
    }

    /// The version that the server wrote.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The field lines.
    #[must_use]
    pub const fn headers(&self) -> Headers<'b> {
        self.headers
    }

    /// Whether the server lets the connection stay open after this exchange (RFC 9112 §9.3). False
    /// also for a head that only a lenient client takes.
    #[must_use]
    pub const fn is_keep_alive(&self) -> bool {
        self.keep_alive
    }

    /// A copy that owns its bytes.
    #[must_use]
    pub fn to_owned(&self) -> ResponseHeadBuf {
        ResponseHeadBuf {
            status: self.status,
            version: self.version,
            keep_alive: self.keep_alive,
            reason: self.reason.to_vec(),
            headers: self.headers.to_owned(),
        }
    }
}

impl fmt::Debug for ResponseHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseHead")
            .field("status", &self.status)
            .field("reason", &Text(self.reason))
            .field("version", &self.version)
            .field("headers", &self.headers)
            .finish()
    }
}

/// A [`ResponseHead`] that owns its bytes.
#[derive(Clone)]
pub struct ResponseHeadBuf {
    status: u16,
    version: Version,
    keep_alive: bool,
    reason: Vec<u8>,
    headers: HeadersBuf,
}

impl ResponseHeadBuf {
    /// The head, as [`ResponseHead`] shows it.
    #[must_use]
    pub fn as_ref(&self) -> ResponseHead<'_> {
        ResponseHead {
            status: self.status,
            version: self.version,
            keep_alive: self.keep_alive,
            reason: &self.reason,
            headers: self.headers.as_ref(),
        }
    }
}

impl fmt::Debug for ResponseHeadBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_ref(), f)
    }
}

impl PartialEq for ResponseHeadBuf {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Eq for ResponseHeadBuf {}

/// The request line and what the fields say about the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<T> {
    pub(crate) method: T,
    pub(crate) target: T,
    pub(crate) version: Version,
    /// Where the authority stands in the target. Both 0 when there is none.
    pub(crate) authority_start: u32,
    pub(crate) authority_end: u32,
    pub(crate) keep_alive: bool,
    pub(crate) upgrade: bool,
    pub(crate) expects_continue: bool,
}

impl<T> Line<T> {
    /// The same with other texts to be filled in.
    fn without_text<U: Default>(&self) -> Line<U> {
        Line {
            method: U::default(),
            target: U::default(),
            version: self.version,
            authority_start: self.authority_start,
            authority_end: self.authority_end,
            keep_alive: self.keep_alive,
            upgrade: self.upgrade,
            expects_continue: self.expects_continue,
        }
    }
}
