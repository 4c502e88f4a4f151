//! The WebSocket part of a connection.

use std::time::Duration;

use holdline_websocket::{Buffer, CloseCode};

use super::context::{Context, Next};
use super::core::Core;
use super::deadlines::{Deadline, after};
use crate::finished::{End, Late};
use crate::handler::{ConnectionId, Ending, Handler};
use crate::machine::{Machine, Received};
use crate::output::{Output, ROOM, WebSocketOutput};
use crate::queue::Outgoing;
use crate::responder::Upgraded;
use crate::shared::Stop;
use crate::timer::NEVER;

pub(super) struct Socket<S> {
    machine: Machine,
    /// The unfinished message, when there is one.
    buffer: Option<Box<Buffer>>,
    pub(super) stream: S,
    /// Messages are handed out in pieces.
    in_pieces: bool,
    /// A turn ended before the machine said that more must come. What was inflated may wait in it without any input.
    has_more: bool,
    failed: bool,
    /// A message did not come in time.
    late: bool,
}

impl<S> Socket<S> {
    pub(super) fn new(upgraded: Upgraded<S>) -> Self {
        Self {
            machine: upgraded.machine,
            buffer: None,
            stream: upgraded.stream,
            in_pieces: upgraded.in_pieces,
            has_more: false,
            failed: false,
            late: false,
        }
    }

    /// Whether the handshake is over, including what follows the heads.
    pub(super) fn is_established(&self) -> bool {
        self.machine.is_established()
    }

    /// The transport ended. Returns how that ends the WebSocket.
    pub(super) fn eof(&mut self) -> Ending {
        self.machine.receive_eof();
        self.ending()
    }

    /// Whether it may hand out more without another byte.
    pub(super) fn has_more(&self) -> bool {
        self.has_more
    }

    fn ending(&self) -> Ending {
        match () {
            () if self.failed => Ending::Failed,
            () if self.late => Ending::TimedOut,
            () if self.machine.is_clean() => Ending::Finished,
            () if self.machine.has_timed_out() => Ending::TimedOut,
            () => Ending::Disconnected,
        }
    }

