//! What a message is charged for, compared with the memory it really takes.

use super::*;

fn message(channel: &str, event: Option<&str>, data: &str) -> Message {
    let content = Content::new(channel, event, data);
    Message::new(Cursor::new(0xabc, 0x12), channel.into(), content)
}

/// Allowance for the allocator's overhead and for unused capacity, beyond texts and forms.
const SLACK: usize = 3 * 64;

/// However much a text grows in its forms, the limits count it, and not much more.
#[test]
fn a_message_is_charged_for_the_forms_that_it_has() {
    type Take = fn(&Message) -> usize;
    let forms: [(Wire, Take); 6] = [
        (Wire::Json, |message| message.json().len()),
        (Wire::JsonLine, |message| message.json_line().framed().len()),
        (Wire::Sse, |message| message.sse().framed().len()),
        (Wire::SseJson, |message| message.sse_json().framed().len()),
        (Wire::Script, |message| message.script().bytes().len()),
        (
            Wire::WebSocket {
                deflate_from: usize::MAX,
            },
            |message| message.websocket().bytes().len(),
        ),
    ];
    for data in [
        "plain",
        "\u{1}\u{1}\u{1}",
        "<<<>>>&&&\u{2028}",
        "\r\n\n\r\n",
        "",
    ] {
        let data = data.repeat(1000);
        let message = message("a", Some("type"), &data);
        let bare = size_of::<Message>() + data.len();
        assert!((bare..bare + 2 * SLACK).contains(&message.size()));
        for (wire, take) in forms {
            let charged = message.charge(wire) as usize;
            let taken = take(&message);
            assert!(taken <= charged, "{wire:?}: {taken} > {charged}");
            assert!(charged <= 2 * taken + SLACK, "{wire:?}: {charged}, {taken}");
            assert_eq!(message.charge(wire), 0, "once is enough");
        }
    }
}

/// Each form alone, without any of the others.
#[test]
fn a_form_brings_no_other_with_it() {
    let made = |message: &Message| {
        [
            message.json.get().is_some(),
            message.json_line.get().is_some(),
            message.sse.get().is_some(),
            message.sse_json.get().is_some(),
            message.script.get().is_some(),
            message.websocket.get().is_some(),
        ]
    };
    let takes: [fn(&Message); 6] = [
        |message| _ = message.json(),
        |message| _ = message.json_line(),
        |message| _ = message.sse(),
        |message| _ = message.sse_json(),
        |message| _ = message.script(),
        |message| _ = message.websocket(),
    ];
    for (index, take) in takes.into_iter().enumerate() {
        let message = message("a", None, "x");
        take(&message);
        let expected: [bool; 6] = std::array::from_fn(|form| form == index);
        assert_eq!(made(&message), expected);
    }
}

#[test]
fn a_compressed_message_is_charged_with_its_plain_form() {
    let message = message("a", None, &"x".repeat(1000));
    let deflated = Wire::WebSocket { deflate_from: 512 };
    let charged = message.charge(deflated) as usize;
    let prepared = message.websocket_deflated();
    let compressed = prepared.compressed_bytes().unwrap();
    assert!(prepared.bytes().len() + compressed.len() <= charged);
    let plain = Wire::WebSocket {
        deflate_from: usize::MAX,
    };
    assert_eq!(message.charge(plain), 0);
    // Once the form is made, the saving is known.
    let takes = prepared.bytes().len() + compressed.len();
    let left = charged - message.take_saving() as usize;
    assert!((takes..takes + 400).contains(&left), "{left} for {takes}");
    assert_eq!(message.take_saving(), 0);
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
