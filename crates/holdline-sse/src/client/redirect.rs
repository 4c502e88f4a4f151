//! Redirects, as far as an event source needs them (Fetch §4.4, RFC 3986 §5).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Config, Reason};

/// Where redirects have led the present attempt.
#[derive(Clone, Debug, Default)]
pub(super) struct Redirects {
    url: Option<String>,
    count: u32,
    became_get: bool,
    crossed_origins: bool,
}

impl Redirects {
    pub(super) fn url<'s>(&'s self, config: &'s Config) -> &'s str {
        self.url.as_deref().unwrap_or(&config.url)
    }

    pub(super) const fn became_get(&self) -> bool {
        self.became_get
    }

    /// Whether a header field of the caller's is still sent.
    pub(super) fn keeps(&self, name: &str) -> bool {
        let is = |names: &[&str]| names.iter().any(|other| name.eq_ignore_ascii_case(other));
        let secret = ["authorization", "cookie", "proxy-authorization"];
        let of_body = [
            "content-encoding",
            "content-language",
            "content-length",
            "content-location",
            "content-type",
            "transfer-encoding",
        ];
        let drops = self.crossed_origins && is(&secret) || self.became_get && is(&of_body);
        !drops
    }

    pub(super) fn follow(
        &mut self,
        config: &Config,
        status: u16,
        location: Option<&[u8]>,
    ) -> Result<(), Reason> {
        if self.count >= config.max_redirects {
            return Err(Reason::TooManyRedirects);
        }
        let base = self.url(config);
        let url = location.and_then(|location| resolve(base, location));
        let url = url.ok_or(Reason::Location)?;
        let crosses = !same_origin(base, &url);
        self.count += 1;
        self.crossed_origins |= crosses;
        let method = config.method.as_str();
        self.became_get |= match status {
            301 | 302 => method == "POST",
            303 => method != "GET" && method != "HEAD",
            _ => false,
        };
        self.url = Some(url);
        Ok(())
    }
}

/// The URL that `location` means in a response from `base`. `None` when it is no `http` or `https`
/// URL, or has a user name, or characters that no request may contain. Another host must be
/// written as it goes over the wire: an international name in its ASCII form.
fn resolve(base: &str, location: &[u8]) -> Option<String> {
    let location = core::str::from_utf8(location.trim_ascii()).ok()?;
    let forbidden = |byte| byte <= b' ' || byte == 0x7f || byte == b'\\';
    if location.bytes().any(forbidden) {
        return None;
    }
    let location = before(location, '#');
    let base = Url::parse(before(base, '#'))?;
    let origin = format!("{}://{}", base.scheme, base.authority);
    let url = if has_scheme(location) {
        location.into()
    } else if location.starts_with("//") {
        format!("{}:{location}", base.scheme)
    } else if location.starts_with('/') {
        format!("{origin}{location}")
    } else if location.is_empty() {
        format!("{origin}{}{}", base.path, base.query)
    } else if location.starts_with('?') {
        format!("{origin}{}{location}", base.path)
    } else {
        let folder = base.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{origin}{folder}/{location}")
    };
    let url = Url::parse(&url)?;
    let is_sendable = url.authority == base.authority || url.authority.bytes().all(is_authority);
    is_sendable.then(|| url.normalised())
}

/// RFC 3986 §3.2, without the user information.
fn is_authority(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(&byte)
}

/// The parts of an absolute URL without fragment.
#[derive(Debug)]
struct Url<'u> {
    scheme: &'static str,
    authority: &'u str,
    /// Empty, or begins with `/`.
    path: &'u str,
    /// Empty, or begins with `?`.
    query: &'u str,
}