    /// Takes what can be taken of `input`.
    pub(super) fn receive<H: Handler<Stream = S>>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
        input: &mut &mut [u8],
    ) -> Next<S> {
        let before = input.len();
        let was_complete = self.messages(core, context, input, None);
        self.received(core, context, before - input.len(), was_complete)
    }

    /// Lends room to read straight into a large message that is under way. Empty: read into a block.
    pub(super) fn room(&mut self) -> &mut [u8] {
        match &mut self.buffer {
            Some(buffer) => self.machine.receive_room(buffer),
            None => &mut [],
        }
    }

    /// Takes what was read into the room.
    pub(super) fn receive_filled<H: Handler<Stream = S>>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
        filled: usize,
    ) -> Next<S> {
        let was_complete = self.messages(core, context, &mut Default::default(), Some(filled));
        self.received(core, context, filled, was_complete)
    }

    fn received<H: Handler<Stream = S>>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
        bytes: usize,
        was_complete: bool,
    ) -> Next<S> {
        self.keep_unfinished(context);
        core.note_arrived(bytes);
        self.watch_message(core, context, bytes, was_complete);
        self.settle(core, context)
    }

    /// Sees to the deadline of a message or a control frame of which more must come. `bytes` of input were taken;
    /// if everything `was_complete` before or in between, what is incomplete now has begun with them.
    fn watch_message<H>(
        &self,
        core: &mut Core,
        context: &Context<'_, H>,
        bytes: usize,
        was_complete: bool,
    ) {
        let timeout = context.config.message_timeout;
        if !self.machine.is_receiving() || self.late {
            core.deadlines.clear(Deadline::Receive);
        } else if was_complete {
            let at = after(context.now, timeout);
            core.deadlines.set(Deadline::Receive, at);
        } else {
            core.received(bytes, timeout, context);
        }
    }

    /// A message did not come in time: the peer is told so.
    pub(super) fn message_timed_out<H>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
    ) -> Next<S> {
        if looked_away(Deadline::Receive, core, context) {
            return Next::Stay;
        }
        core.deadlines.clear(Deadline::Receive);
        self.late = true;
        core.why = Some(End::Late(Late::Message));
        let reason = "the message did not arrive in time";
        self.close(CloseCode::POLICY_VIOLATION, reason, core, context)
    }

    /// Hands out what is complete, first with what was `filled` of the room. Returns whether at any time nothing was
    /// incomplete.
    fn messages<H: Handler<Stream = S>>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
        input: &mut &mut [u8],
        mut filled: Option<usize>,
    ) -> bool {
        let mut messages = 0;
        let mut was_complete = !self.machine.is_receiving();
        self.has_more = true;
        // Bytes that were read straight into the message are nowhere else, so they are taken first.
        while filled.is_some()
            || core.has_room(context) && messages < MESSAGES && context.delivered < SHARE
        {
            let buffer = match &mut self.buffer {
                Some(buffer) => &mut **buffer,
                None => &mut context.scratch.websocket,
            };
            let received = match filled.take() {
                Some(filled) => self.machine.receive_filled(filled, buffer),
                None if self.in_pieces => self.machine.receive_piece(input, buffer),
                None => self.machine.receive(input, buffer),
            };
            let (id, now, stream) = (core.id, context.now, &mut self.stream);
            let (machine, outgoing) = (&mut self.machine, &mut context.scratch.outgoing);
            let output = output(machine, outgoing, core, now);
            match received {
                Ok(Received::Nothing) => {
                    self.has_more = false;
                    break;
                }
                Ok(Received::Message(message)) => {
                    messages += 1;
                    context.delivered += message.len();
                    context.handler.message(id, stream, message, output);
                }
                Ok(Received::Piece(piece)) => {
                    messages += usize::from(piece.last);
                    context.delivered += piece.data.len();
                    context.handler.message_piece(id, stream, piece, output);
                }
                Ok(Received::Control) => {}
                Err(error) => {
                    tracing::debug!(%error, "a WebSocket failed");
                    self.failed = true;
                    self.has_more = false;
                    break;
                }
            }
            was_complete |= !self.machine.is_receiving();
            self.machine
                .poll_transmit(&mut context.scratch.outgoing.bytes);
        }
        was_complete
    }

    /// An unfinished message stays with its connection; nothing else keeps a buffer.
    fn keep_unfinished<H>(&mut self, context: &mut Context<'_, H>) {
        let shared = &mut context.scratch.websocket;
        let buffer = self.buffer.as_deref_mut().unwrap_or(shared);
        // The next call, which would free the last message, may be a long time off.
        buffer.give_back();
        let kept = self.buffer.as_ref().map(|buffer| buffer.capacity());
        match kept {
            None if shared.capacity() > 0 => self.buffer = Some(Box::new(std::mem::take(shared))),
            Some(0) => self.buffer = None,
            _ => {}
        }
    }

    /// Sends what is due, and sees whether that was the last.
    fn settle<H>(&mut self, core: &mut Core, context: &mut Context<'_, H>) -> Next<S> {
        // A deadline that has passed is judged by `timed_out` alone, which is called after reading.
        if !core.deadlines.has_passed(Deadline::Protocol, context.now) {
            self.tell_time(context);
        }
        self.transmit(core, context)
    }

    /// The machine knows the time only from this call, so a close deadline begins here.
    fn tell_time<H>(&mut self, context: &Context<'_, H>) {
        self.machine
            .handle_timeout(Duration::from_millis(context.now));
    }

    fn transmit<H>(&mut self, core: &mut Core, context: &mut Context<'_, H>) -> Next<S> {
        self.machine
            .poll_transmit(&mut context.scratch.outgoing.bytes);
        if self.machine.should_close() {
            return Next::Finish(self.ending());
        }
        match self.machine.poll_timeout() {
            // Rounded up, because a moment too early the machine would do nothing.
            Some(at) => core.deadlines.set(
                Deadline::Protocol,
                u64::try_from(at.as_nanos().div_ceil(1_000_000)).unwrap_or(NEVER),
            ),
            None => core.deadlines.clear(Deadline::Protocol),
        }
        Next::Stay
    }

    /// Bytes of memory for a message that is not whole.
    pub(super) fn held(&self) -> usize {
        let kept = self.buffer.as_ref().map_or(0, |buffer| buffer.capacity());
        kept + self.machine.inflating()
    }

    /// There is no room for the rest of a message. Nothing is awaited of the peer after this: it would be the rest.
    pub(super) fn shed<H>(&mut self, context: &mut Context<'_, H>) -> Next<S> {
        let (code, reason) = (
            CloseCode::MESSAGE_TOO_BIG,
            "no room for the rest of the message",
        );
        let out = &mut context.scratch.outgoing;
        if let Err(error) = self.machine.send_close(code, reason, out) {
            // Then it has been told why already.
            tracing::debug!(%error, "a WebSocket is closing already");
        }
        self.machine
            .poll_transmit(&mut context.scratch.outgoing.bytes);
        Next::Finish(Ending::NoRoom)
    }

    /// The machine's deadline has passed, and everything that has come was read.
    pub(super) fn timed_out<H>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
    ) -> Next<S> {
        if looked_away(Deadline::Protocol, core, context) {
            return Next::Stay;
        }
        self.tell_time(context);
        self.transmit(core, context)
    }

    /// Lets the handler deal with the stream.
    pub(super) fn call<H: Handler<Stream = S>, R>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
        call: impl FnOnce(&mut H, ConnectionId, &mut S, Output<'_>) -> R,
    ) -> (Option<R>, Next<S>) {
        if !self.is_established() {
            return (None, Next::Stay);
        }
        let id = core.id;
        let outgoing = &mut context.scratch.outgoing;
        let output = output(&mut self.machine, outgoing, core, context.now);
        let result = call(context.handler, id, &mut self.stream, output);
        (Some(result), self.settle(core, context))
    }

    /// The server stops, and the handler was told.
    pub(super) fn stop<H>(&mut self, core: &mut Core, context: &mut Context<'_, H>) -> Next<S> {
        if !self.is_established() {
            // Nothing can be said before the handshake is over.
            return Next::Finish(Ending::Stopped);
        }
        let (code, reason) = match context.stopping {
            Some(Stop::HandsOver) => (CloseCode::SERVICE_RESTART, "another process goes on"),
            Some(Stop::Ends) | None => (CloseCode::GOING_AWAY, "the server is stopping"),
        };
        self.close(code, reason, core, context)
    }

    fn close<H>(
        &mut self,
        code: CloseCode,
        reason: &str,
        core: &mut Core,
        context: &mut Context<'_, H>,
    ) -> Next<S> {
        let out = &mut context.scratch.outgoing;
        if let Err(error) = self.machine.send_close(code, reason, out) {
            // The peer's answer to the first close ends it then, or the deadline for that.
            tracing::debug!(%error, "a WebSocket is closing already");
        }
        self.settle(core, context)
    }
}

/// Whether nothing was read because the peer takes nothing, which has a deadline of its own. Then this one is looked
/// at again later.
pub(super) fn looked_away<H>(
    deadline: Deadline,
    core: &mut Core,
    context: &Context<'_, H>,
) -> bool {
    let full = core.queue.len() >= ROOM;
    if full {
        core.deadlines.set(deadline, after(context.now, AGAIN));
    }
    full
}

/// What a handler writes to.
fn output<'a>(
    machine: &'a mut Machine,
    outgoing: &'a mut Outgoing,
    core: &'a mut Core,
    now: u64,
) -> Output<'a> {
    let queued = core.queue.len();
    Output::WebSocket(WebSocketOutput {
        machine,
        outgoing,
        timer: core.timer(now),
        queued,
    })
}

/// When to look again at a deadline that could not be judged.
const AGAIN: Duration = Duration::from_secs(1);
/// Messages of one read that are handed out before others have their turn.
pub(super) const MESSAGES: usize = 64;
/// Bytes of messages that a handler is given before others have their turn. Not the same as what was read:
/// compressed, a block of zeros is a thousand times as long.
pub(super) const SHARE: usize = 1024 * 1024;

#[cfg(test)]
mod tests;
