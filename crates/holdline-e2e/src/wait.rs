//! Waiting with a limit.

use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for anything before it says that this never came. Generous, since the
/// machine may be busy: no test is about speed.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there was none within [`LIMIT`]: "waited in vain for `what`".
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
