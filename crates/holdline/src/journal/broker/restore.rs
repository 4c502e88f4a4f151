//! From entries of the engine to messages of the hub.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::engine::{Change, Connection, Entry, Sight, Trouble, What};
use super::past::Past;
use crate::access::patterns::checked;
use crate::hub::{Hub, KeptMessage, Wakes};
use crate::journal::Effect;
use crate::message::Content;
use crate::names::{check_channel, parse_event};
use crate::once_a_minute::OnceAMinute;

/// What an entry means for the hub.
#[derive(Debug)]
pub(super) enum Judged {
    Change { channel: String, effect: Effect },
    Nothing,
}

/// Judges entries, which anybody may have written.
#[derive(Debug)]
pub(super) struct Judge {
    max_message: usize,
    told: OnceAMinute,
}

impl Judge {
    pub(super) fn new(max_message: usize) -> Self {
        Self {
            max_message,
            told: OnceAMinute::new(),
        }
    }

    pub(super) fn judge(&self, number: u64, what: What, hub: &Hub) -> Judged {
        match self.read(what) {
            Ok(judged) => judged,
            Err(why) => {
                hub.counters.bad_entry();
                if self.told.is_due() {
                    tracing::warn!(number, "an entry of the broker is left out: {why:?}");
                }
                Judged::Nothing
            }
        }
    }

    pub(super) fn read(&self, what: What) -> Result<Judged, String> {
        let (channel, change) = match what {
            What::Change { channel, change } => (channel, change),
            What::Nothing => return Ok(Judged::Nothing),
            What::Bad(why) => return Err(why),
        };
        if change == Change::Gap {
            let name = checked(&channel)?.trim_end_matches('*');
            if !name.is_empty() {
                check_channel(name).map_err(|error| error.to_string())?;
            }
            let effect = Effect::Gap;
            return Ok(Judged::Change { channel, effect });
        }
        check_channel(&channel).map_err(|error| error.to_string())?;
        let Change::Message { event, data } = change else {
            let effect = Effect::Deletion;
            return Ok(Judged::Change { channel, effect });
        };
        let event = event.as_deref().map(parse_event).transpose();
        let event = event.map_err(|error| error.to_string())?;
        if data.len() > self.max_message {
            return Err(format!("its data is longer than {}", self.max_message));
        }
        let effect = Effect::Message(Content::new(&channel, event, &data));
        Ok(Judged::Change { channel, effect })
    }
}

/// Shows what the engine keeps, before anybody subscribes or publishes. Returns the number and the mark of the newest
/// entry.
pub(super) fn restore(
    connection: &mut dyn Connection,
    sight: &Sight,
    judge: &Judge,
    past: &Past,
    hub: &Hub,
) -> Result<Option<(u64, u64)>, Trouble> {
    let mut wakes = Wakes::default();
    let (mut next, mut newest) = (sight.first, None);
    let mut oldest = sight.first.saturating_sub(1);
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default();
    while next <= sight.last {
        let entries = connection.range(next, sight.last, PIECE)?;
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            let Entry {
                number,
                mark,
                time,
                what,
            } = entry;
            if number < next {
                continue;
            }
            if number > next {
                // What was there before belongs to nobody's history any more.
                hub.lose(number - 1, &mut wakes);
                oldest = number - 1;
            }
            match judge.judge(number, what, hub) {
                Judged::Change { channel, effect } => {
                    past.passes(number, &channel, &effect, hub);
                    let age = time.map_or(Duration::ZERO, |time| {
                        now.saturating_sub(Duration::from_millis(time))
                    });
                    let entry = Shown { number, age };
                    show(entry, &channel, effect, oldest, hub, &mut wakes);
                }
                Judged::Nothing => hub.skip(number, &mut wakes),
            }
            next = number + 1;
            newest = Some((number, mark));
        }
    }
    // The newest are not there. If they were of this life, somebody may have the number of one before them.
    let start = sight.life.as_ref().map_or(0, |life| life.start);
    if next <= sight.last && start < sight.last {
        hub.lose(sight.last, &mut wakes);
        oldest = sight.last;
    }
    past.lose(oldest);
    hub.restored(sight.last, oldest);
    Ok(newest.filter(|(number, _)| *number == sight.last))
}

/// The number of an entry, and how long ago it came.
struct Shown {
    number: u64,
    age: Duration,
}

/// Shows a change. All up to `oldest` is gone.
fn show(entry: Shown, channel: &str, effect: Effect, oldest: u64, hub: &Hub, wakes: &mut Wakes) {
    let Shown { number, age } = entry;
    let Effect::Message(content) = effect else {
        // Nobody waits for it.
        let _ = effect.show(number, channel, hub, wakes);
        return;
    };
    hub.restore(KeptMessage {
        number,
        channel,
        // If the channel is not known, it may have been here before.
        previous: oldest.max(hub.forgotten()),
        content,
        age,
    });
}

/// Entries that are asked for at a time.
const PIECE: usize = 1000;
