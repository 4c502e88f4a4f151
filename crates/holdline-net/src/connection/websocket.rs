//! The WebSocket part of a connection.

use std::time::Duration;

#[cfg(feature = "hixie76")]
use holdline_websocket::hixie76;
use holdline_websocket::{Buffer, CloseCode, Event};

use super::{Connection, Protocol, SHARE, Turn};
use crate::handler::{ConnectionId, Ending, Handler, Message};
use crate::machine::Machine;
use crate::output::{self, Output, ROOM, Timer};
use crate::queue::Outgoing;
use crate::timer::NEVER;

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
}

impl<S> Connection<S> {
    /// Takes what can be taken of `input` and returns how much that was.
    pub(super) fn websocket_input<H: Handler<Stream = S>>(
        &mut self,
        turn: &mut Turn<'_, H>,
        input: &mut [u8],
    ) -> usize {
        let used = match &self.protocol {
            #[cfg(feature = "hixie76")]
            Protocol::WebSocket(WebSocket {
                machine: Machine::Hixie76(_),
                ..
            }) => self.hixie76_messages(turn, input),
            _ => self.websocket_messages(turn, input),
        };
        let Protocol::WebSocket(socket) = &mut self.protocol else {
            return used;
        };
        // When the turn ended with a message, the next call may be long in coming.
        let buffer = match &mut socket.buffer {
            Some(buffer) => &mut **buffer,
            None => &mut turn.scratch.websocket,
        };
        socket.machine.give_back(buffer);
        if socket.buffer.is_none() && turn.scratch.websocket.capacity() > 0 {
            socket.buffer = Some(Box::new(std::mem::take(&mut turn.scratch.websocket)));
        } else if socket
            .buffer
            .as_ref()
            .is_some_and(|buffer| buffer.capacity() == 0)
        {
            socket.buffer = None;
        }
        self.websocket_after(turn);
        used
    }

    fn websocket_messages<H: Handler<Stream = S>>(
        &mut self,
        turn: &mut Turn<'_, H>,
        input: &mut [u8],
    ) -> usize {
        let Protocol::WebSocket(socket) = &mut self.protocol else {
            return 0;
        };
        let total = input.len();
        let mut rest = input;
        let outgoing = &mut turn.scratch.outgoing;
        let mut messages = 0;
        while self.queue.len() + outgoing.len() < ROOM
            && messages < MESSAGES
            && turn.delivered < SHARE
        {
            let buffer = match &mut socket.buffer {
                Some(buffer) => &mut **buffer,
                None => &mut turn.scratch.websocket,
            };
            #[cfg_attr(not(feature = "hixie76"), allow(irrefutable_let_patterns))]
            let Machine::Rfc6455(machine) = &mut socket.machine else {
                break;
            };
            let message = match machine.receive(&mut rest, buffer) {
                Ok(None) => break,
                Ok(Some(Event::Text(text))) => Some(Message::Text(text)),
                Ok(Some(Event::Binary(data))) => Some(Message::Binary(data)),
                Ok(Some(_)) => None,
                Err(error) => {
                    tracing::debug!(%error, "a WebSocket failed");
                    socket.failed = true;
                    break;
                }
            };
            if let Some(message) = message {
                messages += 1;
                turn.delivered += message.len();
                let (machine, at) = (&mut socket.machine, &mut self.timer);
                let output = output(machine, outgoing, at, turn.now, self.queue.len());
                turn.handler
                    .message(self.id, &mut socket.stream, message, output);
            }
            socket.machine.poll_transmit(&mut outgoing.bytes);
        }
        total - rest.len()
    }

