//! Waiting with a limit.

use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for anything before it gives up. It is generous because the machine may be busy: no test is
/// about speed.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Calls `ask` repeatedly until there is an answer.
///
/// # Panics
/// If there is none within [`LIMIT`]: "waited in vain for `what`".
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(
            Instant::now() < end,
            "waited in vain for {what} ({} s)",
            LIMIT.as_secs()
        );
        thread::sleep(Duration::from_millis(10));
    }
}
