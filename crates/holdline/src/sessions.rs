//! Streams that may have to end before their clients want it: when their token expires, and when their user is
//! disconnected.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use holdline_net::{ConnectionId, Notifier};

use crate::access::Rights;
use crate::hub::{LoopKey, Waiter};

/// The streams of all loops whose rights may end, and the users whose tokens are not taken any more.
#[derive(Debug)]
pub(crate) struct Sessions {
    state: Mutex<State>,
    /// How many users that were disconnected are remembered.
    most_revoked: usize,
    /// Somebody was disconnected: from then on each token is looked for.
    has_revoked: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    loops: BTreeMap<LoopKey, Loop>,
    ends: BTreeSet<(Duration, Waiter)>,
    names: HashMap<Arc<str>, BTreeMap<Waiter, Rights>>,
    /// Of each user that was disconnected, since when tokens are good again (since the epoch of Unix).
    revoked: HashMap<Arc<str>, Duration>,
}

#[derive(Debug)]
struct Loop {
    notifier: Notifier,
    over: Vec<ConnectionId>,
}

/// So many users were disconnected that no more are remembered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TooManyRevoked;

impl Default for Sessions {
    fn default() -> Self {
        Self::remembering(MAX_REVOKED)
    }
}

impl Sessions {
    /// Remembers at most so many users that were disconnected.
    pub(crate) fn remembering(most_revoked: usize) -> Self {
        Self {
            state: Mutex::default(),
            most_revoked,
            has_revoked: AtomicBool::new(false),
        }
    }

    /// Has `notifier` called when a stream of its loop [is over](Self::take_over).
    pub(crate) fn join(&self, key: LoopKey, notifier: Notifier) {
        let over = Vec::new();
        self.lock().loops.insert(key, Loop { notifier, over });
    }

    /// A stream begins that must end with its rights. Returns whether they can end.
    pub(crate) fn begin(&self, waiter: Waiter, rights: &Rights) -> bool {
        let (ends, name) = (rights.ends(), rights.name());
        if ends.is_none() && name.is_none() {
            return false;
        }
        let mut state = self.lock();
        if let Some(ends) = ends {
            state.ends.insert((ends, waiter));
        }
        if let Some(name) = name {
            let of_name = state.names.entry(Arc::clone(name)).or_default();
            of_name.insert(waiter, rights.clone());
        }
        // It may have happened after the request was judged.
        if state.has_revoked(rights) {
            rights.revoke();
            state.tell(&[waiter]);
        }
        true
    }

    /// A stream is gone that [began](Self::begin) with these rights.
    pub(crate) fn end(&self, waiter: Waiter, rights: &Rights) {
        let mut state = self.lock();
        if let Some(ends) = rights.ends() {
            state.ends.remove(&(ends, waiter));
        }
        if let Some(name) = rights.name()
            && let Some(of_name) = state.names.get_mut(name)
        {
            of_name.remove(&waiter);
            if of_name.is_empty() {
                state.names.remove(name);
            }
        }
    }

    /// The streams of a loop that must end now.
    pub(crate) fn take_over(&self, key: LoopKey) -> Vec<ConnectionId> {
        let mut state = self.lock();
        let own = state.loops.get_mut(&key);
        own.map(|own| std::mem::take(&mut own.over))
            .unwrap_or_default()
    }

    /// Ends the streams whose time has come at `now`, since the epoch of Unix. Returns how long nothing more is to be
    /// done.
    pub(crate) fn expire(&self, now: Duration) -> Duration {
        let mut state = self.lock();
        let mut over = Vec::new();
        while let Some(&(ends, waiter)) = state.ends.first() {
            if ends > now {
                break;
            }
            state.ends.pop_first();
            over.push(waiter);
        }
        state.tell(&over);
        let next = state.ends.first();
        next.map_or(Duration::MAX, |(ends, _)| ends.saturating_sub(now))
    }

    /// Ends the streams of a user, and has tokens refused that were issued up to `now`. Returns how many streams.
    pub(crate) fn disconnect(&self, name: &str, now: Duration) -> Result<usize, TooManyRevoked> {
        let mut state = self.lock();
        if !state.revoked.contains_key(name) && state.revoked.len() >= self.most_revoked {
            return Err(TooManyRevoked);
        }
        // `iat` counts whole seconds: one issued in this very second may be older.
        let since = Duration::from_secs(now.as_secs() + 1);
        state.revoked.insert(name.into(), since);
        self.has_revoked.store(true, Ordering::Release);
        let of_name = state.names.get(name);
        let of_name = of_name.map(|of_name| of_name.iter());
        let mut over = Vec::new();
        for (waiter, rights) in of_name.into_iter().flatten() {
            // From now on nothing is published with them, even before the stream is told.
            rights.revoke();
            over.push(*waiter);
        }
        state.tell(&over);
        Ok(over.len())
    }

    /// Whether the user of these rights was disconnected after their token was issued.
    pub(crate) fn has_revoked(&self, rights: &Rights) -> bool {
        self.has_revoked.load(Ordering::Acquire) && self.lock().has_revoked(rights)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_revoked(&self, rights: &Rights) -> bool {
        let since = rights.name().and_then(|name| self.revoked.get(name));
        since.is_some_and(|since| rights.issued() < *since)
    }

    fn tell(&mut self, over: &[Waiter]) {
        for waiter in over {
            if let Some(own) = self.loops.get_mut(&waiter.key) {
                if own.over.is_empty() {
                    own.notifier.notify();
                }
                own.over.push(waiter.connection);
            }
        }
    }
}

/// Users that were disconnected and are remembered until the server ends. Each takes its name and about 100 bytes.
const MAX_REVOKED: usize = 100_000;
