//! Requests that wait for something that is not here yet, such as the commit of a message.

mod explanation;
mod poll;
mod publication;
mod reply;

use std::sync::Arc;
use std::time::Duration;

use holdline_http1::HeaderBlock;
use holdline_net::{Held, Output};

pub(crate) use self::explanation::{Explanation, Untaken};
pub(crate) use self::poll::Poll;
pub(crate) use self::publication::{Publication, encode_published};
use self::reply::Patience;
pub(crate) use self::reply::key_in_use;
use crate::hub::Hub;
use crate::reply::Reply;
use crate::shared::Options;

/// A held request, with everything needed to answer it.
#[derive(Debug)]
pub(crate) struct HeldRequest {
    question: Question,
    /// Header fields that say which pages may read the answer.
    fields: Arc<HeaderBlock>,
    patience: Patience,
    /// How long it waits for a complete answer. `None` once the timer is set.
    wait: Option<Duration>,
}

#[derive(Debug)]
pub(crate) enum Question {
    Publication(Publication),
    Poll(Poll),
}

impl HeldRequest {
    pub(crate) fn new(question: Question, fields: Arc<HeaderBlock>, wait: Duration) -> Self {
        Self {
            question,
            fields,
            patience: Patience::Waits,
            wait: Some(wait),
        }
    }

    /// The connection was woken, or has just been held.
    pub(crate) fn ready(&mut self, hub: &Hub, output: Output<'_>) {
        let Output::Held(held) = output else {
            return;
        };
        if let Some(reply) = self.question.reply_within(hub, self.patience) {
            self.send(&reply, held);
        } else if let Some(wait) = self.wait.take() {
            Output::Held(held).set_timer(wait);
        }
    }

    /// It has waited long enough for a complete answer.
    pub(crate) fn timer(&mut self, hub: &Hub, output: Output<'_>) {
        self.patience = Patience::Over;
        self.ready(hub, output);
    }

    /// The server is stopping. If there is no answer even now, the server itself sends one.
    pub(crate) fn stopping(&mut self, hub: &Hub, output: Output<'_>) {
        self.patience = Patience::Stopping;
        self.ready(hub, output);
    }

    /// It was answered, or nobody is waiting for the answer any more.
    pub(crate) fn closed(&self, hub: &Hub) {
        match &self.question {
            Question::Publication(publication) => publication.closed(hub),
            Question::Poll(poll) => poll.closed(hub),
        }
    }

    fn send(&self, reply: &Reply, held: Held<'_>) {
        reply.count();
        let headers = (&*self.fields, reply.fields());
        if let Err(error) = held.respond(reply.status, headers, &reply.body) {
            tracing::error!(%error, "an answer cannot be sent");
        }
    }
}

impl Question {
    /// How long to wait for an answer that says all.
    pub(crate) fn wait(&self, options: &Options) -> Duration {
        match self {
            Self::Publication(publication) => publication.wait(options),
            Self::Poll(_) => options.patience,
        }
    }

    /// The answer, if it is here already.
    pub(crate) fn reply(&mut self, hub: &Hub) -> Option<Reply> {
        self.reply_within(hub, Patience::Waits)
    }

    fn reply_within(&mut self, hub: &Hub, patience: Patience) -> Option<Reply> {
        match self {
            Self::Publication(publication) => publication.reply(hub, patience),
            Self::Poll(poll) => poll.reply(hub, patience),
        }
    }
}
