//! What time it is for an event loop.

use std::time::{Duration, Instant, SystemTime};

use holdline_http1::HeaderBlock;

/// The server's time as a loop knows it, looked up once a turn, and the `Date` field line, made once a second.
pub(crate) struct Clock {
    origin: Instant,
    /// Milliseconds since `origin`.
    pub(crate) now: u64,
    pub(crate) date: HeaderBlock,
    date_made: u64,
}

impl Clock {
    /// All loops of a server have the same origin, so that what they say of time can be compared.
    pub(crate) fn new(origin: Instant) -> Self {
        Self {
            origin,
            now: 0,
            date: date_block(),
            date_made: 0,
        }
    }

    pub(crate) fn elapsed(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// How long it is since `origin`.
    pub(crate) fn time(&self) -> Duration {
        self.origin.elapsed()
    }

    /// Looks at the time, and returns it.
    pub(crate) fn advance(&mut self) -> Duration {
        let elapsed = self.origin.elapsed();
        self.now = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        if self.now - self.date_made >= 1_000 {
            self.date = date_block();
            // Aligned to the loop's own seconds: the date is at most a second old.
            self.date_made = self.now - self.now % 1_000;
        }
        elapsed
    }
}

fn date_block() -> HeaderBlock {
    let date = httpdate::fmt_http_date(SystemTime::now());
    // A formatted date is a valid field value.
    HeaderBlock::new([("Date", date)]).unwrap_or_default()
}