impl<'u> Url<'u> {
    fn parse(url: &'u str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let scheme = ["http", "https"]
            .into_iter()
            .find(|known| scheme.eq_ignore_ascii_case(known))?;
        let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.is_empty() || authority.contains('@') {
            return None;
        }
        let (path, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
        Some(Self {
            scheme,
            authority,
            path,
            query,
        })
    }

    /// With a path, without dot segments (RFC 3986 §5.2.4), in ASCII.
    fn normalised(&self) -> String {
        let mut segments = Vec::new();
        let mut ends_with_slash = true;
        for segment in self.path.split('/').skip(1) {
            ends_with_slash = matches!(segment, "." | "..");
            match segment {
                "." => {}
                ".." => {
                    segments.pop();
                }
                segment => segments.push(segment),
            }
        }
        let mut path = String::new();
        for segment in &segments {
            path.push('/');
            path.push_str(segment);
        }
        if ends_with_slash {
            path.push('/');
        }
        let mut url = format!("{}://{}", self.scheme, self.authority);
        for byte in path.bytes().chain(self.query.bytes()) {
            if byte.is_ascii() {
                url.push(char::from(byte));
            } else {
                url.push_str(&format!("%{byte:02X}"));
            }
        }
        url
    }

    /// The host and port, without the port if it is the scheme's own.
    fn host(&self) -> &'u str {
        let default = if self.scheme == "http" { ":80" } else { ":443" };
        self.authority
            .strip_suffix(default)
            .unwrap_or(self.authority)
    }
}

fn same_origin(one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (Url::parse(one), Url::parse(other)) else {
        return false;
    };
    one.scheme == other.scheme && one.host().eq_ignore_ascii_case(other.host())
}

/// RFC 3986 §3.1: a letter, then letters, digits, `+`, `-` and `.`, up to a colon.
fn has_scheme(reference: &str) -> bool {
    let Some((scheme, _)) = reference.split_once(':') else {
        return false;
    };
    let is_rest = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(is_rest)
}

fn before(text: &str, end: char) -> &str {
    text.split_once(end).map_or(text, |(before, _)| before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_resolved_against_the_present_url() {
        let base = "http://host:8080/a/b?q#f";
        for (location, url) in [
            ("http://other/x", "http://other/x"),
            ("HTTPS://other", "https://other/"),
            ("//other/x?y", "http://other/x?y"),
            ("//other?y", "http://other/?y"),
            ("/x", "http://host:8080/x"),
            ("x", "http://host:8080/a/x"),
            ("x/", "http://host:8080/a/x/"),
            ("../x", "http://host:8080/x"),
            ("../../../x/./y", "http://host:8080/x/y"),
            ("/x/..", "http://host:8080/"),
            ("/x/.", "http://host:8080/x/"),
            (".", "http://host:8080/a/"),
            ("?y", "http://host:8080/a/b?y"),
            ("#g", "http://host:8080/a/b?q"),
            ("", "http://host:8080/a/b?q"),
            (" /x ", "http://host:8080/x"),
            ("/x?to=http://y/../z", "http://host:8080/x?to=http://y/../z"),
            ("/\u{e9}?\u{e9}", "http://host:8080/%C3%A9?%C3%A9"),
        ] {
            assert_eq!(
                resolve(base, location.as_bytes()).as_deref(),
                Some(url),
                "{location}"
            );
        }
    }

    #[test]
    fn what_is_no_http_url_is_refused() {
        for location in [
            "ftp://host/",
            "data:text/plain,x",
            "http:/x",
            "http:",
            "http://",
            "http:///x",
            "http://user@host/",
            "/a b",
            "/a\r\nb",
            "/\0",
            "/a\\b",
            "//\u{e9}/",
            "//\u{feff}host/",
            "//a<b/",
        ] {
            assert_eq!(
                resolve("http://host/", location.as_bytes()),
                None,
                "{location}"
            );
        }
        assert_eq!(resolve("http://host/", b"/\xff"), None);
        assert_eq!(resolve("host/", b"/x"), None);
        // The caller chose its own host and may write it as it likes.
        let own = resolve("http://\u{e9}/a", b"b");
        assert_eq!(own.as_deref(), Some("http://\u{e9}/b"));
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert!(same_origin("http://host/a", "http://HOST:80/b?c"));
        assert!(same_origin("https://host:443", "https://host/"));
        assert!(!same_origin("http://host/", "https://host/"));
        assert!(!same_origin("http://host/", "http://host:8080/"));
        assert!(!same_origin("http://host/", "http://host.other/"));
    }
}
