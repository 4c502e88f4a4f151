//! What one request may do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::clock::now;
use super::lack::Lack;
use super::patterns::Patterns;
use super::tokens::Grants;

/// What one request may do, and over a WebSocket each of its messages. Every request that is about channels has
/// rights, got once from its head; without `--token-key` they are all there are, but for what `--publish-token` keeps.
///
/// Each question is about names as they are after percent-decoding. It is the same few bytes for all who share it.
#[derive(Clone, Debug)]
pub(crate) struct Rights(Arc<Granted>);

#[derive(Debug)]
struct Granted {
    by: By,
    publish: Patterns,
    subscribe: Patterns,
    /// What anybody may read.
    anonymous: Patterns,
    manage: Patterns,
    presence: Patterns,
    name: Option<Arc<str>>,
    /// Since the epoch of Unix.
    ends: Option<Duration>,
    /// Since the epoch of Unix.
    issued: Duration,
    /// The user was disconnected.
    revoked: AtomicBool,
}

/// Why a request has its rights, which is also why they may be too few.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum By {
    /// Nothing needs a token, or the publish token was shown where nothing else is needed.
    Open,
    /// There is a publish token, and it was not shown.
    NoPublishToken,
    /// Tokens are needed, and none was shown.
    Nobody,
    /// Tokens are needed, and the publish token was shown.
    PublishToken,
    /// A token was shown.
    Token { in_query: bool },
}

impl Rights {
    /// Everything is granted.
    pub(super) fn everything() -> Self {
        let all = Patterns::all;
        Self::new(By::Open, [all(), all(), all(), all()])
    }

    /// Everything but to change something: the publish token was not shown.
    pub(super) fn without_publish_token() -> Self {
        let (all, none) = (Patterns::all, Patterns::default);
        Self::new(By::NoPublishToken, [none(), all(), none(), all()])
    }

    /// No token was shown, where tokens are needed.
    pub(super) fn of_nobody(anonymous: Patterns) -> Self {
        let none = Patterns::default;
        Self::new(By::Nobody, [none(), anonymous, none(), none()])
    }

    /// The publish token was shown, where tokens are needed.
    pub(super) fn of_publish_token(anonymous: Patterns) -> Self {
        let none = Patterns::default;
        Self::new(
            By::PublishToken,
            [Patterns::all(), anonymous, none(), none()],
        )
    }

    /// What a token grants, and what anybody may read.
    pub(super) fn of_token(grants: Grants, anonymous: Patterns, in_query: bool) -> Self {
        Self(Arc::new(Granted {
            by: By::Token { in_query },
            publish: grants.publish,
            subscribe: grants.subscribe,
            anonymous,
            manage: grants.manage,
            presence: grants.presence,
            name: grants.name.map(Arc::from),
            ends: grants.ends,
            issued: grants.issued,
            revoked: AtomicBool::new(false),
        }))
    }

    fn new(by: By, [publish, subscribe, manage, presence]: [Patterns; 4]) -> Self {
        Self(Arc::new(Granted {
            by,
            publish,
            subscribe,
            anonymous: Patterns::default(),
            manage,
            presence,
            name: None,
            ends: None,
            issued: Duration::ZERO,
            revoked: AtomicBool::new(false),
        }))
    }

    /// Whether messages may be published in this channel now.
    pub(crate) fn may_publish(&self, channel: &str) -> bool {
        self.0.publish.allow(channel) && !self.are_over()
    }

    /// Whether the members of this channel may be seen, and not only how many subscribers there are.
    pub(crate) fn may_see_members(&self, channel: &str) -> bool {
        self.0.presence.allow(channel)
    }

    fn may_subscribe(&self, channel: &str) -> bool {
        self.0.subscribe.allow(channel) || self.0.anonymous.allow(channel)
    }

    /// The member's name that the token says (`sub`). Without `--token-key` there is none, and the query may have one.
    pub(crate) fn name(&self) -> Option<&Arc<str>> {
        self.0.name.as_ref()
    }

    /// Whether names of members come from tokens alone, so that one in the query must be refused.
    pub(crate) fn are_of_tokens(&self) -> bool {
        !matches!(self.0.by, By::Open | By::NoPublishToken)
    }

    /// Whether the token was in the query, where only who was given it can have written it.
    pub(crate) fn are_in_query(&self) -> bool {
        self.0.by == By::Token { in_query: true }
    }

    /// When their token was issued, since the epoch of Unix.
    pub(crate) fn issued(&self) -> Duration {
        self.0.issued
    }

    /// When they end, since the epoch of Unix; `None` is never.
    pub(crate) fn ends(&self) -> Option<Duration> {
        self.0.ends
    }

    /// Whether they have ended since the request came.
    pub(crate) fn are_over(&self) -> bool {
        self.0.revoked.load(Ordering::Acquire) || self.0.ends.is_some_and(|ends| ends <= now())
    }

    /// Ends them, because the user was disconnected.
    pub(crate) fn revoke(&self) {
        self.0.revoked.store(true, Ordering::Release);
    }

    pub(crate) fn judge_publish(&self, channel: &str) -> Result<(), Lack> {
        match self.are_over() {
            true => Err(Lack::Over),
            false => self.judge("`publish`", [channel], |name| self.0.publish.allow(name)),
        }
    }

    /// Each of the channels must be granted, or none is read.
    pub(crate) fn judge_subscribe<'n>(
        &self,
        channels: impl IntoIterator<Item = &'n str>,
    ) -> Result<(), Lack> {
        self.judge("`subscribe`", channels, |name| self.may_subscribe(name))
    }

    /// Whether something may be done with this channel that others see.
    pub(crate) fn judge_use_of(&self, channel: &str) -> Result<(), Lack> {
        let may = |name: &str| self.may_subscribe(name) || self.may_publish(name);
        self.judge("`subscribe` or `publish`", [channel], may)
    }

    /// Whether the history of this channel may be deleted.
    pub(crate) fn judge_manage(&self, channel: &str) -> Result<(), Lack> {
        self.judge("`manage`", [channel], |name| self.0.manage.allow(name))
    }

    /// Whether the subscribers of this channel may be counted: by who may be one of them or may see members, and
    /// shows a token if there are any.
    pub(crate) fn judge_presence(&self, channel: &str) -> Result<(), Lack> {
        self.judge_use()?;
        let may = |name: &str| self.may_subscribe(name) || self.may_see_members(name);
        self.judge("`subscribe` or `presence`", [channel], may)
    }

    /// Whether this request may be told of the members of each of the channels.
    pub(crate) fn judge_members<'n>(
        &self,
        channels: impl IntoIterator<Item = &'n str>,
    ) -> Result<(), Lack> {
        self.judge("`presence`", channels, |name| self.may_see_members(name))
    }

    /// Whether the server may be used for what is about no channel, such as `/echo`.
    pub(crate) fn judge_use(&self) -> Result<(), Lack> {
        match self.0.by {
            By::Nobody => Err(Lack::Token),
            _ => Ok(()),
        }
    }

    fn judge<'n>(
        &self,
        right: &'static str,
        channels: impl IntoIterator<Item = &'n str>,
        may: impl Fn(&str) -> bool,
    ) -> Result<(), Lack> {
        let missing = channels.into_iter().find(|name| !may(name));
        missing.map_or(Ok(()), |channel| {
            Err(match self.0.by {
                By::NoPublishToken => Lack::PublishToken,
                By::Nobody => Lack::Token,
                By::Open | By::PublishToken | By::Token { .. } => Lack::Right {
                    right,
                    channel: channel.to_owned(),
                },
            })
        })
    }
}
