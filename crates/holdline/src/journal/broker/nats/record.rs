//! The record of the life, and what a new life needs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::api::{self, Done, Failure, Stored, WRONG_LAST};
use super::link::away;
use super::publishing::{Denial, ack, receive_acks};
use super::session::Session;
use crate::journal::broker::engine::{Fate, Life, Trouble};

/// The record, and under which number of its bucket it was written.
pub(super) struct Record {
    revision: u64,
    pub(super) life: Option<Life>,
}

/// As it is written: JSON, so that people can read it.
#[derive(Deserialize, Serialize)]
struct Written {
    epoch: u64,
    start: u64,
    engine: String,
}

pub(super) fn read(session: &mut Session) -> Result<Record, Trouble> {
    let bucket = api::bucket(&session.place.address);
    let body = json!({"last_by_subj": subject(session)});
    let subject = format!("STREAM.MSG.GET.{bucket}");
    let stored: Stored = match api::ask(&mut session.link, &subject, &body) {
        Err(Failure::Refused(error)) if error.err_code == api::NO_MESSAGE => {
            let (revision, life) = (0, None);
            return Ok(Record { revision, life });
        }
        other => other?,
    };
    let data = STANDARD.decode(&stored.message.data).unwrap_or_default();
    // If somebody else has written something there, it is like none.
    let life = serde_json::from_slice(&data)
        .ok()
        .map(|written: Written| Life {
            epoch: written.epoch,
            start: written.start,
            engine: written.engine,
        });
    let revision = stored.message.seq;
    Ok(Record { revision, life })
}

/// Writes `next` if the record is still `before`.
pub(super) fn set(
    session: &mut Session,
    before: Option<&Life>,
    next: &Life,
) -> Result<bool, Trouble> {
    let record = read(session)?;
    if record.life.as_ref() != before {
        return Ok(false);
    }
    let is_new = before.is_none_or(|before| before.epoch != next.epoch);
    if is_new {
        // Before it begins, so that nothing in it has a smaller number.
        advance(session, next.start)?;
    }
    let is_written = write(session, record.revision, next)?;
    if is_written && is_new {
        session.place.seen.forget();
    }
    Ok(is_written)
}

/// Writes the record if the one there still has this revision.
fn write(session: &mut Session, revision: u64, life: &Life) -> Result<bool, Trouble> {
    let written = Written {
        epoch: life.epoch,
        start: life.start,
        engine: life.engine.clone(),
    };
    let written = serde_json::to_vec(&written).map_err(|error| away(&error))?;
    let subject = subject(session);
    let revision = revision.to_string();
    let expected = ("Nats-Expected-Last-Subject-Sequence", revision.as_str());
    let number = session.link.queue(&subject, &[expected], &written);
    let answer = session.link.answer(number)?;
    match ack(&answer) {
        Ok(_) => Ok(true),
        Err(Denial::Refused { code, .. }) if code == WRONG_LAST => Ok(false),
        Err(Denial::Refused { text, .. } | Denial::Unreadable(text)) => Err(away(&text)),
    }
}

fn subject(session: &Session) -> String {
    format!("$KV.{}.life", session.place.address.stream)
}

/// Has the stream give only numbers greater than `start`.
fn advance(session: &mut Session, start: u64) -> Result<(), Trouble> {
    let missing = start.saturating_sub(session.stream()?.state.last_seq);
    match missing {
        0 => return Ok(()),
        1..=MOST_NOTHINGS => fill(session, missing)?,
        _ => {
            let subject = format!("STREAM.PURGE.{}", session.place.address.stream);
            let Done {} = api::ask(&mut session.link, &subject, &json!({"seq": start + 1}))?;
        }
    }
    match session.stream()?.state.last_seq >= start {
        true => Ok(()),
        false => Err(away(&"the stream of NATS does not take greater numbers")),
    }
}

/// Uses up so many numbers.
fn fill(session: &mut Session, missing: u64) -> Result<(), Trouble> {
    let subject = session.place.subjects.nothing();
    let mut left = usize::try_from(missing).unwrap_or(usize::MAX);
    while left > 0 {
        let count = left.min(NOTHINGS);
        let first = session.link.next();
        for _ in 0..count {
            session.link.queue(&subject, &[], b"");
        }
        let mut fates = vec![None; count];
        receive_acks(session, first, &mut fates)?;
        for fate in fates.into_iter().flatten() {
            if let Fate::Refused(text) | Fate::Unknown(text) = fate {
                return Err(away(&text));
            }
        }
        left -= count;
    }
    Ok(())
}

/// Entries that say nothing are sent so many at a time.
const NOTHINGS: usize = 500;
/// If more would be needed, the stream is purged instead.
const MOST_NOTHINGS: u64 = 10_000;
