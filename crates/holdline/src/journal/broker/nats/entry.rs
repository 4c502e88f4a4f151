//! How entries are written as messages of NATS, and read.
//!
//! - The subject is `STREAM.channel.NAME`. In the name, every byte but ASCII letters, digits, `-` and `_` is `%` and
//!   two hexadecimal digits, so that the name is one part of the subject.
//! - The body is the text. So `nats pub holdline.channel.news hello` publishes.
//! - Header fields say more, and all of them may be missing: `Holdline-Event` is the event type, percent-encoded;
//!   `Holdline-Change: deletion` deletes the channel's history, and with `gap` messages of the channels that the name
//!   covers may be missing; `Holdline-Mark` tells the entry from others;
//!   `Nats-Msg-Id` and `Holdline-Content` are hashes of an idempotency key and of what was published under it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::wire::Message;
use crate::journal::broker::engine::{Change, Entry, Key, Outgoing, What};
use crate::percent;

/// The subjects of one stream.
#[derive(Clone, Debug)]
pub(super) struct Subjects {
    stream: String,
}

impl Subjects {
    pub(super) fn new(stream: &str) -> Self {
        let stream = stream.to_owned();
        Self { stream }
    }

    /// All of them.
    pub(super) fn all(&self) -> String {
        format!("{}.>", self.stream)
    }

    pub(super) fn channel(&self, name: &str) -> String {
        format!(
            "{}.channel.{}",
            self.stream,
            utf8_percent_encode(name, IN_SUBJECT)
        )
    }

    /// Of entries that only use up a number.
    pub(super) fn nothing(&self) -> String {
        format!("{}.nothing", self.stream)
    }

    /// What an entry with this subject and message says.
    pub(super) fn entry(&self, number: u64, time: Option<u64>, message: &Message) -> Entry {
        let mark = message.headers.find(MARK);
        let mark = mark.and_then(|mark| u64::from_str_radix(mark, 16).ok());
        Entry {
            number,
            mark: mark.unwrap_or_else(|| hash(message)),
            time,
            what: self.what(message).unwrap_or_else(What::Bad),
        }
    }

    fn what(&self, message: &Message) -> Result<What, String> {
        let rest = message.subject.strip_prefix(&self.stream);
        let rest = rest
            .and_then(|rest| rest.strip_prefix('.'))
            .unwrap_or_default();
        let name = match rest.split_once('.') {
            None if rest == "nothing" => return Ok(What::Nothing),
            Some(("channel", name)) if !name.contains('.') => name,
            Some(("channel", _)) => {
                return Err(
                    "its subject has a dot in the channel's name: write %2E for it".to_owned(),
                );
            }
            _ => return Err("its subject names no channel".to_owned()),
        };
        let channel = percent::decode(name)
            .map_err(|error| format!("the channel name in its subject {error}"))?
            .into_owned();
        let change = match message.headers.find(CHANGE) {
            None => Change::Message {
                event: event(message)?,
                data: std::str::from_utf8(&message.payload)
                    .map_err(|_| "its text is not UTF-8")?
                    .to_owned(),
            },
            Some(DELETION) => Change::Deletion,
            Some(GAP) => Change::Gap,
            Some(_) => return Err(format!("{CHANGE} can only be `{DELETION}` or `{GAP}`")),
        };
        Ok(What::Change { channel, change })
    }
}

fn event(message: &Message) -> Result<Option<String>, String> {
    match message.headers.find(EVENT).map(percent::decode).transpose() {
        Ok(event) => Ok(event.map(|event| event.into_owned())),
        Err(error) => Err(format!("the event type in {EVENT} {error}")),
    }
}

/// The header fields of an entry of life `epoch`.
pub(super) fn headers(epoch: u64, outgoing: &Outgoing) -> Vec<(&'static str, String)> {
    let mut headers = vec![(MARK, format!("{:016x}", outgoing.mark))];
    match &outgoing.change {
        Change::Message { event, .. } => headers.extend(
            event
                .as_ref()
                .map(|event| (EVENT, utf8_percent_encode(event, IN_HEADER).to_string())),
        ),
        Change::Deletion => headers.push((CHANGE, DELETION.to_owned())),
        Change::Gap => headers.push((CHANGE, GAP.to_owned())),
    }
    if let Some(key) = &outgoing.key {
        headers.push((MESSAGE_ID, message_id(epoch, key)));
        headers.push((CONTENT, hex(&key.content)));
    }
    headers
}

