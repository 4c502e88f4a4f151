//! Entries, IDs and records, without a server. `holdline-e2e` has one.

use super::address::Address;
use super::*;
use crate::journal::broker::engine::{Change, What};

fn bulk(text: &str) -> Value {
    Value::BulkString(text.into())
}

fn entry(id: &str, fields: &[&str]) -> Value {
    let fields = fields.iter().map(|text| bulk(text)).collect();
    Value::Array(vec![bulk(id), Value::Array(fields)])
}

fn parse(fields: &[&str]) -> Entry {
    let reply = Value::Array(vec![entry("0-7", fields)]);
    parse_entries(reply).unwrap().remove(0)
}

#[test]
fn what_is_published_is_read_as_it_was() {
    for change in [
        Change::Message {
            event: Some("tick".to_owned()),
            data: "ä\r\n\0".to_owned(),
        },
        Change::Message {
            event: None,
            data: String::new(),
        },
        Change::Deletion,
        Change::Gap,
    ] {
        let outgoing = Outgoing {
            mark: 0xfedc_ba98_7654_3210,
            channel: "news".to_owned(),
            change,
            key: None,
            fence: None,
        };
        let fields = fields(&outgoing);
        let mut flat = vec!["time", "1700000000000"];
        flat.extend(fields.iter().flat_map(|(name, value)| [*name, &**value]));
        assert_eq!(
            parse(&flat),
            Entry {
                number: 7,
                mark: outgoing.mark,
                time: Some(1_700_000_000_000),
                what: What::Change {
                    channel: outgoing.channel,
                    change: outgoing.change,
                },
            }
        );
    }
}

#[test]
fn what_others_wrote_has_a_mark_of_its_own() {
    let (one, other) = (
        parse(&["channel", "a", "data", "one"]),
        parse(&["channel", "a", "data", "other"]),
    );
    assert_ne!(one.mark, other.mark);
    assert_eq!(one.mark, parse(&["channel", "a", "data", "one"]).mark);
    assert_eq!(one.time, None);
}

#[test]
fn what_cannot_be_read_is_bad_and_says_why() {
    for (fields, why) in [
        (&["channel", "a"][..], "no `data`"),
        (&["data", "a"], "no `channel`"),
        (&["channel", "a", "data", "a", "data", "b"], "`data` twice"),
        (&["channel", "a", "data", "a", "deleted", "1"], "no `data`"),
        (&["other", "a"], "no `data`"),
    ] {
        let What::Bad(said) = parse(fields).what else {
            panic!("{fields:?}");
        };
        assert!(said.contains(why), "{said}");
    }
    let not_utf8 = Value::Array(vec![Value::Array(vec![
        bulk("0-1"),
        Value::Array(vec![
            bulk("channel"),
            bulk("a"),
            bulk("data"),
            Value::BulkString(vec![0xff]),
        ]),
    ])]);
    let entries = parse_entries(not_utf8).unwrap();
    assert_eq!(entries[0].what, What::Bad("`data` is no UTF-8".to_owned()));
}

#[test]
fn entries_end_before_the_first_foreign_id() {
    let fields = ["channel", "a", "data", "a"];
    let reply = Value::Array(vec![
        entry("0-1", &fields),
        entry("1700000000000-0", &fields),
        entry("1700000000000-1", &fields),
    ]);
    let numbers: Vec<_> = parse_entries(reply)
        .unwrap()
        .iter()
        .map(|entry| entry.number)
        .collect();
    assert_eq!(numbers, [1]);
    assert!(parse_entries(Value::Int(1)).is_err());
    assert!(parse_entries(Value::Array(vec![entry("x", &fields)])).is_err());
}

#[test]
fn a_life_is_read_as_it_was_written() {
    let life = Life {
        epoch: 0x8000_0000_0000_002a,
        start: 17,
        engine: "c89129fbc59859567907da44ce10c760a1aff673".to_owned(),
    };
    let text = format_life(&life);
    assert!(text.starts_with(&life_prefix(life.epoch)));
    assert_eq!(parse_life(&text), Some(life));
    for text in ["", "x 1 y", "2a", "2a 1", "2a x y"] {
        assert_eq!(parse_life(text), None, "{text:?}");
    }
}

#[test]
fn what_the_script_says_is_a_fate() {
    let say = |values: &[&str]| fate(Value::Array(values.iter().map(|text| bulk(text)).collect()));
    assert_eq!(say(&["number", "0-7"]), Fate::Number(7));
    assert_eq!(say(&["repeated", "0-7"]), Fate::Repeated(7));
    assert_eq!(say(&["other-content"]), Fate::OtherContent);
    assert_eq!(say(&["other-life"]), Fate::OtherLife);
    let full = fate(Value::Array(vec![bulk("full"), Value::Int(1500)]));
    assert_eq!(full, Fate::NoRoomForKey(Duration::from_millis(1500)));
    for strange in [
        say(&[]),
        say(&["what"]),
        say(&["number", "7"]),
        say(&["number", "1-7"]),
        fate(Value::Nil),
    ] {
        assert!(matches!(strange, Fate::Unknown(_)), "{strange:?}");
    }
}

#[test]
fn an_address_is_shown_without_its_secrets() {
    for (url, key, shown) in [
        ("redis://h", "holdline", "redis://h:6379"),
        ("redis://u:p@h:7/2?key=k", "k", "redis://h:7/2"),
        ("redis://:p@[::1]:7", "holdline", "redis://[::1]:7"),
    ] {
        let address = Address::parse(url).unwrap();
        assert_eq!((&*address.key, address.server.shown()), (key, shown));
    }
    for url in [
        "redis://",
        "redis:",
        "redis://u:p@",
        "rediss://u:p@h",
        "redis://u:p@h/x",
        "redis://u:p@h?key=",
        "redis://u:p@h?key={a}",
        "redis://u:p@h?a=b",
        "redis+unix:///p",
    ] {
        let error = Address::parse(url).unwrap_err();
        assert!(!error.contains("u:p"), "{url}: {error}");
    }
}
