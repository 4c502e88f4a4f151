//! Who may do what: origins and the publish token.

use holdline_http1::RequestHead;

/// What the operator allows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    /// Origins whose pages may use this server, beside its own. `*` allows all.
    pub(crate) allow_origins: Vec<String>,
    /// Without it nobody publishes, if there is one.
    pub(crate) publish_token: Option<String>,
}

/// Where a request comes from, by its `Origin` field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Origin<'a> {
    /// No `Origin`: no browser, or a plain GET of one.
    None,
    /// The server's own pages, or an origin that the operator allows.
    Allowed(&'a str),
    /// Any other, `null` among them.
    Foreign,
}

impl Policy {
    /// Judges the `Origin` field of a request.
    pub(crate) fn origin<'a>(&self, head: &RequestHead<'a>) -> Origin<'a> {
        let Some(value) = head.headers().get("origin") else {
            return Origin::None;
        };
        let Ok(origin) = std::str::from_utf8(value) else {
            return Origin::Foreign;
        };
        // A sandboxed frame or a local file: it could be anyone's, so not even `*` means it.
        if origin == "null" {
            return Origin::Foreign;
        }
        let listed = |allowed: &String| allowed == "*" || allowed.eq_ignore_ascii_case(origin);
        if self.allow_origins.iter().any(listed) || is_own(origin, head) {
            Origin::Allowed(origin)
        } else {
            Origin::Foreign
        }
    }

    /// Whether a request may publish: there is no token, or it shows it, as
    /// `Authorization: Bearer TOKEN` or, since a page cannot set header fields of a WebSocket, as
    /// `token=TOKEN` in the query.
    pub(crate) fn may_publish(&self, head: &RequestHead<'_>, query_token: Option<&str>) -> bool {
        let Some(token) = &self.publish_token else {
            return true;
        };
        let shown = match head.headers().get_str("authorization") {
            Some(credentials) => match credentials.split_once(' ') {
                Some((scheme, shown)) if scheme.eq_ignore_ascii_case("bearer") => shown.trim(),
                _ => return false,
            },
            None => query_token.unwrap_or_default(),
        };
        same(token.as_bytes(), shown.as_bytes())
    }
}

/// Whether an origin is that of the server's own pages: it has the host and port that the request
/// was sent to. The scheme is left out, since a proxy in front may speak TLS.
fn is_own(origin: &str, head: &RequestHead<'_>) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let default_port = if scheme.eq_ignore_ascii_case("https") {
        ":443"
    } else {
        ":80"
    };
    let bare = |text: &'_ str| {
        text.strip_suffix(default_port)
            .unwrap_or(text)
            .to_ascii_lowercase()
    };
    head.host()
        .is_some_and(|host| bare(host) == bare(authority))
}

/// Compares in a time that does not tell where the difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}
