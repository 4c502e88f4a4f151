//! Which event loop to wake for what.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use holdline_net::{ConnectionId, Notifier};

/// Identifies a loop that has [joined](super::Hub::join).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct LoopKey(pub(super) u32);

impl LoopKey {
    /// The index, counted from 0.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A connection that wants to be woken when its answer is here.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Waiter {
    pub(crate) key: LoopKey,
    pub(crate) connection: ConnectionId,
}

/// What a loop should look at.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Channels with new messages.
    pub(crate) channels: Vec<Arc<str>>,
    /// Connections whose answer may be here.
    pub(crate) connections: Vec<ConnectionId>,
    /// When the first of these messages was shown, on the [hub's clock](super::Hub::now).
    pub(crate) since: Option<Duration>,
}

/// The loops to notify once no lock is held.
#[derive(Debug, Default)]
pub(crate) struct Wakes(Vec<Notifier>);

impl Wakes {
    pub(crate) fn notify(self) {
        for notifier in self.0 {
            notifier.notify();
        }
    }

    fn add(&mut self, notifier: &Notifier) {
        if !self.0.iter().any(|known| known.index() == notifier.index()) {
            self.0.push(notifier.clone());
        }
    }
}

/// All loops, and the connections that wait for a number that is not here yet.
#[derive(Debug, Default)]
pub(super) struct Loops {
    loops: Vec<Loop>,
    waiting: BTreeSet<(u64, Waiter)>,
}

#[derive(Debug)]
struct Loop {
    notifier: Notifier,
    news: News,
}

impl Loops {
    pub(super) fn join(&mut self, notifier: Notifier) -> LoopKey {
        self.loops.push(Loop {
            notifier,
            news: News::default(),
        });
        LoopKey(self.loops.len() as u32 - 1)
    }

    pub(super) fn take_news(&mut self, key: LoopKey) -> News {
        let own = self.loops.get_mut(key.index());
        own.map(|own| std::mem::take(&mut own.news))
            .unwrap_or_default()
    }

    /// A channel got a message at `now`. `watched` is its number of subscribers in each loop.
    pub(super) fn tell_of_channel(
        &mut self,
        name: &Arc<str>,
        watched: &[u32],
        now: Duration,
        wakes: &mut Wakes,
    ) {
        for (target, count) in self.loops.iter_mut().zip(watched) {
            if *count > 0 {
                target.news.since.get_or_insert(now);
                let channels = &mut target.news.channels;
                if channels.last() != Some(name) {
                    channels.push(Arc::clone(name));
                }
                wakes.add(&target.notifier);
            }
        }
    }

    /// The answer of one connection is here.
    pub(super) fn wake(&mut self, waiter: Waiter, wakes: &mut Wakes) {
        if let Some(target) = self.loops.get_mut(waiter.key.index()) {
            target.news.connections.push(waiter.connection);
            wakes.add(&target.notifier);
        }
    }

    /// Wakes a connection once `number` is [reached](Self::reached).
    pub(super) fn wait(&mut self, number: u64, waiter: Waiter) {
        self.waiting.insert((number, waiter));
    }

    pub(super) fn stop_waiting(&mut self, number: u64, waiter: Waiter) {
        self.waiting.remove(&(number, waiter));
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// All messages up to `number` are here.
    pub(super) fn reached(&mut self, number: u64, wakes: &mut Wakes) {
        while let Some((next, waiter)) = self.waiting.first().copied()
            && next <= number
        {
            self.waiting.pop_first();
            self.wake(waiter, wakes);
        }
    }
}
