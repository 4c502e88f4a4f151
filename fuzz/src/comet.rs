//! Cursors, callback names, scripts and socket messages.

use bytes::BytesMut;
use holdline_comet::jsonp::CallbackName;
use holdline_comet::{Cursor, script, socket, stream};

use crate::cuts::{Cuts, seed};

/// What must hold of any text, and of any stream of messages.
pub fn comet(data: &[u8]) {
    texts(data);
    socket(data);
}

/// A cursor that parses prints back; a callback name that passes is only a name; an escaped text
/// cannot leave its script; a line of a stream is one line.
fn texts(data: &[u8]) {
    if let Ok(cursor) = Cursor::parse(data) {
        assert_eq!(cursor.to_string().as_bytes(), data);
    }
    if let Ok(text) = std::str::from_utf8(data)
        && CallbackName::new(text).is_ok()
    {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_$.[]".contains(&byte);
        assert!(data.len() <= CallbackName::MAX_LEN && data.iter().copied().all(plain));
    }
    let escaped = script::escape(data);
    assert!(!escaped.iter().any(|byte| b"<>&".contains(byte)));
    assert!(escaped.len() <= 6 * data.len());
    let mut out = BytesMut::new();
    script::encode(data, &mut out);
    assert_eq!(out, escaped[..]);
    out.clear();
    stream::encode(data, &mut out);
    assert_eq!(
        out.iter().position(|&byte| byte == b'\n'),
        Some(out.len() - 1)
    );
}

/// However a stream of NUL-terminated messages is cut, the messages and the error are the same.
fn socket(data: &[u8]) {
    let (seed, stream) = seed(data);
    let whole = decode(std::iter::once(stream));
    assert_eq!(whole, decode(Cuts::new(stream, seed)));
}

fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<String>, Option<String>) {
    let mut limits = socket::Limits::default();
    limits.max_message = 50;
    let mut decoder = socket::Decoder::new(limits);
    let mut buffer = socket::Buffer::new();
    let mut items = Vec::new();
    for piece in pieces {
        let mut input = piece;
        loop {
            match decoder.decode(&mut input, &mut buffer) {
                Ok(Some(item)) => items.push(format!("{item:?}")),
                Ok(None) => break,
                Err(error) => {
                    assert!(input.is_empty(), "an error takes the whole input");
                    return (items, Some(format!("{error:?}")));
                }
            }
        }
        assert!(input.is_empty(), "None means that all was taken");
    }
    (items, None)
}
