//! The token shown by a request.

use holdline::origins::Origin;
use holdline_http1::RequestHead;

use crate::query::Query;
use crate::reply::Reply;

/// At most one: `Authorization: Bearer` takes precedence over the query, and the query over a cookie. Even if it is wrong,
/// the next one is not tried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shown<'r> {
    Header(&'r [u8]),
    Query(&'r [u8]),
    Cookie(&'r [u8]),
    /// No token, or credentials of another kind, as a proxy in front may ask for.
    Nothing,
}

impl<'r> Shown<'r> {
    /// What the client shows on purpose.
    pub(super) fn of(head: &RequestHead<'r>, query: &'r Query<'_>) -> Result<Self, Reply> {
        if let Some(token) = bearer(head)? {
            return Ok(Self::Header(token));
        }
        Ok(match query.value("token") {
            Some(token) => Self::Query(token.as_bytes()),
            None => Self::Nothing,
        })
    }

    /// What its browser shows for it, whichever page asks.
    pub(super) fn cookie(head: &RequestHead<'r>) -> Result<Self, Reply> {
        for name in COOKIES {
            let mut found = cookies(head).filter(|(key, _)| *key == name);
            match (found.next(), found.next()) {
                (Some((_, token)), None) => return Ok(Self::Cookie(token)),
                // One of them may be from a neighbour: a host below may set cookies for a whole domain.
                (Some(_), Some(_)) => return Err(repeated("a cookie with a token")),
                (None, _) => {}
            }
        }
        Ok(Self::Nothing)
    }
}

/// Whether a page of `origin` may have its browser's cookie taken for a token.
pub(super) fn may_show_cookie(head: &RequestHead<'_>, origin: Origin<'_>) -> bool {
    let mut sites = head.headers().get_all("sec-fetch-site");
    let is_ours = matches!(origin, Origin::None | Origin::Own(_) | Origin::Named(_));
    is_ours && sites.all(|site| matches!(site, b"same-origin" | b"none"))
}

/// The token of `Authorization: Bearer TOKEN`. A field that is empty is a token that is.
fn bearer<'r>(head: &RequestHead<'r>) -> Result<Option<&'r [u8]>, Reply> {
    let mut fields = head.headers().get_all("authorization");
    let Some(credentials) = fields.next() else {
        return Ok(None);
    };
    if fields.next().is_some() {
        return Err(repeated("Authorization"));
    }
    let end = credentials.iter().position(|&byte| byte == b' ');
    let (scheme, token) = credentials.split_at(end.unwrap_or(credentials.len()));
    let is_token = scheme.is_empty() || scheme.eq_ignore_ascii_case(b"bearer");
    Ok(is_token.then(|| token.trim_ascii()))
}

/// The cookies of a request (RFC 6265 §5.4), each with its name.
fn cookies<'r>(head: &RequestHead<'r>) -> impl Iterator<Item = (&'r [u8], &'r [u8])> {
    let fields = head.headers().get_all("cookie");
    let pairs = fields.flat_map(|field| field.split(|&byte| byte == b';'));
    pairs.filter_map(|pair| {
        let at = pair.iter().position(|&byte| byte == b'=')?;
        Some((pair[..at].trim_ascii(), pair[at + 1..].trim_ascii()))
    })
}

fn repeated(what: &str) -> Reply {
    let message = format!("{what} is repeated: a request shows one token");
    Reply::error(400, "repeated_token", &message)
}

/// A browser takes the first one only from the very host, over TLS (RFC 6265bis §4.1.3.2).
const COOKIES: [&[u8]; 2] = [b"__Host-holdline_token", b"holdline_token"];