    #[cfg(feature = "hixie76")]
    fn hixie76_messages<H: Handler<Stream = S>>(
        &mut self,
        turn: &mut Turn<'_, H>,
        input: &[u8],
    ) -> usize {
        let Protocol::WebSocket(socket) = &mut self.protocol else {
            return 0;
        };
        let mut rest = input;
        let outgoing = &mut turn.scratch.outgoing;
        let mut messages = 0;
        while self.queue.len() + outgoing.len() < ROOM
            && messages < MESSAGES
            && turn.delivered < SHARE
        {
            let buffer = match &mut socket.buffer {
                Some(buffer) => &mut **buffer,
                None => &mut turn.scratch.websocket,
            };
            let Machine::Hixie76(machine) = &mut socket.machine else {
                break;
            };
            match machine.receive(&mut rest, buffer) {
                Ok(None) => break,
                Ok(Some(hixie76::Event::Text(text))) => {
                    messages += 1;
                    turn.delivered += text.len();
                    let (machine, at) = (&mut socket.machine, &mut self.timer);
                    let output = output(machine, outgoing, at, turn.now, self.queue.len());
                    let stream = &mut socket.stream;
                    turn.handler
                        .message(self.id, stream, Message::Text(text), output);
                }
                Ok(Some(_)) => {}
                Err(error) => {
                    tracing::debug!(%error, "a WebSocket of the first browsers failed");
                    socket.failed = true;
                    break;
                }
            }
            socket.machine.poll_transmit(&mut outgoing.bytes);
        }
        input.len() - rest.len()
    }

    /// Sends what is due, and sees whether that was the last.
    pub(super) fn websocket_after<H: Handler<Stream = S>>(&mut self, turn: &mut Turn<'_, H>) {
        let Protocol::WebSocket(socket) = &mut self.protocol else {
            return;
        };
        // The machine reads the clock from this call alone: a close deadline begins here.
        socket
            .machine
            .handle_timeout(Duration::from_millis(turn.now));
        socket
            .machine
            .poll_transmit(&mut turn.scratch.outgoing.bytes);
        if socket.machine.should_close() {
            let ending = socket.ending();
            self.finish(turn, ending);
            return;
        }
        let timeout = socket.machine.poll_timeout();
        self.phase = timeout.map_or(NEVER, |at| {
            // Rounded up, or the machine would find that its time has not come yet.
            u64::try_from(at.as_nanos().div_ceil(1_000_000)).unwrap_or(NEVER)
        });
    }

    pub(super) fn websocket_call<H: Handler<Stream = S>, R>(
        &mut self,
        turn: &mut Turn<'_, H>,
        call: impl FnOnce(&mut H, ConnectionId, &mut S, Output<'_>) -> R,
    ) -> Option<R> {
        let Protocol::WebSocket(socket) = &mut self.protocol else {
            return None;
        };
        if !socket.is_established() {
            return None;
        }
        let (machine, at) = (&mut socket.machine, &mut self.timer);
        let outgoing = &mut turn.scratch.outgoing;
        let output = output(machine, outgoing, at, turn.now, self.queue.len());
        let result = call(turn.handler, self.id, &mut socket.stream, output);
        self.websocket_after(turn);
        Some(result)
    }

    pub(super) fn websocket_stop<H: Handler<Stream = S>>(&mut self, turn: &mut Turn<'_, H>) {
        if !self.protocol.is_established() {
            // Nothing can be said before the handshake is over.
            return self.finish(turn, Ending::Stopped);
        }
        if let Protocol::WebSocket(socket) = &mut self.protocol {
            let out = &mut turn.scratch.outgoing;
            // Closing already: the peer's answer ends it.
            let _ = socket
                .machine
                .send_close(CloseCode::GOING_AWAY, "the server is stopping", out);
        }
        self.websocket_after(turn);
    }
}

/// What a handler writes to, of parts that the caller holds apart.
fn output<'a>(
    machine: &'a mut Machine,
    outgoing: &'a mut Outgoing,
    at: &'a mut u64,
    now: u64,
    queued: usize,
) -> Output<'a> {
    Output::WebSocket(output::WebSocket {
        machine,
        outgoing,
        timer: Timer { at, now },
        queued,
    })
}

/// Messages of one read that are handed out before others have their turn.
const MESSAGES: usize = 64;

#[cfg(test)]
mod tests;
