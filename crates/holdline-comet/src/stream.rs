//! XHR streaming: an endless response that a script reads while it grows.
//!
//! The body is lines. A line is one JSON value, or blank. A client remembers how far it has
//! read in `responseText`, takes whole lines from there, and skips the blank ones.

use bytes::{BufMut, BytesMut};

/// The media type of the stream: JSON values, one on each line.
pub const CONTENT_TYPE: &str = "application/x-ndjson";

/// Two kibibytes to send first: 2047 spaces and a line feed.
///
/// Browsers hold back the beginning of a body, to guess its type (up to 1 KiB in WebKit and
/// Chromium, 256 bytes in old Internet Explorer, 2 KiB in its `XDomainRequest`). To a
/// parser this is one blank line, and to JSON it is whitespace (RFC 8259 §2).
pub const PRELUDE: &[u8; 2048] = &{
    let mut prelude = [b' '; 2048];
    prelude[2047] = b'\n';
    prelude
};

/// A blank line: keeps proxies and the client's own watchdog from giving up.
pub const HEARTBEAT: &[u8] = b"\n";

/// Appends one message, a JSON value in UTF-8, as one line.
///
/// Line breaks in the value become spaces. In JSON they can stand only between tokens, so
/// the value stays the same.
///
/// ```
/// use bytes::BytesMut;
/// use holdline_comet::stream;
///
/// let mut out = BytesMut::new();
/// stream::encode(b"{\"id\":\"7-1\",\n\"data\":\"one\"}", &mut out);
/// assert_eq!(out, "{\"id\":\"7-1\", \"data\":\"one\"}\n");
/// ```
pub fn encode(json: &[u8], out: &mut BytesMut) {
    out.reserve(json.len() + 1);
    let mut lines = json.split(|byte| matches!(byte, b'\n' | b'\r'));
    out.put_slice(lines.next().unwrap_or_default());
    for line in lines {
        out.put_u8(b' ');
        out.put_slice(line);
    }
    out.put_u8(b'\n');
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use serde_json::Value;

    use super::*;

    #[test]
    fn a_parser_of_lines_skips_the_prelude_and_heartbeats() {
        let mut out = BytesMut::from(&PRELUDE[..]);
        encode(b"1", &mut out);
        out.put_slice(HEARTBEAT);
        encode(b"{\r\n\"a\":\r[\n]}", &mut out);
        let text = core::str::from_utf8(&out).unwrap();
        let values: Vec<Value> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(values, [serde_json::json!(1), serde_json::json!({"a": []})]);
    }

    #[test]
    fn the_prelude_is_one_line_of_2_kib() {
        assert_eq!(PRELUDE.len(), 2048);
        assert_eq!(PRELUDE.iter().filter(|&&byte| byte == b'\n').count(), 1);
    }
}
