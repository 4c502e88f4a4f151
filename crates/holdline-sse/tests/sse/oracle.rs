//! The standard's own steps, written as plainly as they can be: decode everything, then split
//! into lines, then interpret. It wants the whole stream at once and copies everything.
//! Random streams must mean the same to it and to the decoder, however they are cut.

use std::collections::BTreeMap;
use std::time::Duration;

use holdline_sse::{Decoder, EventBuf, ItemBuf, Limits};

use crate::harness::{Random, decoder, run};

/// §9.2.5 and §9.2.6. Also hands out comments, retries and lone IDs, as the decoder can.
fn oracle(stream: &[u8]) -> (Vec<ItemBuf>, String) {
    // "Streams must be decoded using the UTF-8 decode algorithm."
    let text = String::from_utf8_lossy(stream).into_owned();
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    };
    // CRLF is one line end, so is CR, so is LF. What follows the last one is no line.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    lines.pop();

    let mut items = Vec::new();
    let mut data = String::new();
    let mut event_type = String::new();
    let mut id_buffer = String::new();
    let mut id_in_block = false;
    let mut last_event_id = String::new();
    for line in lines {
        if line.is_empty() {
            // Dispatch the event.
            last_event_id = id_buffer.clone();
            if data.is_empty() {
                if id_in_block {
                    items.push(ItemBuf::Id(last_event_id.clone()));
                }
            } else {
                data.pop();
                items.push(ItemBuf::Event(EventBuf {
                    event: if event_type.is_empty() {
                        "message".to_owned()
                    } else {
                        event_type.clone()
                    },
                    data: data.clone(),
                    id: last_event_id.clone(),
                }));
            }
            data.clear();
            event_type.clear();
            id_in_block = false;
            continue;
        }
        let (name, value) = match line.split_once(':') {
            Some((name, value)) => (name, value.strip_prefix(' ').unwrap_or(value)),
            None => (line, ""),
        };
        match name {
            "" => items.push(ItemBuf::Comment(value.to_owned())),
            "event" => event_type = value.to_owned(),
            "data" => {
                data.push_str(value);
                data.push('\n');
            }
            "id" if !value.contains('\0') => {
                id_buffer = value.to_owned();
                id_in_block = true;
            }
            "retry" if !value.is_empty() && value.chars().all(|c| c.is_ascii_digit()) => {
                let millis = value.parse().unwrap_or(u64::MAX);
                items.push(ItemBuf::Retry(Duration::from_millis(millis)));
            }
            _ => {}
        }
    }
    (items, last_event_id)
}

/// Pieces of streams that are likely to meet a rule, or the edge of one.
const WORDS: &[&[u8]] = &[
    b"\n",
    b"\n",
    b"\n",
    b"\n\n",
    b"\r",
    b"\r",
    b"\r\n",
    b"\r\n\r\n",
    b"\r\r",
    b"data",
    b"data",
    b"data:",
    b"data: ",
    b"data: x\n",
    b"data: hello world\n\n",
    b"data: hello\r\n\r\n",
    b"data:  two\r\r",
    b"event: e\ndata: x\n\n",
    b"id: 1\ndata: x\ndata: y\n\n",
    b"event",
    b"event:",
    b"event: e\n",
    b"id",
    b"id:",
    b"id: 1\n",
    b"id: \0",
    b"id:\n",
    b"retry",
    b"retry: 12\n",
    b"retry:3",
    b"retry:\n",
    b"retry: 18446744073709551616\n",
    b"99999999999999999999",
    b":",
    b": ",
    b": c\n",
    b" ",
    b"\0",
    b"x",
    b"ab",
    b"7",
    b"D",
    b"datax",
    b"\xef\xbb\xbf",
    b"\xef",
    b"\xbb",
    b"\xbf",
    b"\xf0\x9f\xa6\x80",
    b"\xf0\x9f",
    b"\xe2\x82\xac",
    b"\xe2\x82",
    b"\xc3",
    b"\xff",
    b"\xed\xa0\x80",
    "\u{2028}".as_bytes(),
    b"{\"delta\":\"a token\"}",
];

fn stream(random: &mut Random) -> Vec<u8> {
    let mut stream = Vec::new();
    if random.below(8) == 0 {
        stream.extend_from_slice(b"\xef\xbb\xbf");
    }
    for _ in 0..random.below(24) {
        stream.extend_from_slice(WORDS[random.below(WORDS.len())]);
    }
    stream
}

fn pieces<'s>(random: &mut Random, stream: &'s [u8]) -> Vec<&'s [u8]> {
    let mut rest = stream;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(random.below(rest.len().min(20) + 1));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// Which rules a stream meets, as far as the oracle's answer can depend on them.
