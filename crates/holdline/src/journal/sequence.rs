//! Numbers messages for journals that answer later, and shows them in that order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::keys::{Keyed, Keys};
use super::receipt::{Outcome, Receipt, Refusal};
use super::{Appended, Change, Draft, Effect};
use crate::hub::{Hub, Published, Waiter, Wakes};

/// Assigns numbers, and passes messages that were kept to the hub in order.
#[derive(Debug)]
pub(crate) struct Sequence {
    hub: Arc<Hub>,
    /// How many bytes may be on their way.
    max_bytes: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The last number assigned.
    last: u64,
    /// Every number up to this one was shown or has failed.
    passed: u64,
    /// The total charge for all numbers beyond `passed`.
    bytes: usize,
    /// Numbers beyond `passed` whose commit has ended.
    ended: BTreeMap<u64, Ended>,
    keys: Keys,
}

#[derive(Debug)]
struct Ended {
    bytes: usize,
    /// The message, if it was kept.
    kept: Option<Entry>,
}

/// A message with its number.
#[derive(Debug)]
struct Entry {
    channel: Box<str>,
    effect: Effect,
    key: Option<Keyed>,
    receipt: Receipt,
    /// It is the server's own: nobody waits for the answer.
    is_own: bool,
}

/// What becomes of a message that is to be kept.
#[derive(Debug)]
#[must_use]
pub(crate) enum Begun {
    /// It has a number. Whoever keeps it must end the commit.
    Commit(Commit, Receipt),
    /// It came before.
    Repeated(Receipt),
}

impl Begun {
    /// Has the commit kept by `keep`, if there is one.
    pub(crate) fn kept_by(self, keep: impl FnOnce(Commit)) -> Appended {
        match self {
            Self::Commit(commit, receipt) => {
                keep(commit);
                Appended::Later(receipt)
            }
            Self::Repeated(receipt) => Appended::Repeated(receipt),
        }
    }
}

impl Sequence {
    /// Starts after number `last`. `max_bytes` limits what is on its way: each message counts with its texts plus a
    /// constant.
    pub(crate) fn new(hub: Arc<Hub>, last: u64, max_bytes: usize, keys: Keys) -> Arc<Self> {
        let state = State {
            last,
            passed: last,
            bytes: 0,
            ended: BTreeMap::new(),
            keys,
        };
        Arc::new(Self {
            hub,
            max_bytes,
            state: Mutex::new(state),
        })
    }

    /// Gives a message the next number, unless it came before under its key.
    pub(crate) fn begin(
        self: &Arc<Self>,
        draft: Draft<'_>,
        publisher: Option<Waiter>,
    ) -> Result<Begun, Refusal> {
        let receipt = Receipt::new(Outcome::Pending);
        let entry = Entry {
            channel: draft.channel.into(),
            effect: Effect::of(&draft),
            key: draft.key,
            receipt: receipt.clone(),
            is_own: publisher.is_none(),
        };
        let bytes = entry.bytes();
        let mut state = self.lock();
        if let Some(key) = &draft.key
            && let Some(first) = state.keys.find(key, self.hub.now(), &self.hub.counters)?
        {
            if let Some(waiter) = publisher {
                first.join(waiter);
            }
            return Ok(Begun::Repeated(first));
        }
        if state.bytes + bytes > self.max_bytes {
            return Err(Refusal::Busy);
        }
        if let Some(waiter) = publisher {
            receipt.join(waiter);
        }
        if let Some(key) = draft.key {
            state.keys.begin(key, receipt.clone());
        }
        state.bytes += bytes;
        state.last += 1;
        let commit = Commit {
            sequence: Arc::clone(self),
            number: state.last,
            entry: Some(entry),
        };
        Ok(Begun::Commit(commit, receipt))
    }

