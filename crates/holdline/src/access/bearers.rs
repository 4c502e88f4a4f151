//! The tokens that are asked for, and what a request may do by the one that it shows.

use holdline::origins::Origin;
use holdline_http1::RequestHead;

use super::clock::now;
use super::credentials::{Shown, may_show_cookie};
use super::lack::bad_token;
use super::patterns::Patterns;
use super::rights::Rights;
use super::secret::Secret;
use super::tokens::Tokens;
use crate::config::{AccessArguments, SecretSource};
use crate::query::Query;
use crate::reply::Reply;
use crate::request::Resource;

/// Who may do what.
#[derive(Debug)]
pub(super) struct Bearers {
    /// Without it nobody publishes, if there is one and no tokens.
    publish_token: Option<Secret>,
    /// Without one of these there is next to nothing, if there are any.
    tokens: Option<Tokens>,
    /// What may be read without one.
    anonymous: Patterns,
    everything: Rights,
    without_publish_token: Rights,
    publisher: Rights,
    nobody: Rights,
}

impl Bearers {
    pub(super) fn new(arguments: &AccessArguments) -> Result<Self, String> {
        let publish_token = arguments.publish_token.as_ref();
        let publish_token = publish_token.map(SecretSource::read).transpose()?;
        let given = &arguments.tokens;
        let keys = given.keys()?;
        let tokens = match keys.is_empty() {
            true => None,
            false => Some(Tokens::new(keys, given.token_audience.as_deref())?),
        };
        let anonymous = Patterns::new(given.anonymous_subscribe.iter().cloned())?;
        Ok(Self {
            publish_token: publish_token.as_deref().map(Secret::new).transpose()?,
            tokens,
            everything: Rights::everything(),
            without_publish_token: Rights::without_publish_token(),
            publisher: Rights::of_publish_token(anonymous.clone()),
            nobody: Rights::of_nobody(anonymous.clone()),
            anonymous,
        })
    }

    /// Whether tokens are needed for everything about channels.
    pub(super) fn has_tokens(&self) -> bool {
        self.tokens.is_some()
    }

    pub(super) fn rights(
        &self,
        head: &RequestHead<'_>,
        query: &Query<'_>,
        resource: &Resource<'_>,
        origin: Origin<'_>,
    ) -> Result<Rights, Reply> {
        let is_open = self.tokens.is_none() && self.publish_token.is_none();
        if is_open || !resource.needs_rights() {
            return Ok(self.everything.clone());
        }
        let mut shown = Shown::of(head, query)?;
        if self.has_tokens() && shown == Shown::Nothing && !resource.is_embedded() {
            shown = Shown::cookie(head)?;
        }
        if let Shown::Cookie(_) = shown
            && !may_show_cookie(head, origin)
        {
            let message = "pages of this origin may not use the cookie with the token";
            return Err(Reply::error(403, "foreign_origin", message));
        }
        self.granted(shown)
    }

    /// The same for a client that sends no requests, by the token that it gives.
    pub(super) fn rights_of(&self, token: Option<&str>) -> Result<Rights, Reply> {
        self.granted(token.map_or(Shown::Nothing, |token| Shown::Query(token.as_bytes())))
    }

    fn granted(&self, shown: Shown<'_>) -> Result<Rights, Reply> {
        let is_publish_token = |secret: &Secret| match shown {
            Shown::Header(shown) | Shown::Query(shown) => secret.is(shown),
            Shown::Cookie(_) | Shown::Nothing => false,
        };
        let publishes = self.publish_token.as_ref().map(is_publish_token);
        let Some(tokens) = &self.tokens else {
            return Ok(match publishes {
                Some(false) => self.without_publish_token.clone(),
                Some(true) | None => self.everything.clone(),
            });
        };
        let token = match shown {
            Shown::Nothing => return Ok(self.nobody.clone()),
            _ if publishes == Some(true) => return Ok(self.publisher.clone()),
            Shown::Cookie(token) | Shown::Header(token) | Shown::Query(token) => token,
        };
        let grants = tokens
            .verify(token, now())
            .map_err(|bad| bad_token(&bad.to_string()))?;
        let in_query = matches!(shown, Shown::Query(_));
        Ok(Rights::of_token(grants, self.anonymous.clone(), in_query))
    }
}
