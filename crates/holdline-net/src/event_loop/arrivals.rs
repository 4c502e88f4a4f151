//! New connections.

use std::sync::Arc;

use mio::{Interest, Token};

use super::{EventLoop, Slot};
use crate::accept::{Accepted, Next};
use crate::addresses::Entry;
use crate::connection::{Connection, Origin};
use crate::handler::{ConnectionId, Handler};
use crate::timer::NEVER;

impl<H: Handler> EventLoop<H> {
    pub(super) fn accept(&mut self, handler: &mut H) {
        for _ in 0..ACCEPTS {
            match self.acceptor.next(self.clock.now) {
                Next::Accepted(accepted) if self.leaving.is_some() => {
                    self.open(handler, accepted);
                }
                Next::Accepted(accepted) => {
                    let target = self.next_loop;
                    self.next_loop = (self.next_loop + 1) % self.shared.loops.len();
                    if target == self.index {
                        self.open(handler, accepted);
                    } else {
                        self.shared.hand_over(target, accepted);
                    }
                }
                Next::Nobody | Next::Failed => return,
            }
        }
        self.acceptor.try_again(self.clock.now);
    }

    pub(super) fn open(&mut self, handler: &mut H, mut accepted: Accepted) {
        let shared = Arc::clone(&self.shared);
        let (peer, listener) = (accepted.peer, accepted.listener);
        let (gate, config) = (shared.gate(listener), &shared.config);
        let open = gate.enter();
        let counted = shared.addresses.connect(peer.map(|peer| peer.ip()));
        if matches!(counted, Entry::Dropped) {
            gate.leave();
            return;
        }
        if !self.has_room(handler, gate, open) {
            gate.leave();
            self.pass_on(accepted);
            return;
        }
        let entry = self.connections.vacant_entry();
        let index = entry.key();
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        if registry
            .register(&mut accepted.socket, Token(index), interest)
            .is_err()
        {
            gate.leave();
            return;
        }
        accepted.socket.prepare(config);
        self.generation = self.generation.wrapping_add(1);
        let id = ConnectionId {
            index: index as u32,
            generation: self.generation,
        };
        let origin = Origin::new(peer, listener);
        let mut connection = Connection::new(accepted.socket, origin, id, config, self.clock.now);
        let is_reserved = open >= gate.max;
        if is_reserved {
            connection.reserve(config, self.clock.now);
        }
        match counted {
            Entry::Counted(guest) => connection.count(guest, false, config, self.clock.now),
            Entry::Refused(guest) => connection.count(guest, true, config, self.clock.now),
            Entry::Free | Entry::Dropped => {}
        }
        entry.insert(Slot {
            connection,
            unfinished: false,
            is_holder: false,
            armed: NEVER,
        });
        if is_reserved {
            self.put_down(id, gate);
        }
        if let Some(leaving) = &mut self.leaving {
            leaving.add(id, self.clock.now);
        }
        match shared.is_raw(listener) {
            true => self.drive(handler, index, Connection::begin_raw),
            false => self.drive(handler, index, Connection::drive),
        }
    }
}

/// Connections accepted before those that are open have their turn.
const ACCEPTS: usize = 256;
