//! Signals, and what each of them does.

#[cfg(unix)]
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

#[cfg(unix)]
use crate::threads;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wish {
    /// SIGINT or SIGTERM.
    Stop,
    /// SIGHUP. It is ignored if it was ignored when the program started (`nohup`).
    Reload,
}

/// Calls `act` on a thread of its own for each signal.
#[cfg(unix)]
pub(crate) fn listen(mut act: impl FnMut(Wish) + Send + 'static) -> Result<(), String> {
    let mut wanted = vec![SIGINT, SIGTERM];
    if !is_ignored(SIGHUP) {
        wanted.push(SIGHUP);
    }
    let failed = |error: std::io::Error| format!("cannot listen for signals: {error}");
    let mut signals = signal_hook::iterator::Signals::new(wanted).map_err(failed)?;
    let listen = move || {
        for signal in signals.forever() {
            act(if signal == SIGHUP {
                Wish::Reload
            } else {
                Wish::Stop
            });
        }
    };
    threads::start("signals", listen).map(drop)
}

#[cfg(not(unix))]
pub(crate) fn listen(mut act: impl FnMut(Wish) + Send + 'static) -> Result<(), String> {
    ctrlc::set_handler(move || act(Wish::Stop))
        .map_err(|error| format!("cannot listen for signals: {error}"))
}

/// A write that is refused because of `ulimit -f` is an error then, and does not end the process.
#[cfg(unix)]
pub(crate) fn survive_file_limit() -> Result<(), String> {
    let seen = std::sync::Arc::default();
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, seen)
        .map(|_| ())
        .map_err(|error| format!("cannot listen for signals: {error}"))
}

#[cfg(not(unix))]
pub(crate) fn survive_file_limit() -> Result<(), String> {
    Ok(())
}

/// Whether the program was started with this signal ignored. Read from `/proc`; where that is missing, the answer is
/// no.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored_in(&status, signal)
}

#[cfg(unix)]
fn ignored_in(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or(0) & 1 << (signal - 1) != 0
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        let status = "Name:\tx\nSigBlk:\tffffffffffffffff\nSigIgn:\t0000000000001001\n";
        assert!(ignored_in(status, SIGHUP));
        assert!(!ignored_in(status, SIGINT));
        assert!(ignored_in(status, 13));
        assert!(!ignored_in("", SIGHUP));
    }
}
