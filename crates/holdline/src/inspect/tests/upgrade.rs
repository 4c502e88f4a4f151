//! What follows an upgrade, and the bodies of event streams.

use super::*;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

fn request(fields: &str) -> Vec<u8> {
    format!(
        "GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{fields}\r\n"
    )
    .into_bytes()
}

fn response(fields: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n{fields}\r\n"
    )
    .into_bytes()
}

/// The last lines of output.
fn tail(case: &Case, bytes: &[u8], count: usize) -> Vec<String> {
    let (output, _) = case.with_chunks(bytes, 1..=64);
    let lines: Vec<_> = output.lines().map(str::to_owned).collect();
    lines[lines.len() - count..].to_vec()
}

#[test]
fn frames_follow_a_101() {
    let bytes = [response(""), b"\x81\x02hi\x88\x02\x03\xe8".to_vec()].concat();
    assert_eq!(
        tail(&RESPONSES, &bytes, 3),
        [
            r#"{"end":{"trailers":[]}}"#,
            r#"{"text":"hi"}"#,
            r#"{"close":{"code":1000,"reason":""}}"#
        ]
    );
}

#[test]
fn compression_is_taken_from_the_head() {
    let hello = b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00";
    let agreed = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    let bytes = [response(agreed), hello.to_vec()].concat();
    assert_eq!(
        tail(&RESPONSES, &bytes, 2),
        [r#"{"text":"Hello"}"#, r#"{"text":"Hello"}"#]
    );
    let bytes = [response(""), hello.to_vec()].concat();
    assert!(tail(&RESPONSES, &bytes, 1)[0].contains("reserved_bits"));

    let offered = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let mut frame = masked(0xc1, b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    frame.extend(masked(0xc1, b"\xf2\x00\x11\x00\x00"));
    let bytes = [request(offered), frame].concat();
    assert_eq!(
        tail(&REQUESTS, &bytes, 2),
        [r#"{"text":"Hello"}"#, r#"{"text":"Hello"}"#]
    );
}

/// The server may refuse, and then the next bytes are a request.
#[test]
fn after_an_offer_the_next_bytes_tell_the_protocol() {
    let next = b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n";
    let bytes = [request(""), next.to_vec()].concat();
    assert!(tail(&REQUESTS, &bytes, 2)[0].contains(r#""target":"/b""#));

    // A byte that also begins a method: FIN 0, RSV1, text.
    let deflated = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    let mut frames = masked(0x41, b"\xf2\x48\xcd");
    frames.extend(masked(0x80, b"\xc9\xc9\x07\x00"));
    let bytes = [request(deflated), frames].concat();
    assert_eq!(tail(&REQUESTS, &bytes, 1), [r#"{"text":"Hello"}"#]);

    // An error counts from the beginning of the input.
    let at = request("").len();
    let bytes = [request(""), b"\x83\x80abcd".to_vec()].concat();
    let error = tail(&REQUESTS, &bytes, 1).remove(0);
    assert!(
        error.contains(&format!(r#""reserved_opcode","at":{at},"#)),
        "{error}"
    );

    // One byte that might be either, and nothing after it.
    let bytes = [request(""), b"G".to_vec()].concat();
    assert!(tail(&REQUESTS, &bytes, 1)[0].contains("truncated_head"));
}

#[test]
fn the_first_websocket_follows_its_head() {
    let request =
        b"GET /demo HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nHost: example.com\r\n\
        Origin: http://example.com\r\nSec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n\
        Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n\r\n^n:ds[4U\0hello\xff\xff\0";
    assert_eq!(
        tail(&REQUESTS, request, 3),
        [
            r#"{"challenge":"5e6e3a64735b3455"}"#,
            r#"{"text":"hello"}"#,
            r#"{"close":{}}"#
        ]
    );
    let response = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Origin: http://example.com\r\nSec-WebSocket-Location: ws://example.com/demo\r\n\r\n\
        8jKS'y:G*Co,Wxa-\0a\xff\0\xc3\xff";
    let lines = tail(&RESPONSES, response, 3);
    assert_eq!(
        lines[0],
        r#"{"answer":"386a4b5327793a472a436f2c577861 2d"}"#.replace(' ', "")
    );
    assert_eq!(lines[1], r#"{"text":"a"}"#);
    let at = response.len() - 1;
    assert!(
        lines[2].contains(&format!(r#""invalid_text","at":{at},"#)),
        "{}",
        lines[2]
    );

    let frames = Case::new(DecodeKind::Hixie76);
    frames.check(
        b"^n:ds[4U\0hi\xff\x81\x01x\xff\0rest",
        &[
            r#"{"challenge":"5e6e3a64735b3455"}"#,
            r#"{"text":"hi"}"#,
            r#"{"close":{}}"#,
        ],
        false,
    );
    let (output, _) = REQUESTS.explained().with_chunks(request, 1..=9);
    for words in [
        "eight bytes that no Content-Length announces",
        "type 00: text follows",
        "→ text message of 5 bytes: \"hello\"",
        "→ close: the sender will send nothing more",
    ] {
        assert!(output.contains(words), "{words} in\n{output}");
    }
    assert_eq!(super::explain::shown(&output), request);
}

#[test]
fn a_protocol_that_is_not_known_is_only_counted() {
    let bytes = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo/2\r\n\r\n\x00\x01\x02";
    let (output, ended) = RESPONSES.with_chunks(bytes, 1..=9);
    assert_eq!(output.lines().count(), 2);
    assert!(
        ended
            .notes
            .iter()
            .any(|note| note.contains("3 bytes of another protocol (foo/2)"))
    );
    let (output, _) = RESPONSES.explained().with_chunks(bytes, 1..=9);
    assert_eq!(super::explain::shown(&output), bytes);
}

/// A codec counts from where its protocol began, and the words must not.
#[test]
fn the_words_of_an_error_name_the_byte_that_its_line_names() {
    let old =
        b"GET /demo HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nHost: example.com\r\n\
        Origin: http://example.com\r\nSec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n\
        Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n\r\n^n:ds[4U\0hello\xff\0\xc3\xff";
    let frames = [request(""), masked(0x81, b""), b"\xb1\x80abcd".to_vec()].concat();
    for (case, bytes) in [
        (REQUESTS, &frames[..]),
        (REQUESTS, old),
        (
            RESPONSES,
            &[response(""), b"\x81\x02hi\x83\0".to_vec()].concat(),
        ),
        (
            REQUESTS,
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost : a\r\n\r\n",
        ),
        (FRAMES, b"\x81\x80abcd\x83\x80abcd"),
    ] {
        let line = tail(&case, bytes, 1).remove(0);
        let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let place = format!(" at byte {} (", line["error"]["at"]);
        for style in [
            Style::text(false, crate::inspect::explain::text::WIDTH),
            Style::Html,
        ] {
            let (output, ended) = case.styled(bytes, style, BLOCK);
            let (_, error) = output.split_once("error: ").expect("an error");
            let words = error.replace("<a href=", "");
            assert!(
                ended.fault && words.contains(&place[..place.len() - 1]),
                "{place}: {error}"
            );
            assert_eq!(error.matches(" at byte ").count(), 1, "{error}");
        }
    }
}

#[test]
fn the_words_of_an_error_within_a_body_name_the_byte_of_the_whole() {
    let mut limits = holdline_sse::Limits::default();
    limits.max_line = 3;
    let mut decoder = holdline_sse::Decoder::new(limits);
    let mut buffer = holdline_sse::Buffer::new();
    let decoded = decoder.decode(&mut &b"data: long\n"[..], &mut buffer);
    let stop = Stop::from(decoded.expect_err("it is too long"));
    let Stop::Fault(fault) = http1::within(stop, [0, 1000]) else {
        panic!("a fault");
    };
    assert_eq!(fault.at, 1009);
    assert!(
        fault.message().contains(" at byte 1009 ("),
        "{}",
        fault.message()
    );
}

#[test]
fn a_101_is_followed_by_no_final_response() {
    let (output, _) = RESPONSES.explained().once(&response(""), BLOCK);
    assert!(
        output.contains("status 101, the other protocol follows this head"),
        "{output}"
    );
    assert!(!output.contains("final"), "{output}");
    let (output, _) = RESPONSES
        .explained()
        .once(b"HTTP/1.1 103 Early Hints\r\n\r\n", BLOCK);
    assert!(
        output.contains("status 103, informational, the final response follows"),
        "{output}"
    );
}

/// The line may stand there many times, and its hash takes much room.
#[test]
fn how_the_key_leads_to_the_answer_is_shown_once() {
    let line = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    let mut conversation = Conversation::new(Style::Html, "", None, false);
    let mut out = Vec::new();
    for (side, mut bytes) in [
        (Side::Client, request("")),
        (Side::Server, response(&line.repeat(50))),
    ] {
        conversation
            .feed(side, &mut bytes, &mut out)
            .expect("no IO here");
    }
    let page = String::from_utf8(out).expect("UTF-8");
    assert_eq!(page.matches("SHA-1 of the key").count(), 1, "{page}");
}

/// The chunks cut a line, a CR LF, and nothing.
const STREAM: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\
    Transfer-Encoding: chunked\r\n\r\n8\r\nid: 1\nda\r\n6\r\nta: a\r\r\n3\r\n\n\r\n\r\n6\r\n: hi\n\n\r\n\
    8\r\ndata: b\n\r\n1\r\n\n\r\n0\r\n\r\n";

#[test]
fn the_events_in_a_body_are_printed_if_asked_for() {
    let events = Case {
        events: true,
        ..RESPONSES
    };
    let lines = [
        r#"{"event":"message","data":"a","id":"1"}"#,
        r#"{"comment":"hi"}"#,
        r#"{"event":"message","data":"b","id":"1"}"#,
        r#"{"end":{"trailers":[]}}"#,
    ];
    assert_eq!(tail(&events, STREAM, 4), lines);
    let (output, _) = RESPONSES.with_chunks(STREAM, 1..=9);
    assert_eq!(output.matches(r#"{"data":"#).count(), 6, "{output}");

    // An error in the event stream has its place in the whole.
    let mut bad = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: ".to_vec();
    bad.extend(vec![b'x'; 20 << 20]);
    let (output, ended) = events.once(&bad, BLOCK);
    assert!(
        ended.fault && output.contains("\"error\""),
        "{}",
        output.len()
    );
}

#[test]
fn the_events_in_a_body_are_explained_with_each_byte_once() {
    let (output, ended) = RESPONSES.explained().with_chunks(STREAM, 1..=9);
    assert!(!ended.fault);
    assert_eq!(super::explain::shown(&output), STREAM, "{output}");
    for words in [
        "the line goes on in the next chunk",
        "→ an event of type \"message\", 1 byte of data \"a\", last event ID \"1\"",
        "→ an event of type \"message\", 1 byte of data \"b\", last event ID \"1\"",
        "→ the response is complete",
    ] {
        assert!(output.contains(words), "{words} in\n{output}");
    }
}
