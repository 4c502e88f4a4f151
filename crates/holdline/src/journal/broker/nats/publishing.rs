//! Publishing entries.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::api::{self, Ack, Failure, NO_RESPONDERS, Stored};
use super::entry::{CONTENT, headers, hex, message_id};
use super::link::silent;
use super::session::Session;
use super::wire::{self, Headers, Message};
use crate::journal::broker::engine::{Change, Fate, Outgoing, PATIENCE, Trouble};

/// Publishes all at once, then waits for the answers.
pub(super) fn publish(session: &mut Session, epoch: u64, entries: &[Outgoing]) -> Vec<Fate> {
    let first = session.link.next();
    let mut fates: Vec<_> = entries
        .iter()
        .map(|entry| queue(session, epoch, entry).err())
        .collect();
    if let Err(trouble) = receive_acks(session, first, &mut fates) {
        for fate in fates.iter_mut().filter(|fate| fate.is_none()) {
            *fate = Some(Fate::Unknown(trouble.to_string()));
        }
    }
    let fates = fates.into_iter().zip(entries);
    let fates = fates.map(|(fate, entry)| match (fate, &entry.key) {
        (Some(Fate::Repeated(number)), _) => compare(session, number, entry),
        (Some(fate @ Fate::Number(_)), Some(key)) => {
            session.place.seen.saw(&message_id(epoch, key), None);
            fate
        }
        (Some(fate), _) => fate,
        (None, _) => Fate::Unknown(silent().to_string()),
    });
    fates.collect()
}

/// Adds an entry to what is to be sent. In any case it takes the next number of what is asked.
fn queue(session: &mut Session, epoch: u64, entry: &Outgoing) -> Result<(), Fate> {
    let headers = headers(epoch, entry);
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let body = match &entry.change {
        Change::Message { data, .. } => data.as_bytes(),
        Change::Deletion | Change::Gap => b"",
    };
    let room = match &entry.key {
        Some(key) => session.place.seen.has_room(&message_id(epoch, key)),
        None => Ok(()),
    };
    let length = wire::block(&headers).len() + body.len();
    let most = session.link.server.max_payload;
    let fate = match room {
        Err(wait) => Some(Fate::NoRoomForKey(wait)),
        Ok(()) if length > most => Some(Fate::Refused(format!(
            "with its header it has {length} bytes, and max_payload of the server of NATS is {most}"
        ))),
        Ok(()) => None,
    };
    match fate {
        Some(fate) => {
            session.link.skip();
            Err(fate)
        }
        None => {
            let subject = session.place.subjects.channel(&entry.channel);
            session.link.queue(&subject, &headers, body);
            Ok(())
        }
    }
}

/// Sends what is queued, and waits for the answers. They come for numbers from `first` on.
pub(super) fn receive_acks(
    session: &mut Session,
    first: u64,
    fates: &mut [Option<Fate>],
) -> Result<(), Trouble> {
    session.link.flush()?;
    let until = Instant::now() + PATIENCE;
    let mut missing = fates.iter().filter(|fate| fate.is_none()).count();
    while missing > 0 {
        let message = session.link.receive(until)?.ok_or_else(silent)?;
        let index = session
            .link
            .answers(&message)
            .and_then(|number| number.checked_sub(first));
        let index = index.and_then(|index| usize::try_from(index).ok());
        let Some(fate) = index.and_then(|index| fates.get_mut(index)) else {
            continue;
        };
        if fate.is_none() {
            missing -= 1;
            *fate = Some(judge(&message));
        }
    }
    Ok(())
}

/// The server found the message ID of an entry, and says that it is this one.
fn compare(session: &mut Session, number: u64, entry: &Outgoing) -> Fate {
    let Some(key) = &entry.key else {
        return Fate::Repeated(number);
    };
    let subject = format!("STREAM.MSG.GET.{}", session.place.address.stream);
    let stored: Result<Stored, _> = api::ask(&mut session.link, &subject, &json!({"seq": number}));
    let stored = match stored {
        Ok(stored) => stored,
        // It is trimmed already.
        Err(Failure::Refused(error)) if error.err_code == api::NO_MESSAGE => {
            return Fate::Repeated(number);
        }
        Err(failure) => return Fate::Unknown(Trouble::from(failure).to_string()),
    };
    let block = STANDARD.decode(&stored.message.hdrs).unwrap_or_default();
    let headers = Headers::parse(&block).unwrap_or_default();
    match headers.find(CONTENT) == Some(hex(&key.content).as_str()) {
        true => Fate::Repeated(number),
        false => Fate::OtherContent,
    }
}

/// Why there is no number.
pub(super) enum Denial {
    Refused { code: u32, text: String },
    Unreadable(String),
}

pub(super) fn ack(message: &Message) -> Result<Ack, Denial> {
    if message.headers.status == Some(NO_RESPONDERS) {
        let text = "the stream is gone, or JetStream is not there".to_owned();
        return Err(Denial::Refused { code: 0, text });
    }
    let ack: Ack = serde_json::from_slice(&message.payload)
        .map_err(|error| Denial::Unreadable(format!("JetStream's acknowledgement: {error}")))?;
    match ack.error {
        Some(error) => Err(Denial::Refused {
            code: error.err_code,
            text: format!("JetStream says: {}", error.description),
        }),
        None => Ok(ack),
    }
}

fn judge(message: &Message) -> Fate {
    match ack(message) {
        Ok(ack) if ack.duplicate => Fate::Repeated(ack.seq),
        Ok(ack) => Fate::Number(ack.seq),
        Err(Denial::Refused { text, .. }) => Fate::Refused(text),
        Err(Denial::Unreadable(text)) => Fate::Unknown(text),
    }
}
