//! Where to connect, and what to ask for there.

use std::fmt;
use std::str::FromStr;

/// The parts of an absolute `http`, `https`, `ws` or `wss` URL that a client needs.
///
/// It is checked only as far as needed to take it apart. The fragment is dropped, and a URL with a
/// user name or password is refused.
///
/// ```
/// use holdline_net::blocking::Url;
///
/// let url: Url = "http://localhost:8080/channels/demo/sse?since=earliest#top".parse()?;
/// assert_eq!((url.host(), url.port()), ("localhost", 8080));
/// assert_eq!(url.authority(), "localhost:8080");
/// assert_eq!(url.target(), "/channels/demo/sse?since=earliest");
/// # Ok::<(), holdline_net::blocking::UrlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    secure: bool,
    authority: String,
    host: String,
    port: u16,
    target: String,
}

impl Url {
    /// The host's name or address. An IPv6 address is without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, 80 or 443 when none is given.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port as they are written: the value of `Host` (RFC 9110 §7.2).
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Path and query: the request target (RFC 9112 §3.2.1). It begins with `/`.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Whether the connection must be TLS: `https` and `wss`.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    fn parse(text: &str) -> Option<Self> {
        // RFC 3986 §3.1: schemes are case-insensitive.
        let (scheme, rest) = text.split_once("://")?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" | "ws" => false,
            "https" | "wss" => true,
            _ => return None,
        };
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) || authority.contains('@') {
            return None;
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(literal) => literal.split_once(']')?,
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => "",
            None => return None,
            Some(digits) => digits,
        };
        let port = match port {
            "" if secure => 443,
            "" => 80,
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
            _ => return None,
        };
        let slash = if target.starts_with('/') { "" } else { "/" };
        (!host.is_empty()).then(|| Self {
            secure,
            authority: authority.trim_end_matches(':').to_owned(),
            host: host.to_owned(),
            port,
            target: format!("{slash}{target}"),
        })
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        Self::parse(text).ok_or(UrlError(()))
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.target)
    }
}

/// The text is no URL that can be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an absolute URL of the form http://host:port/path")]
pub struct UrlError(());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        for (text, authority, host, port, target) in [
            ("http://a", "a", "a", 80, "/"),
            ("HTTPS://a.example?x", "a.example", "a.example", 443, "/?x"),
            (
                "ws://127.0.0.1:80/a/b?c/d#e",
                "127.0.0.1:80",
                "127.0.0.1",
                80,
                "/a/b?c/d",
            ),
            ("http://[::1]:8080/", "[::1]:8080", "::1", 8080, "/"),
            ("http://[::1]", "[::1]", "::1", 80, "/"),
            ("http://a:/x", "a", "a", 80, "/x"),
        ] {
            let url: Url = text.parse().unwrap();
            assert_eq!(url.authority(), authority, "{text}");
            assert_eq!((url.host(), url.port()), (host, port), "{text}");
            assert_eq!(url.target(), target, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_connected_to_is_refused() {
        for text in [
            "",
            "a",
            "/a",
            "ftp://a/",
            "http:///a",
            "http://:80/",
            "http://a:b/",
            "http://a:65536/",
            "http://a:+1/",
            "http://[::1/",
            "http://[::1]x/",
            "http://u:p@a/",
            "http://a/ b",
            "http://a/\r\nX: y",
            "http://ä/",
        ] {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
    }
}
