//! The journal that keeps messages only in the hub.

use std::sync::{Arc, Mutex, PoisonError};

use super::keys::Keys;
use super::{Appended, Draft, Effect, Journal, Refusal};
use crate::hub::{Hub, Waiter, Wakes};

/// Both steps of publishing at once: a numbered message counts as kept, until the server ends.
#[derive(Debug)]
pub(crate) struct Memory {
    hub: Arc<Hub>,
    state: Mutex<State>,
}

/// The lock is held until the message is shown, so that messages are shown in order.
#[derive(Debug)]
struct State {
    /// The number of the last message.
    last: u64,
    keys: Keys,
}

impl Memory {
    /// Remembers at most so many idempotency keys.
    pub(crate) fn new(hub: Arc<Hub>, keys: usize) -> Self {
        let state = State {
            last: 0,
            keys: Keys::new(keys),
        };
        Self {
            hub,
            state: Mutex::new(state),
        }
    }
}

impl Journal for Memory {
    fn append(&self, draft: Draft<'_>, _: Option<Waiter>) -> Result<Appended, Refusal> {
        let effect = Effect::of(&draft);
        let mut wakes = Wakes::default();
        // `last` and the keys change only after the message is shown, so a panic cannot leave them half changed.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keyed) = &draft.key
            && let Some(receipt) = state.keys.find(keyed, self.hub.now(), &self.hub.counters)?
        {
            return Ok(Appended::Repeated(receipt));
        }
        let number = state.last + 1;
        let published = effect.show(number, draft.channel, &self.hub, &mut wakes);
        state.last = published.cursor.sequence();
        if let Some(keyed) = draft.key {
            state.keys.publish(keyed, published, self.hub.now());
        }
        drop(state);
        wakes.notify();
        Ok(Appended::Shown(published))
    }
}