fn rules_met(stream: &[u8]) -> Vec<&'static str> {
    let text = String::from_utf8_lossy(stream).into_owned();
    let (items, _) = oracle(stream);
    let unmarked = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let normal = unmarked.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = normal.split('\n').collect();
    let last = lines.pop().unwrap_or_default();
    let line = |is: fn(&str) -> bool| lines.iter().any(|line| is(line));
    let value = |line: &str, name: &str| {
        let value = line.strip_prefix(name)?.strip_prefix(':')?;
        Some(value.strip_prefix(' ').unwrap_or(value).to_owned())
    };
    let values = |name: &str| -> Vec<_> { lines.iter().filter_map(|l| value(l, name)).collect() };
    let is_number = |text: &String| text.bytes().all(|byte| byte.is_ascii_digit());
    let events = items.iter().filter_map(|item| match item {
        ItemBuf::Event(event) => Some(event),
        _ => None,
    });
    let event = |is: fn(&EventBuf) -> bool| events.clone().any(is);
    let blocks: Vec<&str> = normal.split("\n\n").collect();
    let has = |block: &&str, name: &str| block.lines().any(|line| line.starts_with(name));
    let is_typed = |block: &&str| has(block, "event:") && !has(block, "data");
    let met = [
        ("a byte order mark", unmarked.len() < text.len()),
        ("a second byte order mark", unmarked.starts_with('\u{feff}')),
        ("a byte order mark inside", unmarked.contains("\n\u{feff}")),
        (
            "part of a byte order mark",
            stream.starts_with(b"\xef") && unmarked == text,
        ),
        ("CRLF", text.contains("\r\n")),
        ("CR alone", text.replace("\r\n", "").contains('\r')),
        ("LF alone", text.replace("\r\n", "").contains('\n')),
        ("CR, then CRLF", text.contains("\r\r\n")),
        ("LF, then CR", text.contains("\n\r")),
        ("bytes that are not UTF-8", text.as_bytes() != stream),
        (
            "a character cut by a line end",
            stream.windows(3).any(|w| w == b"\xe2\x82\n"),
        ),
        ("a comment", line(|line| line.starts_with(':'))),
        (
            "one space",
            line(|line| line.starts_with("data: ") && !line.starts_with("data:  ")),
        ),
        ("two spaces", line(|line| line.starts_with("data:  "))),
        (
            "a name without a colon",
            line(|line| matches!(line, "data" | "event" | "id" | "retry")),
        ),
        (
            "two colons",
            line(|line| line.starts_with("data:") && line.matches(':').count() > 1),
        ),
        ("another name", line(|line| line.starts_with("datax"))),
        ("another case", line(|line| line.starts_with('D'))),
        ("a name with NUL", line(|line| line.starts_with("data\0"))),
        (
            "data of several lines",
            event(|event| event.data.contains('\n')),
        ),
        ("empty data", event(|event| event.data.is_empty())),
        ("a type", event(|event| event.event != "message")),
        ("an empty type", values("event").contains(&String::new())),
        ("a type without data", blocks.iter().any(is_typed)),
        ("an event with an ID", event(|event| !event.id.is_empty())),
        (
            "an ID without data",
            items.iter().any(|item| matches!(item, ItemBuf::Id(_))),
        ),
        (
            "an ID that is reset",
            items.contains(&ItemBuf::Id(String::new())),
        ),
        (
            "an ID with NUL",
            values("id").iter().any(|id| id.contains('\0')),
        ),
        (
            "a time",
            items.iter().any(|item| matches!(item, ItemBuf::Retry(_))),
        ),
        (
            "a time that saturates",
            items.contains(&ItemBuf::Retry(Duration::from_millis(u64::MAX))),
        ),
        (
            "a time that is none",
            values("retry").iter().any(|time| !is_number(time)),
        ),
        ("an empty time", values("retry").contains(&String::new())),
        ("a line that is not finished", !last.is_empty()),
        (
            "an event that is not finished",
            blocks.last().is_some_and(|block| has(block, "data")),
        ),
    ];
    let met = met.iter().filter(|(_, met)| *met);
    met.map(|(rule, _)| *rule).collect()
}

#[test]
fn the_random_streams_meet_every_rule() {
    let mut times = BTreeMap::new();
    for seed in 1..=10_000_u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for rule in rules_met(&stream(&mut random)) {
            *times.entry(rule).or_insert(0) += 1;
        }
    }
    assert_eq!(times.len(), 34);
    // A tenth of the streams: each rule is met ten times as often by all of them.
    let seldom: Vec<_> = times.iter().filter(|(_, times)| **times < 20).collect();
    assert!(seldom.is_empty(), "{seldom:?}");
}

#[test]
fn a_naive_oracle_agrees_on_100_000_random_streams() {
    for seed in 1..=100_000_u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let stream = stream(&mut random);
        let (items, last_event_id) = oracle(&stream);
        let pieces = pieces(&mut random, &stream);
        for trace in [
            run(decoder(Limits::default()), [&stream[..]]),
            run(decoder(Limits::default()), pieces),
        ] {
            let shown = || format!("seed {seed}: {}", stream.escape_ascii());
            assert_eq!(trace.items(), items, "{}", shown());
            assert_eq!(trace.last_event_id, last_event_id, "{}", shown());
            assert_eq!(trace.error, None);
        }
    }
}

#[test]
fn limits_change_nothing_but_where_the_stream_fails() {
    for seed in 1..=20_000_u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let stream = stream(&mut random);
        let mut limits = Limits::default();
        limits.max_line = random.below(12);
        limits.max_event = random.below(16);
        let whole = run(decoder(limits), [&stream[..]]);
        let cut = run(decoder(limits), pieces(&mut random, &stream));
        let shown = || format!("seed {seed}: {limits:?} {}", stream.escape_ascii());
        assert_eq!(whole, cut, "{}", shown());
        let events = run(Decoder::default(), [&stream[..]]).events();
        assert!(events.starts_with(&whole.events()), "{}", shown());
    }
}
