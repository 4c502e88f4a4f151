//! A decoder that is as simple as the standard's own words, and as slow: the whole stream at once, character by character.
//!
//! WHATWG HTML §9.2.5 "Parsing an event stream" and §9.2.6 "Interpreting an event stream". What is quoted is quoted from
//! there.

use std::time::Duration;

use holdline_sse::{EventBuf, ItemBuf};

/// What a stream means. Comments, reconnection times and IDs without an event are items, as our decoder can give them.
pub(super) struct Meaning {
    pub(super) items: Vec<ItemBuf>,
    /// None: no finished block had one.
    pub(super) last_event_id: Option<String>,
}

pub(super) fn decode(stream: &[u8]) -> Meaning {
    let mut interpreter = Interpreter::default();
    for line in lines(stream) {
        interpreter.line(&line);
    }
    // "Once the end of the file is reached, any pending data must be discarded."
    Meaning {
        items: interpreter.items,
        last_event_id: interpreter.last_event_id,
    }
}

/// The lines that have an end.
fn lines(stream: &[u8]) -> Vec<String> {
    // "Streams must be decoded using the UTF-8 decode algorithm", which "strips one leading UTF-8 Byte Order Mark (BOM)".
    let text = String::from_utf8_lossy(stream);
    let mut characters = text.chars().peekable();
    characters.next_if_eq(&'\u{feff}');
    let (mut lines, mut line) = (Vec::new(), String::new());
    while let Some(character) = characters.next() {
        // "Lines must be separated by either a U+000D CARRIAGE RETURN U+000A LINE FEED (CRLF) character pair, a single
        // U+000A LINE FEED (LF) character, or a single U+000D CARRIAGE RETURN (CR) character."
        match character {
            '\r' => {
                characters.next_if_eq(&'\n');
                lines.push(std::mem::take(&mut line));
            }
            '\n' => lines.push(std::mem::take(&mut line)),
            _ => line.push(character),
        }
    }
    lines
}

#[derive(Default)]
struct Interpreter {
    data: String,
    event_type: String,
    /// "last event ID buffer"
    id: Option<String>,
    /// The block has a field `id` that counts.
    has_id: bool,
    last_event_id: Option<String>,
    items: Vec<ItemBuf>,
}

impl Interpreter {
    fn line(&mut self, line: &str) {
        if line.is_empty() {
            // "Dispatch the event, as defined below."
            self.dispatch();
            return;
        }
        let mut characters = line.chars();
        let mut field = String::new();
        let mut has_colon = false;
        for character in characters.by_ref() {
            if character == ':' {
                has_colon = true;
                break;
            }
            field.push(character);
        }
        let mut value: String = characters.collect();
        if value.starts_with(' ') {
            // "If value starts with a U+0020 SPACE character, remove it from value."
            value.remove(0);
        }
        if has_colon && field.is_empty() {
            // "Ignore the line."
            self.items.push(ItemBuf::Comment(value));
            return;
        }
        self.field(&field, value);
    }

    fn field(&mut self, name: &str, value: String) {
        match name {
            "event" => self.event_type = value,
            "data" => {
                self.data.push_str(&value);
                self.data.push('\n');
            }
            // "If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value."
            "id" if !value.contains('\0') => {
                self.id = Some(value);
                self.has_id = true;
            }
            // "If the field value consists of only ASCII digits"
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                let millis = value.parse().unwrap_or(u64::MAX);
                self.items
                    .push(ItemBuf::Retry(Duration::from_millis(millis)));
            }
            _ => {}
        }
    }

    fn dispatch(&mut self) {
        self.last_event_id.clone_from(&self.id);
        let has_id = std::mem::take(&mut self.has_id);
        let event_type = std::mem::take(&mut self.event_type);
        let mut data = std::mem::take(&mut self.data);
        if data.is_empty() {
            // "set the data buffer and the event type buffer to the empty string and return"
            if has_id {
                self.items
                    .push(ItemBuf::Id(self.id.clone().unwrap_or_default()));
            }
            return;
        }
        // "If the data buffer's last character is a U+000A LINE FEED (LF) character, then remove the last character"
        if data.ends_with('\n') {
            data.pop();
        }
        self.items.push(ItemBuf::Event(EventBuf {
            event: if event_type.is_empty() {
                "message".to_owned()
            } else {
                event_type
            },
            data,
            id: self.last_event_id.clone().unwrap_or_default(),
        }));
    }
}
