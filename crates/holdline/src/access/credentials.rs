//! The token shown by a request.

use holdline_http1::RequestHead;

use crate::query::Query;
use crate::reply::Reply;

/// At most one: `Authorization` takes precedence over the query. Even if it is wrong, the query is not tried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shown<'r> {
    Token(&'r [u8]),
    /// No token, or credentials of another kind.
    Nothing,
}

impl<'r> Shown<'r> {
    pub(super) fn of(head: &RequestHead<'r>, query: &'r Query<'_>) -> Result<Self, Reply> {
        let mut fields = head.headers().get_all("authorization");
        let Some(credentials) = fields.next() else {
            return Ok(match query.value("token") {
                Some(token) => Self::Token(token.as_bytes()),
                None => Self::Nothing,
            });
        };
        if fields.next().is_some() {
            let message = "Authorization is repeated: a request shows one token";
            return Err(Reply::error(400, "repeated_token", message));
        }
        let (scheme, token) = match credentials.iter().position(|&byte| byte == b' ') {
            Some(at) => credentials.split_at(at),
            None => return Ok(Self::Nothing),
        };
        Ok(match scheme.eq_ignore_ascii_case(b"bearer") {
            true => Self::Token(token.trim_ascii()),
            false => Self::Nothing,
        })
    }
}
