//! Waiting with a limit.

use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for anything before it gives up. It is generous because the machine may be busy: no test is
/// about speed.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Calls `ask` repeatedly until there is an answer. To ask a browser costs some milliseconds of its time, so the pauses
/// grow with what was waited already.
///
/// # Panics
/// If there is none within [`LIMIT`]: "waited in vain for `what`".
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(
            start.elapsed() < LIMIT,
            "waited in vain for {what} ({} s)",
            LIMIT.as_secs()
        );
        let pause = start.elapsed() / 10;
        thread::sleep(pause.clamp(Duration::from_millis(10), Duration::from_millis(40)));
    }
}
