//! The content of a message, copied and measured.

/// What somebody publishes in a channel, before it has a number. It is copied and measured up front, so that none of
/// this work is left while others wait.
#[derive(Debug)]
pub(crate) struct Content {
    event: Option<Box<str>>,
    data: Box<str>,
    /// Length of the JSON object without the cursor.
    pub(super) json_len: usize,
    /// Bytes of the JSON object that become six bytes each in a script.
    pub(super) script_escapes: usize,
    /// Line ends in the text: in an event stream each needs a field name.
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
            // A slice of the read block would keep the whole block alive.
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

/// Counts of the bytes that take more room in some form.
#[derive(Clone, Copy, Debug, Default)]
struct Special {
    /// Control characters. JSON needs two bytes for `\b`, `\t`, `\n`, `\f` and `\r` (counted in `short`), and six
    /// for all others.
    control: usize,
    short: usize,
    /// `"` and `\`.
    marks: usize,
    script_escapes: usize,
    line_ends: usize,
}

impl Special {
    /// Counts in blocks whose sums fit into a byte, in one pass, which compilers turn into vector code.
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

    /// The length of the text as a JSON string, without the quotation marks.
    fn json_len(&self, text: &str) -> usize {
        text.len() + self.marks + 5 * self.control - 4 * self.short
    }
}

/// The length of the JSON object apart from the cursor and the texts.
const JSON_FRAME: usize = r#"{"id":"","channel":"","data":""}"#.len();
const JSON_EVENT_FRAME: usize = r#","event":"""#.len();
