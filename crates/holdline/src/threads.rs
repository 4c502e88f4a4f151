//! Threads that a command cannot do without.

use std::thread::{Builder, JoinHandle};

/// Starts a thread of this name. An error says in words that there is none.
pub(crate) fn start<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, String> {
    let thread = Builder::new().name(name.to_owned()).spawn(work);
    thread.map_err(|error| format!("cannot start a thread: {error}"))
}
