//! The reserve is for clients that ask something. When it is full and another one comes, the oldest one goes that is
//! silent, slow with its head, or has its answer and does not close.

use super::EventLoop;
use crate::accept::Accepted;
use crate::connection::Connection;
use crate::handler::{ConnectionId, Handler};
use crate::shared::Gate;

impl<H: Handler> EventLoop<H> {
    /// Whether there may be another connection beside `open` ones. Past the limit a client is still listened to, but
    /// only so many are: that costs a connection too.
    pub(super) fn has_room(&mut self, handler: &mut H, gate: &Gate, open: usize) -> bool {
        open < gate.max.saturating_add(gate.reserve) || self.push_one_out(handler, gate)
    }

    /// A connection is one of the reserve.
    pub(super) fn put_down(&mut self, id: ConnectionId, gate: &Gate) {
        let reserved = &mut self.reserved;
        reserved.push(id);
        if reserved.len() > gate.reserve.saturating_mul(2) {
            let connections = &self.connections;
            reserved.retain(|id| {
                let slot = connections.get(id.index as usize);
                slot.is_some_and(|slot| slot.connection.id() == *id)
            });
        }
    }

    /// There was no room for a connection. Another loop may have one that can go, unless all were asked.
    pub(super) fn pass_on(&self, accepted: Accepted) {
        let loops = self.shared.loops.len();
        let passed_on = accepted.passed_on + 1;
        if passed_on < loops && self.leaving.is_none() {
            let next = (self.index + 1) % loops;
            let accepted = Accepted {
                passed_on,
                ..accepted
            };
            self.shared.hand_over(next, accepted);
        }
    }

    /// Closes the oldest one of this loop that has not asked anything, or has been answered. Another loop may have an
    /// older one, but not much older: they are given connections in turn. Returns whether there was one.
    fn push_one_out(&mut self, handler: &mut H, gate: &Gate) -> bool {
        let mut at = 0;
        while let Some(&id) = self.reserved.get(at) {
            let index = id.index as usize;
            let slot = self.connections.get(index);
            let Some(slot) = slot.filter(|slot| slot.connection.id() == id) else {
                self.reserved.remove(at);
                continue;
            };
            at += 1;
            let connection = &slot.connection;
            let has_same_gate = std::ptr::eq(self.shared.gate(connection.listener()), gate);
            if !has_same_gate || !connection.can_go() {
                continue;
            }
            self.drive(handler, index, Connection::push_out);
            let slot = self.connections.get(index);
            // Otherwise its request is here, and is being answered.
            if slot.is_none_or(|slot| slot.connection.id() != id) {
                self.reserved.remove(at - 1);
                return true;
            }
        }
        false
    }
}
