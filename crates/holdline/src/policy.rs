//! Who may do what: origins and the publish token.

use holdline::origins::Origins;
use holdline_http1::RequestHead;

/// What the operator allows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    /// Pages that may use this server, beside its own.
    pub(crate) origins: Origins,
    /// Without it nobody publishes, if there is one.
    pub(crate) publish_token: Option<String>,
}

impl Policy {
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

/// Compares in a time that does not tell where the difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}
