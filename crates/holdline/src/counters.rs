//! What the server counts while it works.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::transport::Transport;

/// Counters that only grow.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    published: AtomicU64,
    delivered: [Delivered; LOOPS],
    lost: AtomicU64,
    requests: AtomicU64,
    rejected: AtomicU64,
    refused: [AtomicU64; Limit::ALL.len()],
}

macro_rules! limits {
    ($($(#[$doc:meta])* $limit:ident = $name:literal,)*) => {
        /// What a client was refused for although there was nothing wrong with what it asked.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(crate) enum Limit {
            $($(#[$doc])* $limit,)*
        }

        impl Limit {
            pub(crate) const ALL: [Self; [$($name),*].len()] = [$(Self::$limit),*];

            /// What it is called where it is counted.
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
    /// `--max-upload-total`
    UploadTotal = "upload_total",
    /// The server stops.
    Stopping = "stopping",
}

/// What some of the loops counted, in memory of its own: loops that count in the same line wait for each other.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Delivered([AtomicU64; Transport::ALL.len()]);

/// Loops beyond so many share with others.
const LOOPS: usize = 16;

/// The [`Counters`] of one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    pub(crate) published: u64,
    pub(crate) delivered: [(Transport, u64); Transport::ALL.len()],
    pub(crate) lost: u64,
    pub(crate) requests: u64,
    pub(crate) rejected: u64,
    pub(crate) refused: [(Limit, u64); Limit::ALL.len()],
}

impl Counters {
    /// A message can be seen.
    pub(crate) fn published(&self) {
        self.published.fetch_add(1, Ordering::Relaxed);
    }

    /// A subscriber of this loop was given messages, or told that it lost some, or both.
    pub(crate) fn delivered(
        &self,
        index: usize,
        transport: Transport,
        messages: usize,
        lost: bool,
    ) {
        let Delivered(delivered) = &self.delivered[index % LOOPS];
        delivered[transport as usize].fetch_add(messages as u64, Ordering::Relaxed);
        if lost {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A request has reached a route.
    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// A request was answered with an error before it reached a route.
    pub(crate) fn rejected(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }

    /// A client was refused because of a limit.
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
            lost: read(&self.lost),
            requests: read(&self.requests),
            rejected: read(&self.rejected),
            refused: Limit::ALL.map(|limit| (limit, read(&self.refused[limit as usize]))),
        }
    }
}
