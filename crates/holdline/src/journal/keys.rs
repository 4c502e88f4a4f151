//! What was published under which idempotency key.
//!
//! - A key counts within one channel, and for one `sub`: another publisher's is another key.
//! - It stands for one content. With another it is refused.
//! - While its message is under way, the same again gets the receipt of the first. Afterwards it is remembered
//!   for two minutes if the message was published, and forgotten if not.
//! - There are at most so many. Then no new one is taken, and none is forgotten early.
//!
//! Keys and contents are kept as hashes, so each takes the same few bytes, however long it is.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};
use std::time::Duration;

use holdline_comet::Cursor;
use sha2::{Digest, Sha256};

use super::receipt::{Outcome, Receipt, Refusal};
use super::{Change, Draft};
use crate::counters::{Counters, Limit};
use crate::hub::Published;
use crate::idempotency_key::IdempotencyKey;

/// A key of a channel and publisher, and what is published under it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Keyed {
    scope: Hash,
    content: Hash,
}

type Hash = [u8; 32];

impl Keyed {
    pub(super) fn new(draft: &Draft<'_>, key: &IdempotencyKey, sub: Option<&str>) -> Self {
        Self {
            scope: hash([Some(draft.channel), sub, Some(key.as_str())]),
            content: match draft.change {
                Change::Message { event, data } => hash([event, Some(data)]),
                Change::Deletion | Change::Gap => hash([]),
            },
        }
    }
}

impl Keyed {
    /// Of the scope, and of the content.
    pub(super) fn hashes(self) -> (Hash, Hash) {
        (self.scope, self.content)
    }

    /// For keeping it elsewhere.
    pub(super) fn to_bytes(self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&self.scope);
        bytes[32..].copy_from_slice(&self.content);
        bytes
    }

    /// What [`to_bytes`](Self::to_bytes) made of it.
    pub(super) fn from_bytes(bytes: &[u8; 64]) -> Self {
        let (mut scope, mut content) = ([0; 32], [0; 32]);
        scope.copy_from_slice(&bytes[..32]);
        content.copy_from_slice(&bytes[32..]);
        Self { scope, content }
    }
}

/// Of texts that may be missing. No two lists of the same length have the same bytes.
fn hash<const N: usize>(texts: [Option<&str>; N]) -> Hash {
    let mut hash = Sha256::new();
    for text in texts {
        let length = text.map_or(u64::MAX, |text| text.len() as u64);
        hash.update(length.to_be_bytes());
        hash.update(text.unwrap_or_default());
    }
    hash.finalize().into()
}

/// The keys of one life of the server.
#[derive(Debug)]
pub(crate) struct Keys {
    most: usize,
    slots: HashMap<Hash, Slot>,
    /// Those whose message is published, and when they are forgotten.
    published: VecDeque<(Duration, Hash)>,
}

#[derive(Debug)]
struct Slot {
    content: Hash,
    state: State,
}

#[derive(Debug)]
enum State {
    UnderWay(Receipt),
    Published(Published),
    /// Before the server started.
    Restored(Cursor),
}

impl Keys {
    /// At most `most` at one time.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            slots: HashMap::new(),
            published: VecDeque::new(),
        }
    }

    /// The receipt of the same message that came before. `None` if it is new, and there is room for its key.
    /// If there is none, this counts who is refused.
    pub(super) fn find(
        &mut self,
        keyed: &Keyed,
        now: Duration,
        counters: &Counters,
    ) -> Result<Option<Receipt>, Refusal> {
        while let Some((until, scope)) = self.published.front()
            && *until <= now
        {
            self.slots.remove(scope);
            self.published.pop_front();
        }
        match self.slots.get(&keyed.scope) {
            Some(slot) if slot.content != keyed.content => Err(Refusal::OtherContent),
            Some(slot) => Ok(Some(match &slot.state {
                State::UnderWay(receipt) => receipt.clone(),
                State::Published(published) => Receipt::new(Outcome::Shown(*published)),
                State::Restored(cursor) => Receipt::new(Outcome::Before(*cursor)),
            })),
            None if self.slots.len() >= self.most => {
                let next = self.published.front();
                let wait = next.map_or(Duration::ZERO, |(until, _)| *until - now);
                counters.refused(Limit::IdempotencyKeys);
                Err(Refusal::NoRoomForKey { wait })
            }
            None => Ok(None),
        }
    }

    /// A message is under way under this new key.
    pub(super) fn begin(&mut self, keyed: Keyed, receipt: Receipt) {
        let state = State::UnderWay(receipt);
        let content = keyed.content;
        self.slots.insert(keyed.scope, Slot { content, state });
    }

    /// The message under this key, which was new or under way, is published.
    pub(super) fn publish(&mut self, keyed: Keyed, published: Published, now: Duration) {
        let slot = Slot {
            content: keyed.content,
            state: State::Published(published),
        };
        self.slots.insert(keyed.scope, slot);
        self.published.push_back((now + KEPT, keyed.scope));
    }

    /// A message was published under this key before the server started, so long ago. To be called in the order in which
    /// they were published.
    pub(super) fn restore(&mut self, keyed: Keyed, cursor: Cursor, age: Duration, now: Duration) {
        if let Some(left) = KEPT.checked_sub(age)
            && !left.is_zero()
        {
            let slot = Slot {
                content: keyed.content,
                state: State::Restored(cursor),
            };
            self.slots.insert(keyed.scope, slot);
            self.published.push_back((now + left, keyed.scope));
        }
    }

    /// The message under this key is not published: if it comes again, it is new.
    pub(super) fn fail(&mut self, keyed: &Keyed) {
        if let Entry::Occupied(slot) = self.slots.entry(keyed.scope)
            && matches!(slot.get().state, State::UnderWay(_))
        {
            slot.remove();
        }
    }
}

/// How long a key is remembered.
pub(crate) const KEPT: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests;
