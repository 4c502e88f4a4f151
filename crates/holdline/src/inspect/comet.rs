//! Bodies of polling, long polling, JSONP, XHR and iframe streaming, and the messages of plug-in sockets.
//!
//! All of them are made of units: a unit ends with a line feed, with NUL (plug-in sockets), or with the body.

use std::fmt;

use serde_json::Value;

use crate::inspect::item::{Answer, Fault, Item, Lines, Stop, Words};
use crate::inspect::layer::Layer;
use crate::inspect::talk::{Change, Talk};

/// One body.
#[derive(Debug, Default)]
pub(super) struct Messages {
    unit: Vec<u8>,
    /// The offset at which the unit began.
    at: u64,
    callback: String,
}

impl Messages {
    fn end_unit(&mut self, end: Option<u8>, lines: &mut Lines<'_>) -> Result<(), Stop> {
        let unit = Unit::read(&self.unit, end).map_err(|misread| misread.fault(self.at))?;
        if let Some(callback) = unit.callback
            && callback != self.callback
        {
            lines.print(&Item::Callback(callback))?;
            callback.clone_into(&mut self.callback);
        }
        match unit.content {
            Content::Blank(0..SHORTEST_PRELUDE) => lines.print(&Item::Heartbeat(1))?,
            Content::Blank(length) => lines.print(&Item::Prelude(length))?,
            Content::Html(text) => lines.print(&Item::Html(&text))?,
            Content::PolicyFileRequest => lines.print(&Item::PolicyFileRequest {})?,
            Content::Message(message) => lines.print(&Item::Message(&message))?,
            Content::Poll {
                messages,
                cursor,
                lost,
            } => {
                for message in &messages {
                    lines.print(&Item::Message(message))?;
                }
                let cursor = &cursor;
                lines.print(&Item::Poll { cursor, lost })?;
            }
        }
        self.at += self.unit.len() as u64 + u64::from(end.is_some());
        self.unit.clear();
        Ok(())
    }
}

impl Layer for Messages {
    fn feed(
        &mut self,
        input: &mut &mut [u8],
        _: &mut Talk,
        lines: &mut Lines<'_>,
    ) -> Result<Option<Change>, Stop> {
        for &byte in &*std::mem::take(input) {
            match byte {
                b'\n' | 0 => self.end_unit(Some(byte), lines)?,
                _ if self.unit.len() == LONGEST => return Err(too_long(self.at).into()),
                _ => self.unit.push(byte),
            }
        }
        Ok(None)
    }

    fn eof(&mut self, lines: &mut Lines<'_>) -> Result<(), Stop> {
        match self.unit.is_empty() {
            true => Ok(()),
            false => self.end_unit(None, lines),
        }
    }
}

/// What a unit is.
#[derive(Debug)]
pub(super) struct Unit<'a> {
    /// The function that a script calls.
    pub(super) callback: Option<&'a str>,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    /// White space: this many bytes with the line feed.
    Blank(u64),
    /// A part of the forever frame's page that is no message.
    Html(String),
    PolicyFileRequest,
    Message(Value),
    /// The answer to a poll.
    Poll {
        messages: Vec<Value>,
        cursor: String,
        lost: bool,
    },
}

/// A unit that is nothing known.
#[derive(Debug)]
pub(super) struct Misread {
    kind: &'static str,
    /// The offset in the unit.
    at: usize,
    message: String,
}

impl Misread {
    /// `at` is the offset of the unit.
    pub(super) fn fault(self, at: u64) -> Fault {
        Fault {
            kind: self.kind.to_owned(),
            at: at + self.at as u64,
            rfc: "RFC 8259 §2",
            answer: Answer::Nothing,
            words: Words::without_offset(self.message),
        }
    }
}

impl<'a> Unit<'a> {
    /// Reads a unit without its `end`.
    pub(super) fn read(bytes: &'a [u8], end: Option<u8>) -> Result<Self, Misread> {
        let (start, callback, json) = parts(bytes);
        let content = match json {
            b"" if bytes.iter().all(u8::is_ascii_whitespace) => {
                Content::Blank(bytes.len() as u64 + u64::from(end.is_some()))
            }
            b"<policy-file-request/>" => Content::PolicyFileRequest,
            [b'<', ..] => Content::Html(String::from_utf8_lossy(json).into_owned()),
            _ => content(json).map_err(|error| misread(start, json, &error))?,
        };
        Ok(Self { callback, content })
    }
}

/// Splits a unit into the JSON, where it begins, and the function that is called with it.
fn parts(bytes: &[u8]) -> (usize, Option<&str>, &[u8]) {
    let trimmed = bytes.trim_ascii();
    let blank = bytes.len() - bytes.trim_ascii_start().len();
    let call = trimmed
        .strip_prefix(SCRIPT)
        .and_then(|rest| rest.strip_suffix(b")</script>"))
        .map(|rest| (SCRIPT.len(), rest))
        .or_else(|| {
            let rest = trimmed.strip_prefix(JSONP)?;
            Some((JSONP.len(), rest.strip_suffix(b");")?))
        });
    let name_and_json = call.and_then(|(skipped, call)| {
        let open = call.iter().position(|&byte| byte == b'(')?;
        let (name, json) = call.split_at_checked(open)?;
        let name = std::str::from_utf8(name).ok()?;
        Some((blank + skipped + open + 1, Some(name), json.get(1..)?))
    });
    name_and_json.unwrap_or((blank, None, trimmed))
}

fn content(json: &[u8]) -> Result<Content, serde_json::Error> {
    let mut value: Value = serde_json::from_slice(json)?;
    let poll = value.as_object_mut().and_then(|object| {
        let cursor = object.get("cursor")?.as_str()?.to_owned();
        let lost = object.get("lost").and_then(Value::as_bool).unwrap_or(false);
        let messages = object.get_mut("messages")?.as_array_mut()?;
        Some(Content::Poll {
            messages: std::mem::take(messages),
            cursor,
            lost,
        })
    });
    Ok(poll.unwrap_or(Content::Message(value)))
}

fn misread(start: usize, json: &[u8], error: &serde_json::Error) -> Misread {
    // A unit is one line.
    let place = error.column().saturating_sub(usize::from(!error.is_eof()));
    let kind = match error.is_eof() {
        true => "truncated_json",
        false => "invalid_json",
    };
    let what: &dyn fmt::Display = match error.is_eof() {
        true => &"the message ends too soon",
        false => &"this is no JSON, and no form of Comet that is known",
    };
    Misread {
        kind,
        at: start + place.min(json.len()),
        message: what.to_string(),
    }
}

pub(super) fn too_long(at: u64) -> Fault {
    Fault {
        kind: "message_too_long".to_owned(),
        at,
        rfc: "RFC 8259 §9",
        answer: Answer::Nothing,
        words: Words::without_offset(format!("a message has more than {LONGEST} bytes")),
    }
}

const SCRIPT: &[u8] = b"<script>parent.";
const JSONP: &[u8] = b"/**/";
/// White space from this length on is there to fill what browsers hold back.
pub(super) const SHORTEST_PRELUDE: u64 = 256;
/// The longest unit that is taken.
pub(super) const LONGEST: usize = 16 << 20;