    /// Ends the commit of one number.
    fn end(&self, number: u64, ended: Ended) {
        let mut wakes = Wakes::default();
        let mut state = self.lock();
        if number > state.passed + 1
            && let Some(entry) = &ended.kept
        {
            // The cursor must be valid before anyone has it.
            self.hub.give(number);
            let kept = Outcome::Kept(self.hub.cursor_of(number));
            entry.tell(kept, &self.hub, &mut wakes);
        }
        state.ended.insert(number, ended);
        while let Some(ended) = state.take_next() {
            state.bytes -= ended.bytes;
            if let Some(entry) = ended.kept {
                let key = entry.key;
                let published = entry.show(state.passed, &self.hub, &mut wakes);
                if let Some(key) = key {
                    state.keys.publish(key, published, self.hub.now());
                }
            }
        }
        drop(state);
        wakes.notify();
    }

    /// The message will not be shown, so that it is new if it comes again.
    fn forget(&self, key: Option<Keyed>) {
        if let Some(key) = key {
            self.lock().keys.fail(&key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent between any two statements that can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Passes one more number, if its commit has ended.
    fn take_next(&mut self) -> Option<Ended> {
        let ended = self.ended.remove(&(self.passed + 1))?;
        self.passed += 1;
        Some(ended)
    }
}

impl Entry {
    /// The charge for it: its texts and the overhead.
    fn bytes(&self) -> usize {
        let texts = match &self.effect {
            Effect::Message(content) => content.event().map_or(0, str::len) + content.data().len(),
            Effect::Deletion | Effect::Gap => 0,
        };
        OVERHEAD + self.channel.len() + texts
    }

    fn show(self, number: u64, hub: &Hub, wakes: &mut Wakes) -> Published {
        let published = self.effect.show(number, &self.channel, hub, wakes);
        self.receipt.set(Outcome::Shown(published), hub, wakes);
        published
    }

    fn tell(&self, outcome: Outcome, hub: &Hub, wakes: &mut Wakes) {
        self.receipt.set(outcome, hub, wakes);
        if let Outcome::Refused(refusal) = outcome
            && self.is_own
        {
            tracing::warn!(?refusal, "a message of the server's own was not published");
        }
    }
}

/// A numbered message that is to be kept. End it with [`kept`](Self::kept) or [`failed`](Self::failed). If it is
/// dropped instead, nobody knows whether it was kept, and it counts as failed.
#[derive(Debug)]
pub(crate) struct Commit {
    sequence: Arc<Sequence>,
    number: u64,
    /// `None` once it has ended.
    entry: Option<Entry>,
}

impl Commit {
    /// The number, which is never used again.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The message to keep, with its key.
    #[cfg_attr(
        not(test),
        expect(
            dead_code,
            reason = "for a journal that sends it elsewhere; the one on the disk has a copy"
        )
    )]
    pub(crate) fn draft(&self) -> Option<Draft<'_>> {
        self.entry.as_ref().map(|entry| Draft {
            channel: &entry.channel,
            change: match &entry.effect {
                Effect::Message(content) => Change::Message {
                    event: content.event(),
                    data: content.data(),
                },
                Effect::Deletion => Change::Deletion,
                Effect::Gap => Change::Gap,
            },
            key: entry.key,
            fence: None,
        })
    }

    /// Says that the message is kept, and will be there when the server starts again.
    pub(crate) fn kept(mut self) {
        if let Some(entry) = self.entry.take() {
            let bytes = entry.bytes();
            let kept = Some(entry);
            self.sequence.end(self.number, Ended { bytes, kept });
        }
    }

    /// Says why the message is not kept. Its number is not used again.
    pub(crate) fn failed(mut self, refusal: Refusal) {
        self.refuse(refusal);
    }

    fn refuse(&mut self, refusal: Refusal) {
        let Some(entry) = self.entry.take() else {
            return;
        };
        // Before anybody is told and sends it again.
        self.sequence.forget(entry.key);
        let mut wakes = Wakes::default();
        entry.tell(Outcome::Refused(refusal), &self.sequence.hub, &mut wakes);
        wakes.notify();
        let bytes = entry.bytes();
        drop(entry);
        self.sequence.end(self.number, Ended { bytes, kept: None });
    }
}

impl Drop for Commit {
    fn drop(&mut self) {
        self.refuse(Refusal::Unknown);
    }
}

/// The charge for a message on its way, on top of its texts.
const OVERHEAD: usize = 256;