/// What the engine is to find an idempotency key by. A new life forgets all keys, so that each has other ones.
pub(super) fn message_id(epoch: u64, key: &Key) -> String {
    let mut hash = Sha256::new();
    hash.update(epoch.to_be_bytes());
    hash.update(key.scope);
    hex(&hash.finalize())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Of all that is in a message that somebody else wrote.
fn hash(message: &Message) -> u64 {
    let mut hash = Sha256::new();
    let fields = message.headers.fields.iter();
    let texts = fields.flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
    for text in texts.chain([message.subject.as_bytes(), &message.payload]) {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    let hash: [u8; 32] = hash.finalize().into();
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    u64::from_be_bytes(first)
}

pub(super) const MESSAGE_ID: &str = "Nats-Msg-Id";
pub(super) const CONTENT: &str = "Holdline-Content";
const MARK: &str = "Holdline-Mark";
const EVENT: &str = "Holdline-Event";
const CHANGE: &str = "Holdline-Change";
const DELETION: &str = "deletion";
const GAP: &str = "gap";
const IN_SUBJECT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');
/// So that a type that people would choose stays as it is.
const IN_HEADER: &AsciiSet = &IN_SUBJECT.remove(b'.').remove(b':').remove(b'/');

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::wire::Headers;
    use super::*;

    fn message(subject: &str, fields: &[(&str, &str)], payload: &'static [u8]) -> Message {
        let fields = fields
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()));
        Message {
            subject: subject.to_owned(),
            reply: None,
            headers: Headers {
                fields: fields.collect(),
                ..Headers::default()
            },
            payload: Bytes::from_static(payload),
        }
    }

    fn what(subject: &str, fields: &[(&str, &str)], payload: &'static [u8]) -> What {
        let subjects = Subjects::new("s");
        subjects
            .entry(1, None, &message(subject, fields, payload))
            .what
    }

    #[test]
    fn an_entry_reads_back_whatever_its_names_are() {
        let subjects = Subjects::new("push");
        for (channel, event) in [
            ("news", None),
            ("a.b >\u{e9}%*", Some("x: y")),
            ("room-1_2", Some("v1.tick")),
        ] {
            for change in [
                Change::Message {
                    event: event.map(str::to_owned),
                    data: "text".to_owned(),
                },
                Change::Deletion,
                Change::Gap,
            ] {
                let outgoing = Outgoing {
                    mark: 0xfeed,
                    channel: channel.to_owned(),
                    change: change.clone(),
                    key: None,
                    fence: None,
                };
                let subject = subjects.channel(channel);
                assert_eq!(subject.matches('.').count(), 2, "{subject}");
                let headers = headers(7, &outgoing);
                let fields: Vec<_> = headers
                    .iter()
                    .map(|(name, value)| (*name, value.as_str()))
                    .collect();
                let entry = subjects.entry(5, Some(9), &message(&subject, &fields, b"text"));
                let channel = channel.to_owned();
                assert_eq!((entry.number, entry.mark, entry.time), (5, 0xfeed, Some(9)));
                assert_eq!(entry.what, What::Change { channel, change });
            }
        }
    }

    #[test]
    fn what_people_publish_by_hand_needs_no_header() {
        let data = "hello".to_owned();
        let change = Change::Message { event: None, data };
        let channel = "news".to_owned();
        assert_eq!(
            what("s.channel.news", &[], b"hello"),
            What::Change { channel, change }
        );
        let one = message("s.channel.news", &[], b"hello");
        let other = message("s.channel.news", &[], b"hallo");
        assert_ne!(hash(&one), hash(&other));
    }

    #[test]
    fn what_nobody_can_read_is_bad_and_says_why() {
        for (subject, fields, payload, why) in [
            ("s.channel.a.b", &[][..], &b""[..], "%2E"),
            ("s.channel.%zz", &[], b"", "two hexadecimal digits"),
            ("s.other", &[], b"", "names no channel"),
            ("t.channel.a", &[], b"", "names no channel"),
            ("s.channel.a", &[], b"\xff", "not UTF-8"),
            ("s.channel.a", &[("Holdline-Event", "%")], b"", "event type"),
            ("s.channel.a", &[("Holdline-Change", "x")], b"", "deletion"),
        ] {
            match what(subject, fields, payload) {
                What::Bad(text) => assert!(text.contains(why), "{text}"),
                what => panic!("{subject}: {what:?}"),
            }
        }
        assert_eq!(what("s.nothing", &[], b""), What::Nothing);
    }

    #[test]
    fn a_new_life_has_other_message_ids() {
        let (scope, content) = ([1; 32], [2; 32]);
        let key = Key { scope, content };
        assert_eq!(message_id(1, &key), message_id(1, &key));
        assert_ne!(message_id(1, &key), message_id(2, &key));
    }
}
