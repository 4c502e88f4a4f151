//! Bodies of the Comet family: what each line or message is there for.

use std::io;

use serde_json::Value;

use crate::inspect::comet::{Content, LONGEST, SHORTEST_PRELUDE, Unit, too_long};
use crate::inspect::explain::page::{Ink, Meaning, Page};
use crate::inspect::explain::{Annotator, bytes, quote};
use crate::inspect::item::Stop;
use crate::inspect::talk::{Change, Talk};

/// The units of one body.
#[derive(Debug, Default)]
pub(super) struct Units {
    unit: Vec<u8>,
    at: u64,
}

impl Units {
    fn end_unit(&mut self, end: Option<u8>, page: &mut Page<'_>) -> Result<(), Stop> {
        let unit = Unit::read(&self.unit, end).map_err(|misread| misread.fault(self.at))?;
        let mut words = describe(&unit);
        if end == Some(0) {
            words.push_str("\nNUL ends it, as for the sockets of Flash (XMLSocket)");
        }
        let ink = match unit.content {
            Content::Message(_) | Content::Poll { .. } => Ink::Payload,
            _ => Ink::Structure,
        };
        page.begin(self.at, ink, Meaning::new(&words, ""))?;
        for &byte in self.unit.iter().chain(&end) {
            page.push(byte)?;
        }
        page.finish()?;
        match &unit.content {
            Content::Message(message) => page.say(&said(message))?,
            Content::Poll {
                messages,
                cursor,
                lost,
            } => {
                for message in messages {
                    page.say(&said(message))?;
                }
                let lost = match lost {
                    true => "something before these is gone",
                    false => "nothing was lost",
                };
                page.say(&format!(
                    "the next poll asks for what comes after {}; {lost}",
                    quote(cursor.as_bytes())
                ))?;
            }
            _ => {}
        }
        self.at += self.unit.len() as u64 + u64::from(end.is_some());
        self.unit.clear();
        Ok(())
    }
}

impl Annotator for Units {
    fn byte(
        &mut self,
        _: u64,
        byte: u8,
        _: &mut Talk,
        page: &mut Page<'_>,
    ) -> Result<Option<Change>, Stop> {
        match byte {
            b'\n' | 0 => self.end_unit(Some(byte), page)?,
            _ if self.unit.len() == LONGEST => return Err(too_long(self.at).into()),
            _ => self.unit.push(byte),
        }
        Ok(None)
    }

    fn eof(&mut self, page: &mut Page<'_>) -> Result<(), Stop> {
        match self.unit.is_empty() {
            true => Ok(()),
            false => self.end_unit(None, page),
        }
    }

    fn unfinished(&mut self, page: &mut Page<'_>) -> io::Result<()> {
        match self.unit.is_empty() {
            true => Ok(()),
            false => page.part(
                self.at,
                &std::mem::take(&mut self.unit),
                Meaning::new("this cannot be read", ""),
            ),
        }
    }
}

fn describe(unit: &Unit<'_>) -> String {
    let words = match &unit.content {
        Content::Blank(0..SHORTEST_PRELUDE) => {
            "a heartbeat: white space, so that nobody takes the silent connection for dead"
                .to_owned()
        }
        Content::Blank(length) => format!(
            "the prelude, {} of white space: browsers hold back the beginning of a body",
            bytes(*length)
        ),
        Content::Html(text) if text.trim_end().ends_with("<body>") => {
            "the page in the hidden frame begins, and never ends".to_owned()
        }
        Content::Html(_) => "a part of the page around the messages".to_owned(),
        Content::PolicyFileRequest => {
            "Flash asks which sites may open a socket to this port".to_owned()
        }
        Content::Message(_) => "a message".to_owned(),
        Content::Poll { messages, .. } => match messages.len() {
            0 => "the answer to a poll, without a message".to_owned(),
            1 => "the answer to a poll, with a message".to_owned(),
            count => format!("the answer to a poll, with {count} messages"),
        },
    };
    match unit.callback {
        Some(callback) => format!(
            "{words}\na script that calls {} with it",
            quote(callback.as_bytes())
        ),
        None => words,
    }
}

fn said(message: &Value) -> String {
    let member = |name| message.get(name).and_then(Value::as_str);
    match (member("data"), member("id"), member("event")) {
        (Some(data), Some(id), event) => format!(
            "a message{}: {}; its cursor is {}",
            event.map_or(String::new(), |event| format!(
                " of type {}",
                quote(event.as_bytes())
            )),
            quote(data.as_bytes()),
            quote(id.as_bytes())
        ),
        _ => format!("a message: {}", quote(message.to_string().as_bytes())),
    }
}
