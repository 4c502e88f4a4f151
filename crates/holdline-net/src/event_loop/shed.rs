//! The loop's part in the one bound for all that is not whole yet.

use std::sync::PoisonError;

use super::EventLoop;
use crate::connection::Connection;
use crate::handler::{ConnectionId, Handler};
use crate::uploads::Holder;

impl<H: Handler> EventLoop<H> {
    /// Puts down what a connection keeps after it was driven, and has the slowest go if all of them keep too much.
    pub(super) fn watch_unfinished(&mut self, handler: &mut H, index: usize) {
        let Some(slot) = self.connections.get_mut(index) else {
            return;
        };
        let config = &self.shared.config;
        let unfinished = slot.connection.unfinished(config, self.clock.now);
        // Most connections keep nothing, and kept nothing before.
        if unfinished.is_none() && !slot.is_holder {
            return;
        }
        slot.is_holder = unfinished.is_some();
        let connection = slot.connection.id();
        if self.shared.uploads.put(self.holder(connection), unfinished) {
            self.shed(handler);
        }
    }

    /// A connection is gone, and with it what it kept.
    pub(super) fn forget_unfinished(&self, connection: ConnectionId) {
        let holder = self.holder(connection);
        self.shared.uploads.put(holder, None);
    }

    fn shed(&mut self, handler: &mut H) {
        for holder in self.shared.uploads.shed() {
            if holder.index == self.index {
                self.shed_one(handler, holder.connection);
            } else {
                self.shared.shed(holder);
            }
        }
    }

    /// What other loops found out.
    pub(super) fn shed_for_others(&mut self, handler: &mut H) {
        let shed = &self.shared.loops[self.index].shed;
        let shed = std::mem::take(&mut *shed.lock().unwrap_or_else(PoisonError::into_inner));
        for connection in shed {
            self.shed_one(handler, connection);
        }
    }

    fn shed_one(&mut self, handler: &mut H, id: ConnectionId) {
        let index = id.index as usize;
        let slot = self.connections.get(index);
        let is_open = slot.is_some_and(|slot| slot.connection.id() == id);
        // What it sent may have become whole meanwhile.
        if self.shared.uploads.must_go(self.holder(id)) && is_open {
            self.drive(handler, index, Connection::shed);
        }
    }

    fn holder(&self, connection: ConnectionId) -> Holder {
        let index = self.index;
        Holder { index, connection }
    }
}
