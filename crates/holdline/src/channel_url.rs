//! The URL of a channel, as people type it for `publish` and `subscribe`.

use std::fmt;
use std::str::FromStr;

use holdline_net::blocking::Url;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// `http://host[:port]/channels/NAMES`. The scheme may be left out, a trailing slash is allowed, and names need not
/// be percent-encoded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ChannelUrl {
    url: Url,
    /// The path without a trailing slash.
    path: String,
}

impl ChannelUrl {
    /// Where to connect.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// The channel's name, or several joined by commas.
    pub(crate) fn names(&self) -> String {
        let encoded = self.path.rsplit('/').next().unwrap_or_default();
        let names = percent_decode_str(encoded).decode_utf8_lossy();
        names.into_owned()
    }

    /// The request target of the channel itself, or of one of its transports.
    pub(crate) fn target(&self, segment: Option<&str>, query: &[(&str, &str)]) -> String {
        let mut target = self.path.clone();
        if let Some(segment) = segment {
            target.push('/');
            target.push_str(segment);
        }
        let mut separator = '?';
        for (name, value) in query {
            let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            target.push(separator);
            target.push_str(&format!("{name}={value}"));
            separator = '&';
        }
        target
    }
}

impl FromStr for ChannelUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let scheme = if text.contains("://") { "" } else { "http://" };
        let encoded = utf8_percent_encode(text, UNSAFE);
        let url: Url = format!("{scheme}{encoded}").parse().map_err(|_| FORM)?;
        if url.is_secure() {
            return Err("TLS is not built in: connect to the server behind the proxy".to_owned());
        }
        let path = url.target();
        let path = path.strip_suffix('/').unwrap_or(path);
        if url.scheme() != "http" {
            return Err(FORM.to_owned());
        }
        let (before, names) = path.rsplit_once('/').ok_or(FORM)?;
        if !before.ends_with("/channels") || names.is_empty() || names.contains('?') {
            return Err(FORM.to_owned());
        }
        let path = path.to_owned();
        Ok(Self { url, path })
    }
}

impl fmt::Display for ChannelUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.url.authority(), self.path)
    }
}

const FORM: &str = "it has the form http://HOST:PORT/channels/NAME";

/// Characters that are not allowed in a URL and have no meaning there.
const UNSAFE: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_may_be_left_out_and_a_slash_may_follow() {
        for text in [
            "http://127.0.0.1:8080/channels/a",
            "127.0.0.1:8080/channels/a",
            "HTTP://127.0.0.1:8080/channels/a/",
        ] {
            let url: ChannelUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), "http://127.0.0.1:8080/channels/a");
            assert_eq!(url.target(None, &[]), "/channels/a");
            let target = url.target(Some("sse"), &[("format", "json"), ("since", "a&b")]);
            assert_eq!(target, "/channels/a/sse?format=json&since=a%26b");
        }
        let url: ChannelUrl = "localhost/push/channels/café,b c".parse().unwrap();
        assert_eq!(url.names(), "café,b c");
        assert_eq!(url.target(None, &[]), "/push/channels/caf%C3%A9,b%20c");
        assert_eq!(url.url().port(), 80);
    }

    #[test]
    fn other_urls_are_refused() {
        for text in [
            "",
            "localhost",
            "localhost/channels",
            "localhost/channels/",
            "localhost/channels/a/sse",
            "localhost/channels/a?since=b",
            "https://localhost/channels/a",
            "ftp://localhost/channels/a",
            "ws://localhost/channels/a",
        ] {
            assert!(text.parse::<ChannelUrl>().is_err(), "{text}");
        }
    }
}
