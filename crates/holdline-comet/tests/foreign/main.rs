//! What the encoders write, read by other people's parsers, at sizes up to some hundred KiB.
//! (JavaScript of a browser reads the scripts: `tests/browser/large.rs` in holdline-e2e.)

#![allow(clippy::unwrap_used, reason = "a test that fails is to panic")]

mod awkward;

use std::borrow::Cow;

use awkward::IN_SCRIPTS;
use bytes::BytesMut;
use holdline_comet::jsonp::CallbackName;
use holdline_comet::{Cursor, iframe, jsonp, poll, script, socket, stream};
use serde_json::{Value, json};

/// A small generator (xorshift), whose seed a failure prints.
struct Random(u64);

impl Random {
    fn from_environment() -> Self {
        let seed = std::env::var("HOLDLINE_SEED").ok();
        let seed = seed
            .and_then(|seed| seed.parse().ok())
            .unwrap_or(20_261_128);
        eprintln!("HOLDLINE_SEED={seed}");
        Self(seed | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 16) as usize % end
    }

    /// Text of about this many bytes, in which the awkward stands between the plain.
    fn text(&mut self, size: usize) -> String {
        let mut text = String::with_capacity(size + 64);
        while text.len() < size {
            match self.below(3) {
                0 => text.push_str(IN_SCRIPTS[self.below(IN_SCRIPTS.len())]),
                1 => text.extend((0..self.below(60)).map(|_| PLAIN[self.below(PLAIN.len())])),
                _ => text.push_str("a longer piece of plain text, as messages have it "),
            }
        }
        text
    }
}

const PLAIN: [char; 8] = ['a', 'Z', '0', '/', '+', '-', '_', '='];

const SIZES: [usize; 14] = [
    0, 1, 2, 63, 64, 1023, 1024, 4095, 4097, 16_385, 31_750, 65_535, 131_073, 300_000,
];

/// Messages of all sizes.
fn messages(random: &mut Random) -> Vec<Value> {
    let sizes = SIZES.into_iter().enumerate();
    let message = |(number, size)| json!({ "id": number, "data": random.text(size) });
    sizes.map(message).collect()
}

#[test]
fn a_json_parser_reads_poll_answers_of_every_size() {
    let messages = messages(&mut Random::from_environment());
    let json: Vec<Vec<u8>> = messages
        .iter()
        .map(|m| serde_json::to_vec(m).unwrap())
        .collect();
    for first in 0..=messages.len() {
        let mut out = BytesMut::from("before");
        let cursor = Cursor::new(u64::MAX, first as u64);
        poll::encode(cursor, &json[first..], first % 2 == 0, &mut out);
        let answer: Value = serde_json::from_slice(&out["before".len()..]).unwrap();
        assert_eq!(answer["cursor"], format!("{:x}-{first:x}", u64::MAX));
        assert_eq!(answer["lost"], first % 2 == 0);
        assert!(
            answer["messages"].as_array().unwrap()[..] == messages[first..],
            "from {first}"
        );
    }
}

#[test]
fn a_json_parser_reads_the_lines_of_an_xhr_stream_of_every_size() {
    let messages = messages(&mut Random::from_environment());
    let mut out = BytesMut::from(&stream::PRELUDE[..]);
    for (number, message) in messages.iter().enumerate() {
        // As one line, over several, and with the line ends of another system.
        let json = match number % 3 {
            0 => message.to_string(),
            1 => serde_json::to_string_pretty(message).unwrap(),
            _ => serde_json::to_string_pretty(message)
                .unwrap()
                .replace('\n', "\r\n"),
        };
        stream::encode(json.as_bytes(), &mut out);
        out.extend_from_slice(stream::HEARTBEAT);
    }
    let text = std::str::from_utf8(&out).unwrap();
    assert!(!text.contains('\r'));
    let lines = text
        .split_terminator('\n')
        .filter(|line| !line.trim().is_empty());
    let read: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(read == messages);
}

#[test]
fn a_json_parser_reads_what_is_in_scripts_of_every_size() {
    let callback: CallbackName = "a.b[0]".parse().unwrap();
    let page = iframe::Page::new("receive".parse().unwrap()).unwrap();
    for message in messages(&mut Random::from_environment()) {
        let json = message.to_string();
        let escaped = script::escape(json.as_bytes());
        let mut jsonp = BytesMut::new();
        jsonp::wrap(&callback, json.as_bytes(), &mut jsonp);
        let mut html = BytesMut::new();
        page.message(json.as_bytes(), &mut html);
        let inside = |text: &[u8], before: &str, after: &str| {
            let text = text.strip_prefix(before.as_bytes()).unwrap();
            text.strip_suffix(after.as_bytes()).unwrap().to_vec()
        };
        for argument in [
            escaped.into_owned(),
            inside(&jsonp, "/**/a.b[0](", ");"),
            inside(&html, "<script>parent.receive(", ")</script>\n"),
        ] {
            assert!(serde_json::from_slice::<Value>(&argument).unwrap() == message);
            let text = std::str::from_utf8(&argument).unwrap();
            assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{2029}', '\n', '\r']));
        }
    }
}

#[test]
fn messages_of_a_plain_socket_are_what_stands_between_the_nuls() {
    let mut random = Random::from_environment();
    let mut out = BytesMut::new();
    let mut sent = Vec::new();
    for size in SIZES {
        let text = random.text(size);
        let carried = socket::encode(&text, &mut out).is_ok();
        assert_eq!(carried, !text.contains('\0'));
        let json = json!(text).to_string();
        socket::encode(&json, &mut out).unwrap();
        sent.extend(carried.then_some(text));
        sent.push(json);
    }
    let text = std::str::from_utf8(&out).unwrap();
    let read: Vec<&str> = text.split_terminator('\0').collect();
    assert!(read == sent);
}

#[test]
fn a_cursor_goes_through_urls_headers_and_json_unchanged() {
    let mut random = Random::from_environment();
    let edges = [
        0,
        1,
        9,
        10,
        15,
        16,
        0xff,
        u64::from(u32::MAX),
        u64::MAX - 1,
        u64::MAX,
    ];
    let random = (0..500).map(|_| Cursor::new(random.next(), random.next() >> random.below(64)));
    let random: Vec<Cursor> = random.collect();
    let edges = edges
        .into_iter()
        .flat_map(|epoch| edges.map(|number| Cursor::new(epoch, number)));
    for cursor in edges.chain(random) {
        let mut out = BytesMut::new();
        cursor.encode(&mut out);
        let text = cursor.to_string();
        assert_eq!(out, text);
        assert!(text.len() <= Cursor::MAX_TEXT_LEN);

        // It needs no escape in a query, and is read from one.
        let escaped: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        assert_eq!(escaped, text);
        let query = format!("a=%26&since={text}&b");
        let (_, value) = form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "since")
            .unwrap();
        assert!(matches!(value, Cow::Borrowed(_)));
        assert_eq!(value.parse(), Ok(cursor));

        let value = http::HeaderValue::from_str(&text).unwrap();
        assert_eq!(Cursor::parse(value.as_bytes()), Ok(cursor));

        let json = serde_json::to_string(&text).unwrap();
        assert_eq!(json, format!("\"{text}\""));
        let value: String = serde_json::from_str(&json).unwrap();
        assert_eq!(value.parse(), Ok(cursor));

        // A number of another implementation has the same digits.
        let (epoch, number) = text.split_once('-').unwrap();
        let parse = |digits| u64::from_str_radix(digits, 16).unwrap();
        assert_eq!(Cursor::new(parse(epoch), parse(number)), cursor);
    }
}
