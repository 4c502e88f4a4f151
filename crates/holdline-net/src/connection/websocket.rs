//! The WebSocket part of a connection.

use std::time::Duration;

use holdline_websocket::{Buffer, CloseCode};

use super::context::{Context, Next};
use super::core::Core;
use super::deadlines::Deadline;
use crate::handler::{ConnectionId, Ending, Handler};
use crate::machine::{Machine, Received};
use crate::output::{self, Output};
use crate::queue::Outgoing;

pub(super) struct WebSocket<S> {
    machine: Machine,
    /// The unfinished message, when there is one.
    buffer: Option<Box<Buffer>>,
    pub(super) stream: S,
    failed: bool,
}

impl<S> WebSocket<S> {
    pub(super) fn new(machine: Machine, stream: S) -> Self {
        Self {
            machine,
            buffer: None,
            stream,
            failed: false,
        }
    }

    /// Whether the handshake is over, with all that belongs to it.
    pub(super) fn is_established(&self) -> bool {
        self.machine.is_established()
    }

    /// The transport ended; how the WebSocket ended by that.
    pub(super) fn eof(&mut self) -> Ending {
        self.machine.receive_eof();
        self.ending()
    }

    fn ending(&self) -> Ending {
        match () {
            () if self.failed => Ending::Failed,
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
        self.messages(core, context, input);
        self.keep_unfinished(context);
        self.settle(core, context)
    }

    fn messages<H: Handler<Stream = S>>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
        input: &mut &mut [u8],
    ) {
        let mut messages = 0;
        while core.has_room(context) && messages < MESSAGES && context.delivered < SHARE {
            let buffer = match &mut self.buffer {
                Some(buffer) => &mut **buffer,
                None => &mut context.scratch.websocket,
            };
            let message = match self.machine.receive(input, buffer) {
                Ok(Received::Nothing) => break,
                Ok(Received::Message(message)) => Some(message),
                Ok(Received::Control) => None,
                Err(error) => {
                    tracing::debug!(%error, "a WebSocket failed");
                    self.failed = true;
                    break;
                }
            };
            let outgoing = &mut context.scratch.outgoing;
            if let Some(message) = message {
                messages += 1;
                context.delivered += message.len();
                let id = core.id;
                let output = output(&mut self.machine, outgoing, core, context.now);
                let stream = &mut self.stream;
                context.handler.message(id, stream, message, output);
            }
            self.machine.poll_transmit(&mut outgoing.bytes);
        }
    }

    /// An unfinished message stays with its connection; nothing else keeps a buffer.
    fn keep_unfinished<H>(&mut self, context: &mut Context<'_, H>) {
        let shared = &mut context.scratch.websocket;
        let buffer = self.buffer.as_deref_mut().unwrap_or(shared);
        // The call that would free the last message may be long in coming.
        self.machine.give_back(buffer);
        let kept = self.buffer.as_ref().map(|buffer| buffer.capacity());
        match kept {
            None if shared.capacity() > 0 => self.buffer = Some(Box::new(std::mem::take(shared))),
            Some(0) => self.buffer = None,
            _ => {}
        }
    }

    /// Sends what is due, and sees whether that was the last.
    fn settle<H>(&mut self, core: &mut Core, context: &mut Context<'_, H>) -> Next<S> {
        self.machine
            .poll_transmit(&mut context.scratch.outgoing.bytes);
        if self.machine.should_close() {
            return Next::Finish(self.ending());
        }
        match self.machine.poll_timeout() {
            // Rounded up, or the machine would find that its time has not come yet.
            Some(at) => core.deadlines.set(
                Deadline::Protocol,
                u64::try_from(at.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX),
            ),
            None => core.deadlines.clear(Deadline::Protocol),
        }
        Next::Stay
    }

    /// The machine's deadline has passed, and what is there was read. The machine is told the time by this call alone,
    /// because after a deadline a second call without reading would give up; the caller reads before each.
    pub(super) fn timed_out<H>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
    ) -> Next<S> {
        self.machine
            .handle_timeout(Duration::from_millis(context.now));
        self.settle(core, context)
    }

    /// Has the handler deal with the stream.
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
        let out = &mut context.scratch.outgoing;
        // It fails when it is closing already: then the peer's answer ends it.
        let _ = self
            .machine
            .send_close(CloseCode::GOING_AWAY, "the server is stopping", out);
        self.settle(core, context)
    }
}

/// What a handler writes to.
fn output<'a>(
    machine: &'a mut Machine,
    outgoing: &'a mut Outgoing,
    core: &'a mut Core,
    now: u64,
) -> Output<'a> {
    let queued = core.queue.len();
    Output::WebSocket(output::WebSocket {
        machine,
        outgoing,
        timer: core.timer(now),
        queued,
    })
}

/// Messages of one read that are handed out before others have their turn.
const MESSAGES: usize = 64;
/// Bytes of messages that a handler is given before others have their turn. Not the same as what was read:
/// compressed, a block of zeros is a thousand times as long.
pub(super) const SHARE: usize = 1024 * 1024;

#[cfg(test)]
mod tests;
