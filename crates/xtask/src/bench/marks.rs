//! How fast each case must be.

use std::fmt;

/// A limit to a ratio of times of one run.
pub(crate) struct Mark {
    pub(crate) case: &'static str,
    pub(crate) limit: f64,
    pub(crate) base: Base,
}

/// What our time is divided by.
pub(crate) enum Base {
    /// The fastest of the peers in that case.
    BestPeer,
    Contestant(&'static str),
    Floor,
    /// Our own time in another case.
    Case(&'static str),
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "≤ {} of ", self.limit)?;
        match self.base {
            Base::BestPeer => f.write_str("best peer"),
            Base::Contestant(name) => f.write_str(name),
            Base::Floor => f.write_str("floor"),
            Base::Case(case) => write!(f, "“{case}”"),
        }
    }
}

/// Holds for every case: our time divided by that of its best peer.
pub(crate) const OF_BEST_PEER: f64 = 1.0;

/// The tighter ones.
pub(crate) const MARKS: &[Mark] = &[
    of_best_peer("WebSocket decode/binary 16 B", 0.50),
    of_best_peer("WebSocket decode/binary 125 B", 0.60),
    of_best_peer("WebSocket decode/binary 1 KiB", 0.75),
    of_floor("WebSocket decode/binary 16 KiB", 1.15),
    of_floor("WebSocket decode/binary 1 MiB", 1.15),
    of_floor("WebSocket decode/ASCII text 16 KiB", 1.15),
    of_floor("WebSocket decode/ASCII text 1 MiB", 1.15),
    of_best_peer("WebSocket decode/mixed text 1 KiB", 0.85),
    of_floor("WebSocket decode/mixed text 16 KiB", 1.15),
    of_best_peer("WebSocket decode/mixed text 1 MiB", 0.95),
    of_floor("WebSocket decode/mixed text 1 MiB", 1.15),
    of_best_peer("WebSocket encode/server 16 B", 0.60),
    of_best_peer("WebSocket encode/server 1 KiB", 0.90),
    of_floor("WebSocket encode/server 16 KiB", 1.15),
    of_floor("WebSocket encode/server 1 MiB", 1.15),
    of_best_peer("WebSocket encode/client 16 B", 0.60),
    of_best_peer("WebSocket encode/client 1 KiB", 0.80),
    of_floor("WebSocket encode/client 16 KiB", 1.15),
    of_best_peer("WebSocket encode/client 1 MiB", 0.75),
    of_floor("WebSocket encode/client 1 MiB", 1.15),
    of_best_peer("SSE decode/tokens, 16 KiB pieces", 0.65),
    of_best_peer("SSE decode/tokens, 1-100 B pieces", 0.75),
    of_best_peer("SSE decode/multi-line, 16 KiB pieces", 0.55),
    Mark {
        case: "SSE decode/1 MiB line, 64 B pieces",
        limit: 2.0,
        base: Base::Case("SSE decode/1 MiB line, one piece"),
    },
    of("HTTP head/browser", 1.0, "httparse"),
    of("HTTP head/small", 1.0, "httparse"),
    of("HTTP head/POST", 1.0, "httparse"),
    of("HTTP cycle/small, single", 0.25, "hyper"),
    of_floor("HTTP cycle/small, single", 1.6),
    of("HTTP cycle/small, 16 pipelined", 0.25, "hyper"),
    of_floor("HTTP cycle/small, 16 pipelined", 1.6),
    of("HTTP cycle/browser, single", 0.25, "hyper"),
    of_floor("HTTP cycle/browser, single", 1.6),
    of("HTTP cycle/browser, 16 pipelined", 0.25, "hyper"),
    of_floor("HTTP cycle/browser, 16 pipelined", 1.6),
];

const fn of_best_peer(case: &'static str, limit: f64) -> Mark {
    Mark {
        case,
        limit,
        base: Base::BestPeer,
    }
}

const fn of_floor(case: &'static str, limit: f64) -> Mark {
    Mark {
        case,
        limit,
        base: Base::Floor,
    }
}

const fn of(case: &'static str, limit: f64, contestant: &'static str) -> Mark {
    Mark {
        case,
        limit,
        base: Base::Contestant(contestant),
    }
}
