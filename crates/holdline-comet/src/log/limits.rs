//! How much a log keeps.

use core::time::Duration;

/// How much a [`Log`](super::Log) keeps.
///
/// `max_messages`, `max_bytes` and `max_age` bound what is retained: what a client can ask for later. A
/// message stops being retained as soon as one of them is exceeded. 0 means none. `resume_window` and
/// `max_lag` say how long it lingers after that, so that clients which were here get it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogLimits {
    /// The most messages retained. The default is 1000.
    pub max_messages: usize,
    /// The most bytes retained, by the sizes given to [`Log::push`](super::Log::push) and
    /// [`Log::charge`](super::Log::charge). The default is 1 MiB.
    pub max_bytes: usize,
    /// A message is not retained any more once it is older than this. The default is `None`: age does
    /// not matter.
    pub max_age: Option<Duration>,
    /// How long a message stays after it was pushed, even if it is not retained: allow for the time between two
    /// polls, or for connecting again after a cut. The default is zero.
    pub resume_window: Duration,
    /// How many bytes, by the sizes given to [`Log::push`](super::Log::push), may be there after the message
    /// that a [live client](super::Log::join) needs next. As long as there are no more, that message
    /// stays. The default is 1 MiB.
    pub max_lag: u64,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self {
            max_messages: 1000,
            max_bytes: 1 << 20,
            max_age: None,
            resume_window: Duration::ZERO,
            max_lag: 1 << 20,
        }
    }
}
