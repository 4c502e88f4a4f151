//! The part of a connection whose protocol is the handler's own.

use super::context::{Context, Driven, Next};
use super::core::Core;
use super::deadlines::{Deadline, after};
use super::websocket::{MESSAGES, SHARE, looked_away};
use crate::config::Config;
use crate::finished::{End, Late};
use crate::handler::{ConnectionId, Ending, Handler, Rejection};
use crate::output::{Output, Over, Raw};
use crate::queue::Outgoing;
use crate::raw::Expects;

pub(super) struct RawSocket<S> {
    pub(super) stream: S,
    stage: Stage,
}

/// What is awaited of the peer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    /// Its first byte.
    Silent,
    /// The rest of its first message, of which so many bytes of memory are kept.
    First(usize),
    /// The same of a later one.
    Message(usize),
    /// Another message.
    Idle,
    Nothing,
}

impl<S> RawSocket<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            stage: Stage::Silent,
        }
    }

    /// Takes what can be taken of `input`.
    pub(super) fn receive<H: Handler<Stream = S>>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
        input: &mut &mut [u8],
    ) -> Next<S> {
        if self.stage == Stage::Silent {
            report(core);
        }
        let mut rest = &**input;
        let next = self.messages(core, context, &mut rest);
        let used = input.len() - rest.len();
        *input = std::mem::take(input).get_mut(used..).unwrap_or_default();
        if !matches!(next, Next::Stay) {
            // Nothing after this is to be taken.
            *input = &mut [];
        }
        next
    }

    fn messages<H: Handler<Stream = S>>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
        input: &mut &[u8],
    ) -> Next<S> {
        let mut messages = 0;
        while !input.is_empty()
            && core.has_room(context)
            && messages < MESSAGES
            && context.delivered < SHARE
        {
            let whole = *input;
            let mut over = None;
            let (id, now) = (core.id, context.now);
            let output = output(&mut context.scratch.outgoing, core, now, &mut over);
            let expects = context.handler.bytes(id, &mut self.stream, input, output);
            let taken = whole.len().saturating_sub(input.len());
            if let Some(over) = over {
                return Next::Finish(ending(over));
            }
            if taken == 0 {
                tracing::error!("a handler took none of the bytes of a raw connection: closing it");
                return Next::Finish(Ending::Failed);
            }
            // Whatever the handler made of the slice.
            *input = whole.get(taken..).unwrap_or_default();
            context.delivered += taken;
            messages += usize::from(!matches!(expects, Expects::Rest(_)));
            core.note_arrived(taken);
            self.expect(expects, taken, core, context);
        }
        Next::Stay
    }

    /// Sees to the peer's deadline, after the handler took so many bytes.
    fn expect<H>(
        &mut self,
        expects: Expects,
        taken: usize,
        core: &mut Core,
        context: &Context<'_, H>,
    ) {
        let config = context.config;
        let before = self.stage;
        self.stage = match (expects, before) {
            (Expects::Rest(held), Stage::Silent | Stage::First(_)) => Stage::First(held),
            (Expects::Rest(held), _) => Stage::Message(held),
            (Expects::Message, _) => Stage::Idle,
            (Expects::Nothing, _) => Stage::Nothing,
        };
        match (before, self.stage) {
            // Its time began with its first byte.
            (Stage::First(_), Stage::First(_)) => return,
            (Stage::Message(_), Stage::Message(_)) => {
                return core.received(taken, config.message_timeout, context);
            }
            _ => {}
        }
        core.deadlines.clear(Deadline::Protocol);
        core.deadlines.clear(Deadline::Receive);
        let (deadline, timeout) = match self.stage {
            Stage::Silent | Stage::First(_) => (Deadline::Protocol, config.head_timeout),
            Stage::Message(_) => (Deadline::Receive, config.message_timeout),
            Stage::Idle => (Deadline::Protocol, config.idle_timeout),
            Stage::Nothing => return,
        };
        core.deadlines.set(deadline, after(context.now, timeout));
    }

    /// What is awaited of the rest of a message, and how long it may take.
    pub(super) fn timeout(&self, config: &Config) -> Option<(Deadline, std::time::Duration)> {
        match self.stage {
            Stage::First(_) => Some((Deadline::Protocol, config.head_timeout)),
            Stage::Message(_) => Some((Deadline::Receive, config.message_timeout)),
            Stage::Silent | Stage::Idle | Stage::Nothing => None,
        }
    }

    /// Bytes of memory that the handler keeps for a message that is not whole.
    pub(super) fn held(&self) -> usize {
        match self.stage {
            Stage::First(held) | Stage::Message(held) => held,
            Stage::Silent | Stage::Idle | Stage::Nothing => 0,
        }
    }

    /// There is no room for the rest of a message.
    pub(super) fn shed<H: Handler<Stream = S>>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
    ) -> Next<S> {
        last_words(&Rejection::NoRoom, core, context);
        Next::Finish(Ending::NoRoom)
    }

    /// A deadline has passed, and everything that has come was read.
    pub(super) fn timed_out<H: Handler<Stream = S>>(
        &mut self,
        deadline: Deadline,
        core: &mut Core,
        context: &mut Context<'_, H>,
    ) -> Result<Next<S>, Driven> {
        if looked_away(deadline, core, context) {
            return Ok(Next::Stay);
        }
        core.deadlines.clear(deadline);
        let late = match self.stage {
            Stage::First(_) => Late::Head,
            Stage::Message(_) => Late::Message,
            Stage::Nothing => return Ok(Next::Stay),
            Stage::Silent | Stage::Idle if core.queue.is_empty() => {
                return Err(Driven::Close(Ending::Finished));
            }
            // It has not read yet what it was sent: how long that may take is another deadline's business.
            Stage::Silent | Stage::Idle => {
                let at = after(context.now, context.config.head_timeout);
                core.deadlines.set(deadline, at);
                return Ok(Next::Stay);
            }
        };
        core.why = Some(End::Late(late));
        last_words(&Rejection::Timeout, core, context);
        Ok(Next::Finish(Ending::TimedOut))
    }

    /// Lets the handler deal with the stream.
    pub(super) fn call<H: Handler<Stream = S>, R>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
        call: impl FnOnce(&mut H, ConnectionId, &mut S, Output<'_>) -> R,
    ) -> (Option<R>, Next<S>) {
        let mut over = None;
        let (id, now) = (core.id, context.now);
        let output = output(&mut context.scratch.outgoing, core, now, &mut over);
        let result = call(context.handler, id, &mut self.stream, output);
        (
            Some(result),
            over.map_or(Next::Stay, |over| Next::Finish(ending(over))),
        )
    }
}

