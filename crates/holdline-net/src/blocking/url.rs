//! Where to connect, and what to ask for there.

use std::fmt;
use std::str::FromStr;

/// The parts of an absolute `http`, `https`, `ws` or `wss` URL that a client needs.
///
/// It is checked only as far as needed to take it apart. The fragment is dropped, but refused in `ws` and `wss`
/// (RFC 6455 §3), and a URL with a user name or password is refused.
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
    scheme: &'static str,
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

    /// The scheme: `http`, `https`, `ws` or `wss`, whatever case it was written in.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.scheme
    }

    /// Whether the connection must be TLS: `https` and `wss`.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        matches!(self.scheme, "https" | "wss")
    }

    /// The URL of an HTTP resource: `http` and `https` only.
    pub(crate) fn parse_http(text: &str) -> Result<Self, UrlError> {
        let url = Self::parse(text)?;
        match url.scheme {
            "http" | "https" => Ok(url),
            _ => Err(UrlError::NotHttp),
        }
    }

    fn parse(text: &str) -> Result<Self, UrlError> {
        // RFC 3986 §3.1: schemes are case-insensitive.
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Form)?;
        let scheme = ["http", "https", "ws", "wss"]
            .into_iter()
            .find(|known| scheme.eq_ignore_ascii_case(known))
            .ok_or(UrlError::Scheme)?;
        let rest = match rest.split_once('#') {
            // RFC 6455 §3: fragments "MUST NOT be used on these URIs"
            Some(_) if scheme.starts_with("ws") => return Err(UrlError::Fragment),
            Some((before, _)) => before,
            None => rest,
        };
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(UrlError::UserInfo);
        }
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(UrlError::Character);
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(literal) => literal.split_once(']').ok_or(UrlError::Host)?,
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        if host.is_empty() {
            return Err(UrlError::Host);
        }
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Self {
            scheme,
            authority: authority.trim_end_matches(':').to_owned(),
            host: host.to_owned(),
            port: parse_port(port, scheme)?,
            target: format!("{slash}{target}"),
        })
    }
}

/// What follows the host: nothing, or a colon and perhaps a number.
fn parse_port(text: &str, scheme: &str) -> Result<u16, UrlError> {
    match text.strip_prefix(':') {
        None if !text.is_empty() => Err(UrlError::Host),
        None | Some("") => Ok(match scheme {
            "https" | "wss" => 443,
            _ => 80,
        }),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().map_err(|_| UrlError::Port)
        }
        Some(_) => Err(UrlError::Port),
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        Self::parse(text)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.target)
    }
}

/// Why a text is no URL that can be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// There is no `://`.
    #[error("not an absolute URL of the form http://host:port/path")]
    Form,
    /// The scheme is another one.
    #[error("the URL's scheme is none of http, https, ws and wss")]
    Scheme,
    /// It is `ws` or `wss` where an event stream is to be read.
    #[error("ws and wss are for WebSockets: this URL is to have the form http://host:port/path")]
    NotHttp,
    /// It is `http` or `https` where a WebSocket is to be opened.
    #[error("the URL of a WebSocket begins with ws or wss")]
    NotWebSocket,
    /// There is a fragment in a `ws` or `wss` URL (RFC 6455 §3).
    #[error("the URL of a WebSocket has no fragment: write # as %23 where it is part of the path")]
    Fragment,
    /// There is a user name or a password before an `@` (RFC 9110 §4.2.4).
    #[error(
        "a user name or password in the URL is not sent: leave out what stands before the @, and \
         send an Authorization header field"
    )]
    UserInfo,
    /// There is no host, or something that is no port behind it.
    #[error("the URL has no host that can be connected to")]
    Host,
    /// The port is no number up to 65535.
    #[error("the URL's port is no number from 0 to 65535")]
    Port,
    /// A space, a control character, or one beyond ASCII.
    #[error("a character of the URL must be percent-encoded")]
    Character,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        for (text, authority, host, port, target) in [
            ("http://a", "a", "a", 80, "/"),
            ("HTTPS://a.example?x", "a.example", "a.example", 443, "/?x"),
            (
                "http://127.0.0.1:80/a/b?c/d#e",
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
    fn a_websocket_url_stays_one() {
        for (text, shown, secure) in [
            ("ws://a/b", "ws://a/b", false),
            ("WSS://a", "wss://a/", true),
            ("http://a", "http://a/", false),
            ("https://a", "https://a/", true),
        ] {
            let url: Url = text.parse().unwrap();
            assert_eq!((url.to_string().as_str(), url.is_secure()), (shown, secure));
            assert_eq!(
                Url::parse_http(text).is_ok(),
                url.scheme().starts_with("http")
            );
        }
    }

    #[test]
    fn a_fragment_in_a_websocket_url_is_refused() {
        for text in ["ws://a/#b", "WSS://a/b?c#", "ws://a#b"] {
            assert_eq!(text.parse::<Url>(), Err(UrlError::Fragment), "{text}");
        }
        let url: Url = "ws://a/%23b".parse().unwrap();
        assert_eq!(url.target(), "/%23b");
    }

    #[test]
    fn a_password_in_a_url_is_named_as_what_is_wrong() {
        let error = "http://user:pw@host/".parse::<Url>().unwrap_err();
        assert!(error.to_string().contains("password"), "{error}");
        assert!("http://host/@".parse::<Url>().is_ok());
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
