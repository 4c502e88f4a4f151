//! Whole streams of events of any size: what one side writes the other reads.

use std::fmt::Write;
use std::time::Duration;

use bytes::BytesMut;
use holdline_sse::{
    EventBuf, EventFields, ItemBuf, Limits, encode_comment, encode_id, encode_retry,
};

use super::{decode, naive};
use crate::cuts::Cuts;
use crate::stated::{Numbers, Script, Step, boundary};

/// What our encoders write, the naive decoder and ours read as it was meant, and what a naive encoder writes with line ends
/// of every kind, ours reads; whatever the cuts and the sizes (see `Script`).
///
/// A step is, by the low three bits of its kind, an event with data, a type and an ID, only some of these, a comment, a
/// reconnection time, or an ID alone. The bits above choose how the naive encoder writes it.
pub fn session(data: &[u8]) {
    let script = Script::of(data);
    let (mut ours, mut theirs) = (BytesMut::new(), String::new());
    let (mut meant, mut id) = (Vec::new(), String::new());
    if script.flags & 1 != 0 {
        theirs.push('\u{feff}');
    }
    for step in &script.steps {
        put(*step, &mut ours, &mut theirs, &mut id, &mut meant);
    }
    for stream in [&ours[..], theirs.as_bytes()] {
        let naive = naive::decode(stream);
        assert_same(&naive.items, &meant);
        assert_eq!(naive.last_event_id.unwrap_or_default(), id);
        for (items, error, last_event_id, cut) in [
            decode(Limits::default(), std::iter::once(stream)),
            decode(Limits::default(), Cuts::of_long(stream, script.cuts)),
        ] {
            assert_same(&items, &meant);
            assert_eq!((error, cut), (None, None));
            assert_eq!(last_event_id, id);
        }
    }
}

fn put(
    step: Step,
    ours: &mut BytesMut,
    theirs: &mut String,
    id: &mut String,
    meant: &mut Vec<ItemBuf>,
) {
    let mut style = Style::new(step);
    let text = step.payload.text();
    let short = one_line(&text[..boundary(&text, text.len().min(40))]);
    match step.kind & 7 {
        5 => {
            encode_comment(&text, ours);
            for line in lines(&text) {
                style.field("", line, theirs);
                meant.push(ItemBuf::Comment(line.to_owned()));
            }
            style.end(theirs);
        }
        6 => {
            let time = Duration::from_millis(text.len() as u64 * 1000);
            encode_retry(time, ours);
            style.field("retry", &time.as_millis().to_string(), theirs);
            style.end(theirs);
            meant.push(ItemBuf::Retry(time));
        }
        7 => {
            encode_id(&short, ours).expect("one line");
            style.field("id", &short, theirs);
            style.end(theirs);
            id.clone_from(&short);
            meant.push(ItemBuf::Id(short));
        }
        kind => {
            let event = (kind & 1 != 0).then_some(&*short);
            let new_id = (kind & 2 != 0).then_some(&*short);
            let fields = EventFields {
                event,
                id: new_id,
                data: Some(&text),
                retry: None,
            };
            fields.encode(ours).expect("one line each");
            if let Some(new_id) = new_id {
                style.field("id", new_id, theirs);
                new_id.clone_into(id);
            }
            for line in lines(&text) {
                style.field("data", line, theirs);
            }
            if let Some(event) = event {
                style.field("event", event, theirs);
            }
            style.end(theirs);
            let event = event.filter(|event| !event.is_empty());
            meant.push(ItemBuf::Event(EventBuf {
                event: event.unwrap_or("message").to_owned(),
                data: lines(&text).join("\n"),
                id: id.clone(),
            }));
        }
    }
}

/// How the naive encoder writes a block.
struct Style {
    end: &'static str,
    is_mixed: bool,
    has_noise: bool,
    numbers: Numbers,
}

impl Style {
    fn new(step: Step) -> Self {
        let kind = usize::from(step.kind >> 3);
        Self {
            end: ENDS[kind % 3],
            is_mixed: kind & 8 != 0,
            has_noise: kind & 16 != 0,
            numbers: Numbers::new(step.payload.seed),
        }
    }

    fn field(&mut self, name: &str, value: &str, out: &mut String) {
        if self.has_noise && self.numbers.below(4) == 0 {
            // Lines that mean nothing.
            out.push_str(
                ["dat: x", "Data: x", "retry: 1x", "id: a\0b", " data: x"][self.numbers.below(5)],
            );
            self.line_end(out);
        }
        // Without a colon the value is empty; the space is needed only before another one.
        match value {
            "" if !name.is_empty() && self.numbers.below(2) == 0 => out.push_str(name),
            _ if !value.starts_with(' ') && self.numbers.below(2) == 0 => {
                let _ = write!(out, "{name}:{value}");
            }
            _ => {
                let _ = write!(out, "{name}: {value}");
            }
        }
        self.line_end(out);
    }

    fn line_end(&mut self, out: &mut String) {
        out.push_str(match self.is_mixed {
            true => ENDS[self.numbers.below(3)],
            false => self.end,
        });
    }

    /// The empty line, whose end must not join the end before it.
    fn end(&mut self, out: &mut String) {
        let is_after_cr = out.ends_with('\r');
        let start = out.len();
        self.line_end(out);
        if is_after_cr && out[start..] == *"\n" {
            out.push('\n');
        }
    }
}

const ENDS: [&str; 3] = ["\n", "\r\n", "\r"];

/// By CRLF, CR and LF.
fn lines(text: &str) -> Vec<&str> {
    let (mut lines, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find(['\r', '\n']) {
        lines.push(&rest[..at]);
        rest = rest[at..].strip_prefix("\r\n").unwrap_or(&rest[at + 1..]);
    }
    lines.push(rest);
    lines
}

/// As an ID or a type may be.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n', '\0'], "_")
}

/// # Panics
/// When these are not the same items; in short, because they are long.
#[track_caller]
fn assert_same(got: &[ItemBuf], meant: &[ItemBuf]) {
    let most = got.len().max(meant.len());
    if let Some(at) = (0..most).find(|&at| got.get(at) != meant.get(at)) {
        let short = |item| format!("{item:?}").chars().take(200).collect::<String>();
        panic!(
            "item {at} of {}:\n{}\n{}",
            meant.len(),
            short(got.get(at)),
            short(meant.get(at))
        );
    }
}
