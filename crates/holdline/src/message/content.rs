//! What somebody publishes, copied and measured.

/// What somebody publishes in a channel, before it has a number: copied and measured, so that nothing of
/// this is left to do while others wait.
#[derive(Debug)]
pub(crate) struct Content {
    event: Option<Box<str>>,
    data: Box<str>,
    /// The bytes of the JSON object without the cursor.
    pub(super) json_len: usize,
    /// Of these bytes of the JSON object a script has six each.
    pub(super) script_escapes: usize,
    /// Each of them has a field name in an event stream.
    pub(super) line_ends: usize,
}

impl Content {
    /// `event` must have passed [`parse_event`](crate::names::parse_event).
    pub(crate) fn new(channel: &str, event: Option<&str>, data: &str) -> Self {
        let mut json_len = JSON_FRAME + event.map_or(0, |_| JSON_EVENT_FRAME);
        let mut script_escapes = 0;
        let special = Special::of(data);
        for (text, special) in [
            (channel, Special::of(channel)),
            (
                event.unwrap_or_default(),
                Special::of(event.unwrap_or_default()),
            ),
            (data, special),
        ] {
            json_len += special.json_len(text);
            script_escapes += special.script_escapes;
        }
        Self {
            json_len,
            script_escapes,
            line_ends: special.line_ends,
            // A slice of the read block would keep all of it alive.
            event: event.map(Box::from),
            data: data.into(),
        }
    }

    pub(crate) fn event(&self) -> Option<&str> {
        self.event.as_deref()
    }

    pub(crate) fn data(&self) -> &str {
        &self.data
    }
}

/// What a text holds that its forms have more bytes for.
#[derive(Clone, Copy, Debug, Default)]
struct Special {
    /// Controls: two bytes in JSON for `\b`, `\t`, `\n`, `\f` and `\r`, which are `short`, and six for all others.
    control: usize,
    short: usize,
    /// `"` and `\`.
    marks: usize,
    script_escapes: usize,
    line_ends: usize,
}

impl Special {
    /// Counts in blocks whose sums fit a byte, all in one go, which compilers turn into vector code.
    fn of(text: &str) -> Self {
        let mut all = Self::default();
        for block in text.as_bytes().chunks(usize::from(u8::MAX)) {
            let (mut control, mut short, mut marks, mut escapes, mut line_ends) = (0, 0, 0, 0, 0);
            for &byte in block {
                let is_line_end = byte == b'\n' || byte == b'\r';
                control += u8::from(byte < 0x20);
                short += u8::from(is_line_end || matches!(byte, b'\x08' | b'\t' | b'\x0c'));
                marks += u8::from(byte == b'"' || byte == b'\\');
                escapes += u8::from(matches!(byte, b'<' | b'>' | b'&' | 0xe2));
                line_ends += u8::from(is_line_end);
            }
            all.control += usize::from(control);
            all.short += usize::from(short);
            all.marks += usize::from(marks);
            all.script_escapes += usize::from(escapes);
            all.line_ends += usize::from(line_ends);
        }
        all
    }

    /// The bytes of the text within the quotation marks of JSON.
    fn json_len(&self, text: &str) -> usize {
        text.len() + self.marks + 5 * self.control - 4 * self.short
    }
}

/// The bytes of the JSON object beside the cursor and the texts.
const JSON_FRAME: usize = r#"{"id":"","channel":"","data":""}"#.len();
const JSON_EVENT_FRAME: usize = r#","event":"""#.len();
