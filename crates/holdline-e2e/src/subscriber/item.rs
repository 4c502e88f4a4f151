//! Message objects, and what they tell.

use std::io;

use serde_json::Value;

use crate::http::fault;

/// What a subscriber receives.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Item {
    /// Its current cursor.
    Position(String),
    /// Messages are lost; it continues from this cursor.
    Lost(String),
    /// A message.
    Message {
        /// The cursor after it.
        id: String,
        /// Its type.
        event: Option<String>,
        /// Its text.
        data: String,
    },
    /// What a subscriber is told about members, if it asks for that.
    Told {
        /// Its current cursor, which this does not move.
        cursor: String,
        /// `members`, `join` or `leave`.
        what: String,
        /// The channel.
        channel: String,
        /// `None` for too many.
        names: Option<Vec<String>>,
    },
}

impl Item {
    /// The cursor of a subscriber after it received this.
    #[must_use]
    pub fn cursor(&self) -> &str {
        match self {
            Self::Position(cursor)
            | Self::Lost(cursor)
            | Self::Message { id: cursor, .. }
            | Self::Told { cursor, .. } => cursor,
        }
    }
}

pub(super) fn parse(json: &str) -> io::Result<Value> {
    serde_json::from_str(json).map_err(|error| fault(format!("{error}: {json:?}")))
}

/// A message object.
pub(super) fn item(value: &Value) -> io::Result<Item> {
    let wrong = || fault(format!("no message object: {value}"));
    let object = value.as_object().ok_or_else(wrong)?;
    let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    let event = text("event");
    if object.len() != 3 + usize::from(event.is_some()) || text("channel").is_none() {
        return Err(wrong());
    }
    message(
        text("id").ok_or_else(wrong)?,
        event,
        text("data").ok_or_else(wrong)?,
    )
}

pub(super) fn message(id: String, event: Option<String>, data: String) -> io::Result<Item> {
    match event.as_deref() {
        Some("holdline.open") => Ok(Item::Position(id)),
        Some("holdline.lost") => Ok(Item::Lost(id)),
        Some(own) if own.starts_with("holdline.") => told(&id, Some(own), &data),
        _ => Ok(Item::Message { id, event, data }),
    }
}

/// What a subscriber is told about members.
pub(super) fn told(cursor: &str, event: Option<&str>, data: &str) -> io::Result<Item> {
    let wrong = || fault(format!("event {event:?} with {data:?}"));
    let what = event.and_then(|event| event.strip_prefix("holdline."));
    let what = what.filter(|what| matches!(*what, "members" | "join" | "leave"));
    let value: Value = parse(data)?;
    let names = match (&value["names"], what) {
        (Value::Null, Some("members")) => None,
        (Value::Array(names), _) => {
            let names = names.iter().map(|name| name.as_str().map(str::to_owned));
            Some(names.collect::<Option<_>>().ok_or_else(wrong)?)
        }
        _ => return Err(wrong()),
    };
    Ok(Item::Told {
        cursor: cursor.to_owned(),
        what: what.ok_or_else(wrong)?.to_owned(),
        channel: value["channel"].as_str().ok_or_else(wrong)?.to_owned(),
        names,
    })
}
