//! Entries of the stream, which anybody may write: `channel`, `data`, and perhaps `event`.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use ::redis::Value;

use super::replies::{bytes, items, list, parse_id, text};
use crate::journal::broker::engine::{Change, Entry, Outgoing, Trouble, What};
use crate::lives::NUMBERS;

/// The fields of a new entry. The script adds the time.
pub(super) fn fields(outgoing: &Outgoing) -> Vec<(&'static str, Cow<'_, str>)> {
    let mark = format!("{:016x}", outgoing.mark);
    let mut fields = vec![
        (field::MARK, Cow::Owned(mark)),
        (field::CHANNEL, Cow::Borrowed(&*outgoing.channel)),
    ];
    match &outgoing.change {
        Change::Message { event, data } => {
            fields.extend(
                event
                    .iter()
                    .map(|event| (field::EVENT, Cow::Borrowed(&**event))),
            );
            fields.push((field::DATA, Cow::Borrowed(data)));
        }
        Change::Deletion => fields.push((field::DELETED, Cow::Borrowed("1"))),
        Change::Gap => fields.push((field::GAP, Cow::Borrowed("1"))),
    }
    fields
}

/// Entries up to the first one whose ID has a time, or too great a number: that one, and those after it, have none.
pub(super) fn parse_entries(reply: Value) -> Result<Vec<Entry>, Trouble> {
    let mut entries = Vec::new();
    for entry in list(reply)? {
        let [id, values] = items::<2>(entry)?;
        let number = match parse_id(&text(id)?)? {
            (0, number) if number < NUMBERS => number,
            _ => break,
        };
        let values = list(values)?.into_iter().map(bytes);
        entries.push(parse(number, values.collect::<Result<_, _>>()?));
    }
    Ok(entries)
}

fn parse(number: u64, values: Vec<Vec<u8>>) -> Entry {
    let mut hash = DefaultHasher::new();
    values.hash(&mut hash);
    let mut found = Found::default();
    let what = match found.take(values) {
        Ok(()) => found.what(),
        Err(why) => What::Bad(why),
    };
    let mark = found.mark.as_deref();
    let mark = mark.and_then(|mark| u64::from_str_radix(mark, 16).ok());
    Entry {
        number,
        mark: mark.unwrap_or_else(|| hash.finish()),
        time: found.time.and_then(|time| time.parse().ok()),
        what,
    }
}

/// What is known of the fields.
#[derive(Debug, Default)]
struct Found {
    mark: Option<String>,
    time: Option<String>,
    channel: Option<String>,
    event: Option<String>,
    data: Option<String>,
    deleted: Option<String>,
    gap: Option<String>,
}

impl Found {
    /// Other fields are for others.
    fn take(&mut self, values: Vec<Vec<u8>>) -> Result<(), String> {
        let mut values = values.into_iter();
        while let (Some(name), Some(value)) = (values.next(), values.next()) {
            let (name, place) = match &*name {
                b"mark" => (field::MARK, &mut self.mark),
                b"time" => (field::TIME, &mut self.time),
                b"channel" => (field::CHANNEL, &mut self.channel),
                b"event" => (field::EVENT, &mut self.event),
                b"data" => (field::DATA, &mut self.data),
                b"deleted" => (field::DELETED, &mut self.deleted),
                b"gap" => (field::GAP, &mut self.gap),
                _ => continue,
            };
            if place.is_some() {
                return Err(format!("it has `{name}` twice"));
            }
            let value = String::from_utf8(value).map_err(|_| format!("`{name}` is no UTF-8"))?;
            *place = Some(value);
        }
        Ok(())
    }

    fn what(&mut self) -> What {
        let change = match (self.data.take(), &self.deleted, &self.gap) {
            (Some(data), None, None) => Change::Message {
                event: self.event.take(),
                data,
            },
            (None, Some(_), None) => Change::Deletion,
            (None, None, Some(_)) => Change::Gap,
            _ => return What::Bad("it has no `data`".to_owned()),
        };
        match self.channel.take() {
            Some(channel) => What::Change { channel, change },
            None => What::Bad("it has no `channel`".to_owned()),
        }
    }
}

/// Names of fields.
mod field {
    pub(super) const MARK: &str = "mark";
    pub(super) const TIME: &str = "time";
    pub(super) const CHANNEL: &str = "channel";
    pub(super) const EVENT: &str = "event";
    pub(super) const DATA: &str = "data";
    pub(super) const DELETED: &str = "deleted";
    pub(super) const GAP: &str = "gap";
}
