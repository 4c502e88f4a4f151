//! What the server counts while it runs.

mod feeds;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub(crate) use self::feeds::{CountedFeeds, FeedCounters};
use crate::transport::Transport;

/// Counters that only go up.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    published: AtomicU64,
    delivered: [Delivered; LOOPS],
    lost: [AtomicU64; Loss::ALL.len()],
    requests: AtomicU64,
    rejected: AtomicU64,
    bad_entries: AtomicU64,
    refused: [AtomicU64; Limit::ALL.len()],
    delay_counts: [AtomicU64; Delays::BOUNDS.len() + 1],
    delay_micros: AtomicU64,
    pub(crate) feeds: FeedCounters,
}

macro_rules! limits {
    ($($(#[$doc:meta])* $limit:ident = $name:literal,)*) => {
        /// The limit because of which a client was refused, although its request was fine.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(crate) enum Limit {
            $($(#[$doc])* $limit,)*
        }

        impl Limit {
            pub(crate) const ALL: [Self; [$($name),*].len()] = [$(Self::$limit),*];

            /// The label for counters.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$limit => $name,)*
                }
            }
        }
    };
}

limits! {
    /// `--max-connections`
    Connections = "connections",
    /// `--max-connections-per-address`
    Address = "address",
    /// `--max-replay-per-address`
    Replay = "replay",
    /// `--max-asked-channels`
    AskedChannels = "asked_channels",
    /// `--idempotency-keys`
    IdempotencyKeys = "idempotency_keys",
    /// `--max-publish-rate`
    PublishRate = "publish_rate",
    /// `--max-upload-total`
    UploadTotal = "upload_total",
    /// The server is stopping.
    Stopping = "stopping",
}

/// Counts of some of the loops, in memory of their own: loops that write to the same cache line slow each other
/// down.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Delivered([AtomicU64; Transport::ALL.len()]);

/// If there are more loops than this, they share.
const LOOPS: usize = 16;

/// A snapshot of the [`Counters`].
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    pub(crate) published: u64,
    pub(crate) delivered: [(Transport, u64); Transport::ALL.len()],
    pub(crate) lost: [(Loss, u64); Loss::ALL.len()],
    pub(crate) requests: u64,
    pub(crate) rejected: u64,
    pub(crate) bad_entries: u64,
    pub(crate) refused: [(Limit, u64); Limit::ALL.len()],
    /// Error answers by their `code`.
    pub(crate) errors: BTreeMap<&'static str, u64>,
    pub(crate) delays: Delays,
    pub(crate) feeds: CountedFeeds,
}

/// How long deliveries took: one value each time an event loop was told about messages. The time starts when the
/// first of these messages was shown, and ends when the loop has handed all of them to the sockets of all
/// subscribers that had room.
#[derive(Clone, Debug)]
pub(crate) struct Delays {
    /// How many took no longer than each bound but longer than the one before. The last count is for the rest.
    pub(crate) counts: [u64; Self::BOUNDS.len() + 1],
    pub(crate) sum: Duration,
}

impl Delays {
    /// Each bound is twice the one before.
    pub(crate) const BOUNDS: [Duration; 16] = {
        let mut bounds = [Duration::from_micros(100); 16];
        let mut index = 1;
        while index < bounds.len() {
            bounds[index] = Duration::from_micros(100 << index);
            index += 1;
        }
        bounds
    };
}

/// Why a subscriber lost messages.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Loss {
    /// What it asked for is no longer kept, or is from an earlier run of the server.
    #[default]
    Gone,
    /// It was further behind than `--max-lag`.
    Lag,
    /// It was behind, and `--delivery-total` had no room left for what it needed.
    Room,
    /// It was deleted before the subscriber had it.
    Deleted,
    /// It was published where a feed should have listened, and did not.
    Feed,
}

impl Loss {
    pub(crate) const ALL: [Self; 5] =
        [Self::Gone, Self::Lag, Self::Room, Self::Deleted, Self::Feed];

    /// The label for counters.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Lag => "max-lag",
            Self::Room => "delivery-total",
            Self::Deleted => "deleted",
            Self::Feed => "feed",
        }
    }
}

/// Counts an error answer by its `code`. All codes are defined in this program, so there are few of them. One table
/// for the whole process is enough, and callers need no reference to it.
pub(crate) fn error(code: &'static str) {
    *errors().entry(code).or_default() += 1;
}

fn errors() -> std::sync::MutexGuard<'static, BTreeMap<&'static str, u64>> {
    static ERRORS: Mutex<BTreeMap<&'static str, u64>> = Mutex::new(BTreeMap::new());
    ERRORS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Counters {
    /// Counts a message that was shown.
    pub(crate) fn published(&self) {
        self.published.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts messages given to a subscriber of this loop, or that it was told of a loss, or both.
    pub(crate) fn delivered(
        &self,
        index: usize,
        transport: Transport,
        messages: usize,
        loss: Option<Loss>,
    ) {
        let Delivered(delivered) = &self.delivered[index % LOOPS];
        delivered[transport as usize].fetch_add(messages as u64, Ordering::Relaxed);
        if let Some(loss) = loss {
            self.lost[loss as usize].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Records that an event loop has delivered what it was told about. See [`Delays`].
    pub(crate) fn delayed(&self, delay: Duration) {
        let bounds = Delays::BOUNDS.iter();
        let index = bounds.take_while(|bound| **bound < delay).count();
        self.delay_counts[index].fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        self.delay_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Counts a request that reached a route.
    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request that was answered with an error before it reached a route.
    pub(crate) fn rejected(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an entry of the broker that is no message.
    pub(crate) fn bad_entry(&self) {
        self.bad_entries.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a client that was refused because of a limit.
    pub(crate) fn refused(&self, limit: Limit) {
        self.refused[limit as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Counted {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counted {
            published: read(&self.published),
            delivered: Transport::ALL.map(|transport| {
                let loops = self.delivered.iter();
                let counts = loops.map(|Delivered(counts)| read(&counts[transport as usize]));
                (transport, counts.sum())
            }),
            lost: Loss::ALL.map(|loss| (loss, read(&self.lost[loss as usize]))),
            requests: read(&self.requests),
            rejected: read(&self.rejected),
            bad_entries: read(&self.bad_entries),
            refused: Limit::ALL.map(|limit| (limit, read(&self.refused[limit as usize]))),
            errors: errors().clone(),
            delays: Delays {
                counts: std::array::from_fn(|index| read(&self.delay_counts[index])),
                sum: Duration::from_micros(read(&self.delay_micros)),
            },
            feeds: self.feeds.read(),
        }
    }
}
