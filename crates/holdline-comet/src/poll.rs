//! The answer to a poll or a long poll.

use bytes::{BufMut, BytesMut};

use crate::cursor::Cursor;

/// The media type of the answer. JSON has no `charset`: it is UTF-8 (RFC 8259 §8.1).
pub const CONTENT_TYPE: &str = "application/json";

/// Writes `{"cursor":"…","messages":[…],"lost":false}` piece by piece.
///
/// A client goes on from `cursor` with its next request. `lost` says that messages before
/// those in the answer are gone. An answer without messages is what a long poll gets when
/// its wait is over.
///
/// ```
/// use bytes::BytesMut;
/// use holdline_comet::{Cursor, poll};
///
/// let mut out = BytesMut::new();
/// let mut answer = poll::Answer::begin(Cursor::new(7, 2), &mut out);
/// answer.message(br#"{"id":"7-1","data":"one"}"#);
/// answer.message(br#"{"id":"7-2","data":"two"}"#);
/// answer.finish(false);
/// assert_eq!(
///     out,
///     r#"{"cursor":"7-2","messages":[{"id":"7-1","data":"one"},{"id":"7-2","data":"two"}],"lost":false}"#
/// );
/// ```
#[derive(Debug)]
#[must_use = "the answer is whole only after `finish`"]
pub struct Answer<'o> {
    out: &'o mut BytesMut,
    empty: bool,
}

impl<'o> Answer<'o> {
    /// Appends the beginning. `cursor` is the place after all messages of the answer.
    pub fn begin(cursor: Cursor, out: &'o mut BytesMut) -> Self {
        out.put_slice(br#"{"cursor":""#);
        cursor.encode(out);
        out.put_slice(br#"","messages":["#);
        Self { out, empty: true }
    }

    /// Appends one message: one JSON value in UTF-8, which is not checked.
    pub fn message(&mut self, json: &[u8]) {
        if !self.empty {
            self.out.put_u8(b',');
        }
        self.empty = false;
        self.out.put_slice(json);
    }

    /// Appends the end.
    pub fn finish(self, lost: bool) {
        self.out.put_slice(br#"],"lost":"#);
        self.out.put_slice(if lost { b"true" } else { b"false" });
        self.out.put_u8(b'}');
    }
}

/// Appends a whole answer; see [`Answer`].
pub fn encode<J: AsRef<[u8]>>(
    cursor: Cursor,
    messages: impl IntoIterator<Item = J>,
    lost: bool,
    out: &mut BytesMut,
) {
    let mut answer = Answer::begin(cursor, out);
    for json in messages {
        answer.message(json.as_ref());
    }
    answer.finish(lost);
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn answers_are_json() {
        for (messages, lost) in [
            (&[][..], true),
            (&["{}"], false),
            (&["1", "[2]", "\"3\""], true),
        ] {
            let mut out = BytesMut::new();
            encode(Cursor::new(1, 0xff), messages, lost, &mut out);
            let values: Vec<Value> = messages
                .iter()
                .map(|json| serde_json::from_str(json).unwrap())
                .collect();
            assert_eq!(
                serde_json::from_slice::<Value>(&out).unwrap(),
                json!({"cursor": "1-ff", "messages": values, "lost": lost})
            );
        }
    }

    #[test]
    fn an_answer_without_messages() {
        let mut out = BytesMut::new();
        Answer::begin(Cursor::new(1, 2), &mut out).finish(true);
        assert_eq!(out, r#"{"cursor":"1-2","messages":[],"lost":true}"#);
    }
}
