//! One event loop: readiness, timers and news from other threads, each turned into calls of
//! [`Connection`].
//!
//! The loop uses mio, whose readiness is edge-triggered: a connection is registered once, remembers
//! what its socket was last said to be ready for, and reads or writes until the socket blocks. So
//! pausing a connection (back-pressure) is simply not reading, with no system call.

mod arrivals;
mod reserve;
mod shed;

use std::io::{self, ErrorKind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use mio::{Events, Poll, Token, Waker};
use slab::Slab;

use crate::accept::Acceptor;
use crate::clock::Clock;
use crate::connection::{Connection, Context, Driven, Scratch};
use crate::handler::{ConnectionId, Ending, Handler, Wake};
use crate::leaving::{Leaving, Times};
use crate::listener::Listener;
use crate::load::Counting;
use crate::shared::{Shared, Stop};
use crate::timer::{NEVER, Wheel};

/// A loop and everything in it.
pub(crate) struct EventLoop<H: Handler> {
    poll: Poll,
    shared: Arc<Shared>,
    index: usize,
    acceptor: Acceptor,
    next_loop: usize,
    connections: Slab<Slot<H::Stream>>,
    generation: u32,
    wheel: Wheel,
    clock: Clock,
    scratch: Scratch,
    /// Connections that used up their share of a turn and are not done.
    unfinished: Vec<usize>,
    /// Connections of the reserve, in the order in which they came. Some may be gone.
    reserved: Vec<ConnectionId>,
    leaving: Option<Leaving>,
}

/// A connection and its place in the loop.
struct Slot<S> {
    connection: Connection<S>,
    /// It is among those that the loop will drive again without being asked.
    unfinished: bool,
    /// It is listed in [`Uploads`](crate::uploads::Uploads).
    is_holder: bool,
    /// What this connection's place in the timer wheel is for: not later than its deadline.
    armed: u64,
}

/// The parts of a loop that other threads need before it runs: where it waits, and what wakes it.
pub(crate) struct Reactor {
    poll: Poll,
    acceptor: Acceptor,
}

impl Reactor {
    pub(crate) fn new(shared: &Shared, index: usize, listeners: Vec<Listener>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        // Set once: every loop is made once.
        let _ = shared.loops[index].waker.set(waker);
        let acceptor = Acceptor::new(poll.registry(), LISTENERS, listeners)?;
        Ok(Self { poll, acceptor })
    }
}

impl<H: Handler> EventLoop<H> {
    pub(crate) fn new(reactor: Reactor, shared: Arc<Shared>, index: usize) -> Self {
        Self {
            poll: reactor.poll,
            clock: Clock::new(shared.origin),
            shared,
            index,
            acceptor: reactor.acceptor,
            next_loop: 0,
            connections: Slab::new(),
            generation: 0,
            wheel: Wheel::new(),
            scratch: Scratch::new(),
            unfinished: Vec::new(),
            reserved: Vec::new(),
            leaving: None,
        }
    }

    /// Runs until the server stops.
    pub(crate) fn run(mut self, mut handler: H) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        let mut due = Vec::new();
        let mut woken = Vec::new();
        loop {
            let timeout = self.timeout();
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            let begun = self.begin_turn();
            self.take_events(&mut handler, &events);
            for index in std::mem::take(&mut self.unfinished) {
                if let Some(slot) = self.connections.get_mut(index) {
                    slot.unfinished = false;
                }
                self.drive(&mut handler, index, Connection::drive);
            }
            if self.shared.loops[self.index]
                .notified
                .swap(false, Ordering::SeqCst)
            {
                self.notified(&mut handler, &mut woken);
            }
            self.wheel.advance(self.clock.now, &mut due);
            for key in due.drain(..) {
                self.due(&mut handler, key as usize);
            }
            if self.acceptor.is_due(self.clock.now) {
                self.accept(&mut handler);
            }
            let is_stopped = self.is_stopped(&mut handler);
            handler.turn_ended();
            if is_stopped {
                return Ok(());
            }
            self.end_turn(begun);
        }
    }

    /// What the system says of sockets.
    fn take_events(&mut self, handler: &mut H, events: &Events) {
        let mut is_called = false;
        for event in events {
            match event.token() {
                WAKER => {}
                Token(index) if index >= LISTENERS => {
                    self.acceptor.set_ready(index - LISTENERS);
                    is_called = true;
                }
                Token(index) => {
                    if let Some(slot) = self.connections.get_mut(index) {
                        let connection = &mut slot.connection;
                        connection.set_ready(event.is_readable(), event.is_read_closed());
                        let hung_up =
                            event.is_error() || (event.is_read_closed() && event.is_write_closed());
                        if hung_up {
                            self.drive(handler, index, Connection::hung_up);
                        } else {
                            self.drive(handler, index, Connection::drive);
                        }
                    }
                }
            }
        }
        if is_called {
            // Now that no event is left for a connection whose place a new one takes.
            self.accept(handler);
        }
    }

    fn counting(&self) -> &Counting {
        &self.shared.loops[self.index].counting
    }

    /// Looks at the time, and counts how late the next alarm is if it was due before now.
    fn begin_turn(&mut self) -> Duration {
        let begun = self.clock.advance();
        if let Some(late) = self
            .wheel
            .next()
            .and_then(|at| self.clock.now.checked_sub(at))
        {
            let late = Duration::from_millis(late.saturating_sub(1));
            self.counting().alarms.add(late);
        }
        begun
    }

    fn end_turn(&self, begun: Duration) {
        let took = self.clock.time().saturating_sub(begun);
        self.counting().turns.add(took);
    }

    fn timeout(&self) -> Option<Duration> {
        // A notification may have come before there was a waker to wake.
        let notified = &self.shared.loops[self.index].notified;
        if !self.unfinished.is_empty() || notified.load(Ordering::SeqCst) {
            return Some(Duration::ZERO);
        }
        let next = self
            .wheel
            .next()
            .into_iter()
            .chain(self.leaving.as_ref().map(Leaving::next))
            .chain(self.acceptor.again())
            .min()?;
        // One more than the clock says, since it was rounded down.
        let wait = next.saturating_sub(self.clock.elapsed()) + 1;
        Some(Duration::from_millis(wait))
    }

    /// What other threads left for this loop.
    fn notified(&mut self, handler: &mut H, woken: &mut Vec<ConnectionId>) {
        let inbox = &self.shared.loops[self.index].inbox;
        let arrived = std::mem::take(&mut *inbox.lock().unwrap_or_else(PoisonError::into_inner));
        for accepted in arrived {
            self.open(handler, accepted);
        }
        self.shed_for_others(handler);
        handler.notified(&mut Wake { woken });
        for id in woken.drain(..) {
            self.drive_if_open(handler, id, |connection, context| {
                connection.wake();
                connection.drive(context)
            });
        }
    }

    /// The same as [`drive`](Self::drive) for a connection that may be gone.
    fn drive_if_open(
        &mut self,
        handler: &mut H,
        id: ConnectionId,
        call: impl FnOnce(&mut Connection<H::Stream>, &mut Context<'_, H>) -> Driven,
    ) {
        let index = id.index as usize;
        let slot = self.connections.get(index);
        if slot.is_some_and(|slot| slot.connection.id() == id) {
            self.drive(handler, index, call);
        }
    }

    /// A connection's place in the wheel came up: its deadline, or an earlier place that it left.
    fn due(&mut self, handler: &mut H, index: usize) {
        let now = self.clock.now;
        let Some(slot) = self.connections.get_mut(index) else {
            return;
        };
        if slot.armed > now {
            return;
        }
        slot.armed = NEVER;
        if slot.connection.deadline() <= now {
            self.drive(handler, index, Connection::timed_out);
        } else {
            self.arm(index);
        }
    }

    /// Calls one of a connection's entry points and does what it asks for.
    fn drive(
        &mut self,
        handler: &mut H,
        index: usize,
        call: impl FnOnce(&mut Connection<H::Stream>, &mut Context<'_, H>) -> Driven,
    ) {
        let Some(slot) = self.connections.get_mut(index) else {
            return;
        };
        let mut context = Context {
            handler,
            shared: &self.shared,
            config: &self.shared.config,
            scratch: &mut self.scratch,
            date: &self.clock.date,
            now: self.clock.now,
            stopping: self.leaving.as_ref().map(|leaving| leaving.stop),
            delivered: 0,
            counting: &self.shared.loops[self.index].counting,
        };
        match call(&mut slot.connection, &mut context) {
            Driven::Done => {
                self.arm(index);
                self.watch_unfinished(handler, index);
            }
            Driven::Again => {
                if !std::mem::replace(&mut slot.unfinished, true) {
                    self.unfinished.push(index);
                }
                self.arm(index);
                self.watch_unfinished(handler, index);
            }
            Driven::Close(ending) => {
                let slot = self.connections.remove(index);
                let mut connection = slot.connection;
                if slot.is_holder {
                    self.forget_unfinished(connection.id());
                }
                self.shared.gate(connection.listener()).leave();
                // It is about to be closed, which deregisters it as well.
                let _ = self.poll.registry().deregister(connection.socket());
                connection.end(handler, ending);
            }
        }
    }

    fn arm(&mut self, index: usize) {
        let Some(slot) = self.connections.get_mut(index) else {
            return;
        };
        let deadline = slot.connection.deadline();
        if deadline < slot.armed {
            // Earlier than the deadline when that is beyond the wheel's horizon.
            slot.armed = self.wheel.insert(deadline, index as u32).min(deadline);
        }
    }

    /// Stops when that was asked for. Returns whether everything has ended.
    fn is_stopped(&mut self, handler: &mut H) -> bool {
        let Some(stop) = self.shared.stopping() else {
            return false;
        };
        if self.leaving.is_none() {
            self.begin_to_stop(handler, stop);
        }
        let now = self.clock.now;
        while let Some(id) = self.leaving.as_mut().and_then(|leaving| leaving.due(now)) {
            self.drive_if_open(handler, id, Connection::stop);
        }
        if self
            .leaving
            .as_ref()
            .is_some_and(|leaving| leaving.until <= now)
        {
            for slot in self.connections.drain() {
                self.shared.gate(slot.connection.listener()).leave();
                slot.connection.end(handler, Ending::Stopped);
            }
        }
        self.connections.is_empty() && !self.shared.expects(self.index)
    }

    fn begin_to_stop(&mut self, handler: &mut H, stop: Stop) {
        let mut open = Vec::new();
        for (_, slot) in &mut self.connections {
            slot.connection.close_after_response();
            open.push((slot.connection.id(), slot.connection.is_idle()));
        }
        let (now, total) = (self.clock.now, self.shared.connections());
        let times = Times {
            drain: self.shared.config.drain,
            stop_timeout: self.shared.config.stop_timeout,
        };
        self.leaving = Some(Leaving::new(stop, now, times, total, &open));
        if self.index != ACCEPTING {
            return;
        }
        if stop == Stop::Ends {
            // Who waits would be reset when the listener closes.
            self.acceptor.set_all_ready();
            self.accept(handler);
            while self.acceptor.is_due(now) {
                self.accept(handler);
            }
        }
        let is_left = stop == Stop::HandsOver;
        self.acceptor.close(self.poll.registry(), is_left);
        self.shared.end_accepting();
    }
}

const WAKER: Token = Token(usize::MAX);
/// The token of the first listener; connections have smaller ones.
const LISTENERS: usize = usize::MAX / 2;
/// The loop that has the listeners.
const ACCEPTING: usize = 0;
/// Events taken from the system at a time.
const EVENTS: usize = 1024;
