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
        let texts = [channel, event.unwrap_or_default(), data];
        let json: usize = texts.into_iter().map(json_text_len).sum();
        let escaped = |byte| matches!(byte, b'<' | b'>' | b'&' | 0xe2);
        Self {
            json_len: json + JSON_FRAME + event.map_or(0, |_| JSON_EVENT_FRAME),
            script_escapes: texts.into_iter().map(|text| count(text, escaped)).sum(),
            line_ends: count(data, |byte| matches!(byte, b'\n' | b'\r')),
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

/// The bytes of a text within the quotation marks of JSON.
fn json_text_len(text: &str) -> usize {
    let control = count(text, |byte| byte < 0x20);
    // These controls have two bytes each, all others six: `\n`, `\u0000`.
    let short = count(text, |byte| {
        matches!(byte, b'\x08' | b'\t' | b'\n' | b'\x0c' | b'\r')
    });
    let marks = count(text, |byte| matches!(byte, b'"' | b'\\'));
    text.len() + marks + 5 * control - 4 * short
}

/// How many bytes of a text are such. Counts in blocks whose sum fits a byte, which compilers turn into
/// vector code.
fn count(text: &str, is_such: impl Fn(u8) -> bool) -> usize {
    let of_block = |block: &[u8]| -> u8 { block.iter().map(|&byte| u8::from(is_such(byte))).sum() };
    let blocks = text.as_bytes().chunks(usize::from(u8::MAX));
    blocks.map(|block| usize::from(of_block(block))).sum()
}

/// The bytes of the JSON object beside the cursor and the texts.
const JSON_FRAME: usize = r#"{"id":"","channel":"","data":""}"#.len();
const JSON_EVENT_FRAME: usize = r#","event":"""#.len();
