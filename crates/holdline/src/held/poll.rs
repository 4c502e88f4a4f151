//! A poll whose answer is not here yet.

use std::sync::Arc;

use holdline_comet::Position;

use super::reply::Patience;
use crate::hub::{Hub, Read, Waiter, Watch};
use crate::poll_answer::{ANSWER, Heard, encode_answer};
use crate::reader::Reader;
use crate::reply::Reply;
use crate::transport::Transport;

/// A poll: a request for the messages there are now.
#[derive(Debug)]
pub(crate) struct Poll {
    channels: Box<[Arc<str>]>,
    position: Position,
    waiter: Waiter,
    reader: Option<Reader>,
    /// What it was told about members, if it watches.
    watch: Option<Watch>,
}

impl Poll {
    pub(crate) fn new(
        channels: Box<[Arc<str>]>,
        position: Position,
        waiter: Waiter,
        reader: Option<Reader>,
        watch: Option<Watch>,
    ) -> Self {
        Self {
            watch,
            reader,
            channels,
            position,
            waiter,
        }
    }

    /// The answer, if it is known. If not, the connection is woken once it is.
    pub(crate) fn reply(&mut self, hub: &Hub, patience: Patience) -> Option<Reply> {
        let (position, waiter) = (&mut self.position, Some(self.waiter));
        match hub.read(&self.channels, position, ANSWER, waiter) {
            Read::Batch(batch) => {
                if let Some(reader) = &self.reader {
                    reader.take(hub, &batch);
                }
                let (index, messages) = (self.waiter.key.index(), batch.messages.len());
                hub.counters
                    .delivered(index, Transport::Poll, messages, batch.loss());
                let heard = self.watch.as_mut().map(|watch| Heard {
                    told: hub.members.news(&self.channels, watch, ANSWER.budget).told,
                    token: hub.members.token(watch),
                });
                let answer = encode_answer(position, &batch, heard.as_ref(), None);
                Some(Reply::ok(answer.into()))
            }
            Read::Unreadable => Some(Reply::unreadable()),
            Read::Later | Read::Reading if patience == Patience::Over => Some(Reply::unavailable(
                "not_here_yet",
                "the messages up to this cursor are not here yet; try again later",
            )),
            Read::Later | Read::Reading => None,
        }
    }

    pub(super) fn closed(&self, hub: &Hub) {
        hub.stop_waiting(&self.position, self.waiter);
    }
}
