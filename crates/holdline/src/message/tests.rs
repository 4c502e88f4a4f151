//! What a message is said to take, beside what it takes.

use super::*;

fn message(channel: &str, event: Option<&str>, data: &str) -> Message {
    let content = Content::new(channel, event, data);
    Message::new(Cursor::new(0xabc, 0x12), channel.into(), content)
}

/// However much a text grows in its forms, the limit counted it.
#[test]
fn a_message_is_counted_with_all_its_forms() {
    for data in [
        "plain",
        "\u{1}\u{1}\u{1}",
        "<<<>>>&&&\u{2028}",
        "\r\n\n\r\n",
        "",
    ] {
        let data = data.repeat(1000);
        let message = message("a", Some("type"), &data);
        let forms = message.json().len()
            + message.json_line().framed().len()
            + message.sse().framed().len()
            + message.sse_json().framed().len()
            + message.websocket().bytes().len()
            + message.script().bytes().len();
        assert!(
            size_of::<Message>() + data.len() + forms <= message.size(),
            "{forms} > {}",
            message.size()
        );
    }
}

#[test]
fn the_length_of_the_json_object_is_known_before_it_is_made() {
    let all: String = (0..0x300_u32).filter_map(char::from_u32).collect();
    for (channel, event, data) in [
        ("a", None, ""),
        (
            "caf\u{e9} \"<\\>\"",
            Some("e\"\\"),
            "x\r\n\t\"\u{1}\u{7f}\u{2028}",
        ),
        ("a", Some("e"), &all.repeat(3)),
    ] {
        let message = message(channel, event, data);
        let known = message.json_len();
        assert_eq!(message.json().len(), known, "{channel} {event:?} {data:?}");
        let object: serde_json::Value = serde_json::from_slice(message.json()).unwrap();
        assert_eq!(object["data"], data);
        assert_eq!(object["id"], "abc-12");
    }
}
