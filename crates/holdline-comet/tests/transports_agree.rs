//! The same messages over every transport, read back as a client reads them.
#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use bytes::{BufMut, Bytes, BytesMut};
use holdline_comet::jsonp::{self, CallbackName};
use holdline_comet::script::Escaped;
use holdline_comet::{Cursor, iframe, poll, stream};
use proptest::prelude::*;
use serde_json::{Value, json};

proptest! {
    #[test]
    fn every_transport_brings_the_same_messages(
        texts in proptest::collection::vec(
            r#"([<>&'"\\/\n\r\t\u{0}\u{2028}\u{2029}é]|</script|<!--|]]>|\*/|\PC){0,12}"#, 0..6)
    ) {
        let messages: Vec<Value> = texts
            .iter()
            .map(|text| json!({"id": "1-1", "data": text}))
            .collect();
        let encoded: Vec<Bytes> = messages.iter().map(|m| m.to_string().into()).collect();
        prop_assert_eq!(&by_poll(&encoded), &messages);
        prop_assert_eq!(&by_jsonp(&encoded), &messages);
        prop_assert_eq!(&by_stream(&encoded), &messages);
        prop_assert_eq!(&by_iframe(&encoded), &messages);
    }
}

#[test]
fn a_message_on_several_lines_is_one_line_in_a_stream() {
    let pretty = serde_json::to_string_pretty(&json!({"data": ["a\nb", {}]})).unwrap();
    let messages = by_stream(&[pretty.into()]);
    assert_eq!(messages, [json!({"data": ["a\nb", {}]})]);
}

fn answer(messages: &[Bytes]) -> BytesMut {
    let mut out = BytesMut::new();
    poll::encode(Cursor::new(1, 2), messages, false, &mut out);
    out
}

fn by_poll(messages: &[Bytes]) -> Vec<Value> {
    let mut answer: Value = serde_json::from_slice(&answer(messages)).unwrap();
    serde_json::from_value(answer["messages"].take()).unwrap()
}

/// A script element that calls a function: what is in the parentheses is the answer.
fn by_jsonp(messages: &[Bytes]) -> Vec<Value> {
    let callback: CallbackName = "app.receive".parse().unwrap();
    let mut out = BytesMut::new();
    jsonp::wrap(&callback, &answer(messages), &mut out);
    let script = as_script(&out);
    let argument = script.strip_prefix("/**/app.receive(").unwrap();
    let argument = argument.strip_suffix(");").unwrap();
    let mut answer: Value = serde_json::from_str(argument).unwrap();
    serde_json::from_value(answer["messages"].take()).unwrap()
}

/// XHR: whole lines of `responseText`, without the blank ones.
fn by_stream(messages: &[Bytes]) -> Vec<Value> {
    let mut out = BytesMut::from(&stream::PRELUDE[..]);
    for message in messages {
        stream::encode(message, &mut out);
        out.put_slice(stream::HEARTBEAT);
    }
    let text = std::str::from_utf8(&out).unwrap();
    text.split('\n')
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A browser: from `<script>` to the first `</script`.
fn by_iframe(messages: &[Bytes]) -> Vec<Value> {
    let page = iframe::Page::new("receive".parse().unwrap()).unwrap();
    let mut out = BytesMut::new();
    page.begin(&mut out);
    for (index, message) in messages.iter().enumerate() {
        match index % 2 {
            0 => page.message(message, &mut out),
            _ => page.prepared(&Escaped::new(message), &mut out),
        }
        out.put_slice(iframe::HEARTBEAT);
    }
    page.end(&mut out);
    let text = std::str::from_utf8(&out).unwrap();
    let scripts = text.split("<script>").skip(1);
    scripts
        .map(|rest| {
            let script = as_script(rest.split("</script").next().unwrap().as_bytes());
            let argument = script.strip_prefix("parent.receive(").unwrap();
            serde_json::from_str(argument.strip_suffix(')').unwrap()).unwrap()
        })
        .collect()
}

/// What JavaScript before ECMAScript 2019 would refuse in a string must not be there.
fn as_script(text: &[u8]) -> &str {
    let text = std::str::from_utf8(text).unwrap();
    let line_ends = ['\n', '\r', '\u{2028}', '\u{2029}'];
    assert!(!text.contains(line_ends));
    text
}