fn ending(over: Over) -> Ending {
    match over {
        Over::Closed => Ending::Finished,
        Over::Failed => Ending::Failed,
    }
}

/// From now on the connection is reported as one request.
pub(super) fn report(core: &mut Core) {
    let queued = core.queue.len();
    if let Some(tally) = &mut core.tally {
        tally.begin(None, queued);
    }
}

/// Lets the handler say why the connection ends.
pub(super) fn last_words<H: Handler>(
    rejection: &Rejection<'_>,
    core: &mut Core,
    context: &mut Context<'_, H>,
) {
    let now = context.now;
    let mut over = None;
    let output = raw(&mut context.scratch.outgoing, core, now, &mut over);
    context.handler.reject_raw(rejection, output);
}

/// What a handler writes to.
fn output<'a>(
    outgoing: &'a mut Outgoing,
    core: &'a mut Core,
    now: u64,
    over: &'a mut Option<Over>,
) -> Output<'a> {
    Output::Raw(raw(outgoing, core, now, over))
}

fn raw<'a>(
    outgoing: &'a mut Outgoing,
    core: &'a mut Core,
    now: u64,
    over: &'a mut Option<Over>,
) -> Raw<'a> {
    let queued = core.queue.len();
    Raw {
        outgoing,
        timer: core.timer(now),
        queued,
        over,
    }
}
