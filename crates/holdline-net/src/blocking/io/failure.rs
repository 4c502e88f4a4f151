//! Errors of a stream that are reported more than once, and timeouts that say what did not come.

use std::fmt;
use std::io::{Error, ErrorKind};
use std::time::Duration;

/// An error of the stream, which every later call reports again: an `io::Error` cannot be cloned.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    kind: ErrorKind,
    code: Option<i32>,
    text: String,
}

impl Failure {
    pub(super) fn of(error: &Error) -> Self {
        Self {
            kind: error.kind(),
            code: error.raw_os_error(),
            text: error.to_string(),
        }
    }

    pub(super) fn error(&self) -> Error {
        match self.code {
            Some(code) => Error::from_raw_os_error(code),
            None => Error::new(self.kind, self.text.clone()),
        }
    }
}

/// Whether a timeout has passed. Unix says `WouldBlock`, Windows says `TimedOut`, and so do we.
pub(in crate::blocking) fn is_timeout(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// What is written before an error of the stream. A timeout needs nothing before it.
pub(in crate::blocking) fn failed(error: &Error) -> &'static str {
    match is_timeout(error) {
        true => "",
        false => "the connection failed: ",
    }
}

/// A timeout, in the words of the caller that waited: "no answer within 30 s".
pub(in crate::blocking) fn timed_out(missing: &'static str, limit: Duration) -> Error {
    Error::new(ErrorKind::TimedOut, TimedOut { missing, limit })
}

#[derive(Debug)]
struct TimedOut {
    missing: &'static str,
    limit: Duration,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { missing, limit } = self;
        let ms = limit.as_millis();
        match limit.as_secs() {
            0 => write!(f, "{missing} within {ms} ms"),
            seconds if ms % 1000 < 50 => write!(f, "{missing} within {seconds} s"),
            _ => write!(f, "{missing} within {:.1} s", limit.as_secs_f64()),
        }
    }
}

impl std::error::Error for TimedOut {}
