//! What time it is for an event loop.

use std::time::{Duration, Instant, SystemTime};

use holdline_http1::{HeaderBlock, PreparedResponse};

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

/// Gives a response the date of this field line, unless it has it already.
pub(crate) fn renew_date(response: &mut PreparedResponse, line: &HeaderBlock) {
    let line = line.as_bytes().strip_prefix(b"Date: ");
    let Some(date) = line.and_then(|line| line.strip_suffix(b"\r\n")) else {
        return;
    };
    if response.date() != Some(date)
        && let Ok(date) = str::from_utf8(date)
        && let Err(error) = response.set_date(date)
    {
        // It stands in a field line already.
        tracing::error!(%error, "a date cannot be sent");
    }
}

/// RFC 9110 §6.6.1: "An origin server with a clock [...] MUST generate a Date header field in all
/// 2xx (Successful), 3xx (Redirection), and 4xx (Client Error) responses".
pub(crate) fn date_block() -> HeaderBlock {
    let date = httpdate::fmt_http_date(SystemTime::now());
    // A formatted date is a valid field value.
    HeaderBlock::new([("Date", date)]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prepared_response_gets_the_date_of_this_second() {
        let mut response = PreparedResponse::new(200, (), b"").unwrap();
        for date in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:38 GMT",
        ] {
            renew_date(&mut response, &HeaderBlock::new([("Date", date)]).unwrap());
            assert_eq!(response.date(), Some(date.as_bytes()));
        }
        let real = date_block();
        renew_date(&mut response, &real);
        let line = [&b"Date: "[..], response.date().unwrap(), b"\r\n"].concat();
        assert_eq!(line, real.as_bytes()[..]);
    }
}
