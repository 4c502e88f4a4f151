//! From a feed into the journal.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::app::Shared;
use crate::journal::{Appended, Draft, Fence, Outcome, Receipt};
use crate::names::check_channel;
use crate::once_a_minute::OnceAMinute;

/// Publishes what one feed takes.
#[derive(Debug)]
pub(super) struct Outlet {
    shared: Arc<Shared>,
    /// Of the channels of this feed.
    pattern: String,
    /// What the journal has not answered yet.
    unsettled: VecDeque<(Receipt, What)>,
    /// Something may be missing, and nobody has been told.
    is_torn: bool,
    told: OnceAMinute,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum What {
    Message,
    Gap,
}

impl Outlet {
    pub(super) fn new(shared: Arc<Shared>, pattern: String) -> Self {
        Self {
            shared,
            pattern,
            unsettled: VecDeque::new(),
            is_torn: false,
            told: OnceAMinute::new(),
        }
    }

    /// Something may be missing from here on.
    pub(super) fn tear(&mut self) {
        self.is_torn = true;
    }

    /// Publishes a message. Waits a while if the journal takes none, as long as `go_on` says.
    pub(super) fn publish(
        &mut self,
        channel: &[u8],
        data: &[u8],
        fence: Option<Fence<'_>>,
        mut go_on: impl FnMut() -> bool,
    ) {
        let most = self.shared.options.max_message;
        let (channel, data) = match judge(channel, data, most) {
            Ok(message) => message,
            Err(why) => {
                let channel = String::from_utf8_lossy(&channel[..channel.len().min(SHOWN)]);
                return self.refuse(&format!("{channel:?}: {why}"));
            }
        };
        let draft = Draft {
            fence,
            ..Draft::message(channel, None, data)
        };
        let begun = Instant::now();
        loop {
            self.settle(fence);
            if !self.is_torn && self.append(draft, What::Message) {
                return;
            }
            if begun.elapsed() >= PATIENCE || !go_on() {
                self.is_torn = true;
                return self.refuse(&format!("{channel:?}: the journal takes no message"));
            }
            thread::sleep(PAUSE);
        }
    }

    /// Looks at the answers of the journal, and says that something is missing if that is so. Call it now and then.
    pub(super) fn settle(&mut self, fence: Option<Fence<'_>>) {
        while let Some((receipt, what)) = self.unsettled.front() {
            let (outcome, what) = (receipt.outcome(), *what);
            match outcome {
                Outcome::Pending => break,
                Outcome::Refused(refusal) => {
                    self.is_torn = true;
                    if what == What::Message {
                        self.refuse(&format!("the journal did not keep it: {refusal:?}"));
                    }
                }
                Outcome::Kept(_) | Outcome::Shown(_) | Outcome::Before(_) => self.count(what),
            }
            self.unsettled.pop_front();
        }
        if self.is_torn {
            let pattern = std::mem::take(&mut self.pattern);
            let draft = Draft {
                fence,
                ..Draft::gap(&pattern)
            };
            self.is_torn = !self.append(draft, What::Gap);
            self.pattern = pattern;
        }
    }

    /// Returns whether the journal has taken it.
    fn append(&mut self, draft: Draft<'_>, what: What) -> bool {
        if self.unsettled.len() >= MOST_UNSETTLED {
            return false;
        }
        match self.shared.journal.append(draft, None) {
            Ok(Appended::Shown(_)) => self.count(what),
            Ok(Appended::Later(receipt) | Appended::Repeated(receipt)) => {
                self.unsettled.push_back((receipt, what));
            }
            Err(refusal) => {
                tracing::debug!(?refusal, "the journal takes nothing of a feed");
                return false;
            }
        }
        true
    }

    fn count(&self, what: What) {
        let counts = &self.shared.hub.counters.feeds;
        match what {
            What::Message => counts.taken(),
            What::Gap => counts.torn(),
        }
    }

    /// Counts a message that is not published, and says why.
    fn refuse(&self, why: &str) {
        self.shared.hub.counters.feeds.refused();
        if self.told.is_due() {
            tracing::warn!("a message of --feed is left out: {why}");
        }
    }
}

/// The name of the channel and the text, if they are good.
fn judge<'m>(channel: &'m [u8], data: &'m [u8], most: usize) -> Result<(&'m str, &'m str), String> {
    let channel = std::str::from_utf8(channel).map_err(|_| "the channel's name is not UTF-8")?;
    check_channel(channel).map_err(|error| error.to_string())?;
    if data.len() > most {
        return Err(format!("it is longer than --max-message {most}"));
    }
    let data = std::str::from_utf8(data).map_err(|_| "its text is not UTF-8")?;
    Ok((channel, data))
}

/// How long a message waits for the journal to take it.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(5);
/// So many messages at most are on their way.
const MOST_UNSETTLED: usize = 1000;
/// Bytes of a bad name that are logged.
const SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_is_told_from_what_is() {
        assert_eq!(judge(b"news", "grüße".as_bytes(), 7), Ok(("news", "grüße")));
        assert_eq!(judge(b"news", b"", 7), Ok(("news", "")));
        for (channel, data, why) in [
            (&b"news"[..], &b"12345678"[..], "--max-message 7"),
            (b"news", b"\xff", "its text"),
            (b"\xff", b"", "name is not UTF-8"),
            (b"", b"", "empty"),
            (b"a/b", b"", "slash"),
            (b"holdline.x", b"", "own"),
            (&[b'x'; 129], b"", "128"),
        ] {
            let said = judge(channel, data, 7).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }
}
