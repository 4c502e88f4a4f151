//! What one request may do.

use std::sync::Arc;

use super::patterns::Patterns;
use crate::reply::Reply;

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
    manage: Patterns,
    presence: Patterns,
}

/// Why a request has its rights, which is what it is told when they are too few.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum By {
    /// Nothing needs a token, or the publish token was shown where nothing else is needed.
    Open,
    /// There is a publish token, and it was not shown.
    NoPublishToken,
}

impl Rights {
    /// Everything is granted.
    pub(super) fn everything() -> Self {
        Self::new(By::Open, Patterns::all())
    }

    /// Everything but to change something: the publish token was not shown.
    pub(super) fn without_publish_token() -> Self {
        Self::new(By::NoPublishToken, Patterns::default())
    }

    fn new(by: By, changes: Patterns) -> Self {
        Self(Arc::new(Granted {
            by,
            publish: changes.clone(),
            subscribe: Patterns::all(),
            manage: changes,
            presence: Patterns::all(),
        }))
    }

    /// Whether messages may be published in this channel.
    pub(crate) fn may_publish(&self, channel: &str) -> bool {
        self.0.publish.allow(channel)
    }

    /// Whether the members of this channel may be seen, and not only how many subscribers there are.
    pub(crate) fn may_see_members(&self, channel: &str) -> bool {
        self.0.presence.allow(channel)
    }

    /// The member's name that the token says (`sub`). Without `--token-key` there is none, and the query may have one.
    pub(crate) fn name(&self) -> Option<&Arc<str>> {
        None
    }

    /// Whether names of members come from tokens alone, so that one in the query must be refused.
    pub(crate) fn are_of_tokens(&self) -> bool {
        false
    }

    pub(crate) fn judge_publish(&self, channel: &str) -> Result<(), Reply> {
        self.judge(self.may_publish(channel), "publish")
    }

    /// Each of the channels must be granted, or none is read.
    pub(crate) fn judge_subscribe<'n>(
        &self,
        channels: impl IntoIterator<Item = &'n str>,
    ) -> Result<(), Reply> {
        let mut channels = channels.into_iter();
        self.judge(
            channels.all(|name| self.0.subscribe.allow(name)),
            "subscribe",
        )
    }

    /// Whether the history of this channel may be deleted.
    pub(crate) fn judge_manage(&self, channel: &str) -> Result<(), Reply> {
        self.judge(self.0.manage.allow(channel), "manage")
    }

    /// Whether the subscribers of this channel may be counted: who may be one of them, and who may see members.
    pub(crate) fn judge_presence(&self, channel: &str) -> Result<(), Reply> {
        let may = self.0.subscribe.allow(channel) || self.may_see_members(channel);
        self.judge(may, "presence")
    }

    /// Whether this request may be told of the members of each of the channels.
    pub(crate) fn judge_members<'n>(
        &self,
        channels: impl IntoIterator<Item = &'n str>,
    ) -> Result<(), Reply> {
        let mut channels = channels.into_iter();
        self.judge(channels.all(|name| self.may_see_members(name)), "presence")
    }

    /// Whether the server may be used for what is about no channel, such as `/echo`.
    pub(crate) fn judge_use(&self) -> Result<(), Reply> {
        Ok(())
    }

    fn judge(&self, may: bool, right: &str) -> Result<(), Reply> {
        if may {
            return Ok(());
        }
        match self.0.by {
            By::NoPublishToken => {
                let message = "this needs the publish token, as `Authorization: Bearer TOKEN`";
                let challenge = "Bearer realm=\"publish\"";
                Err(Reply::error(401, "unauthorized", message).with("WWW-Authenticate", challenge))
            }
            By::Open => {
                let message = format!("the right to {right} is not granted here");
                Err(Reply::error(403, "forbidden", &message))
            }
        }
    }
}
