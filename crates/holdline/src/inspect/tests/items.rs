//! Valid streams, and what is printed for them.

use super::*;

#[test]
fn requests_follow_each_other() {
    REQUESTS.check(
        b"GET /a?b HTTP/1.1\r\nHost: a\r\nX: 1\r\nx:\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\n\
          Content-Length: 5\r\n\r\nhelloOPTIONS * HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        &[
            r#"{"request":{"method":"GET","target":"/a?b","version":"HTTP/1.1","headers":[["Host","a"],["X","1"],["x",""]]}}"#,
            r#"{"end":{"trailers":[]}}"#,
            r#"{"request":{"method":"POST","target":"/","version":"HTTP/1.1","headers":[["Host","a"],["Content-Length","5"]]}}"#,
            r#"{"data":"hello"}"#,
            r#"{"end":{"trailers":[]}}"#,
            r#"{"request":{"method":"OPTIONS","target":"*","version":"HTTP/1.0","headers":[["Connection","keep-alive"]]}}"#,
            r#"{"end":{"trailers":[]}}"#,
        ],
        false,
    );
}

#[test]
fn a_line_of_data_ends_where_a_chunk_ends_but_never_in_a_code_point() {
    REQUESTS.check(
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
          6;a=b\r\nHello \r\n5\r\nworld\r\n5\r\n\xe2\x82\xac \xc3\r\n1\r\n\xa9\r\n\
          2\r\n\xff!\r\n4\r\ncaf\xe9\r\n0\r\nX-Sum: 7\r\n\r\n",
        &[
            r#"{"request":{"method":"PUT","target":"/","version":"HTTP/1.1","headers":[["Host","a"],["Transfer-Encoding","chunked"]]}}"#,
            r#"{"data":"Hello "}"#,
            r#"{"data":"world"}"#,
            r#"{"data":"€ "}"#,
            r#"{"data":"é"}"#,
            r#"{"data_hex":"ff21"}"#,
            r#"{"data":"caf"}"#,
            r#"{"data_hex":"e9"}"#,
            r#"{"end":{"trailers":[["X-Sum","7"]]}}"#,
        ],
        false,
    );
}

#[test]
fn a_long_body_is_cut_after_64_kib_but_never_in_a_code_point() {
    let mut bytes = b"HTTP/1.1 200 OK\r\n\r\nx".to_vec();
    bytes.extend("€".repeat(40_000).as_bytes());
    let (output, ended) = RESPONSES.with_chunks(&bytes, [1, 2, 3, 7, 64, 65_535]);
    let lines: Vec<serde_json::Value> = output
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let data = |index: usize| lines[index]["data"].as_str().expect("text");
    assert_eq!(lines.len(), 4);
    assert_eq!(data(1).len(), body::LINE);
    assert_eq!(data(2).len(), 120_001 - body::LINE);
    assert!(!ended.fault);

    let mut bytes = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    bytes.extend("€".repeat(40_000).as_bytes());
    let (output, _) = RESPONSES.with_chunks(&bytes, [1, 2, 3, 7, 64, 65_535]);
    let first: serde_json::Value =
        serde_json::from_str(output.lines().nth(1).expect("a line")).expect("JSON");
    assert_eq!(first["data"].as_str().map(str::len), Some(body::LINE - 1));
}

#[test]
fn responses_of_every_framing() {
    RESPONSES.check(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 \xfcblich\r\n\
          Content-Length: 2\r\n\r\nokHTTP/1.1 304\r\n\r\nHTTP/1.0 200 OK\r\n\r\nuntil the end",
        &[
            r#"{"response":{"status":103,"reason":"Early Hints","version":"HTTP/1.1","headers":[["Link","</a>"]]}}"#,
            r#"{"response":{"status":200,"reason":{"latin1":"üblich"},"version":"HTTP/1.1","headers":[["Content-Length","2"]]}}"#,
            r#"{"data":"ok"}"#,
            r#"{"end":{"trailers":[]}}"#,
            r#"{"response":{"status":304,"reason":"","version":"HTTP/1.1","headers":[]}}"#,
            r#"{"end":{"trailers":[]}}"#,
            r#"{"response":{"status":200,"reason":"OK","version":"HTTP/1.0","headers":[]}}"#,
            r#"{"data":"until the end"}"#,
            r#"{"end":{"trailers":[]}}"#,
        ],
        false,
    );
}

#[test]
fn the_method_says_whether_a_response_has_a_body() {
    let head = Case {
        method: "HEAD",
        ..RESPONSES
    };
    let response = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    let line = r#"{"response":{"status":200,"reason":"OK","version":"HTTP/1.1","headers":[["Content-Length","5"]]}}"#;
    let end = r#"{"end":{"trailers":[]}}"#;
    head.check(
        response.repeat(2).as_bytes(),
        &[line, end, line, end],
        false,
    );
}

#[test]
fn what_follows_the_last_message_is_only_counted() {
    let (output, ended) = REQUESTS.with_chunks(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nnonsense",
        1..=64,
    );
    assert_eq!(output.lines().count(), 2);
    assert!(!ended.fault);
    assert!(ended.notes.iter().any(|note| note.starts_with("8 bytes ")));

    let mut bytes = masked(0x88, b"");
    bytes.extend(b"nonsense");
    let (output, ended) = FRAMES.with_chunks(&bytes, 1..=64);
    assert_eq!(output, "{\"close\":{\"code\":1005,\"reason\":\"\"}}\n");
    assert!(ended.notes.iter().any(|note| note.starts_with("8 bytes ")));
}

#[test]
fn an_event_stream_has_three_items() {
    EVENTS.check(
        b"\xef\xbb\xbf: hi\nretry: 3000\nretry: soon\nevent: tick\ndata: a\r\ndata:  b\r\rid: 7\r\n\r\n\
          data\n\nData: no\ndata: \xff\n\nevent: lost\n\ndata: unfinished\n",
        &[
            r#"{"comment":"hi"}"#,
            r#"{"retry":3000}"#,
            r#"{"event":"tick","data":"a\n b","id":""}"#,
            r#"{"event":"message","data":"","id":"7"}"#,
            "{\"event\":\"message\",\"data\":\"\u{fffd}\",\"id\":\"7\"}",
        ],
        false,
    );
    let (_, ended) = EVENTS.with_chunks(b"data: unfinished\n", 1..=20);
    assert!(!ended.notes.is_empty());
    let (_, ended) = EVENTS.with_chunks(b"data: finished\n\n", 1..=20);
    assert_eq!(ended, Ended::default());
}

#[test]
fn messages_and_control_frames() {
    let bytes = [
        masked(0x81, "Hé".as_bytes()),
        masked(0x02, b"\x00\x01"),
        masked(0x89, b"ping"),
        masked(0x80, b"\xff"),
        masked(0x8a, b""),
        masked(0x88, b"\x03\xe8bye"),
    ];
    FRAMES.check(
        &bytes.concat(),
        &[
            r#"{"text":"Hé"}"#,
            r#"{"ping":"70696e67"}"#,
            r#"{"binary":"0001ff"}"#,
            r#"{"pong":""}"#,
            r#"{"close":{"code":1000,"reason":"bye"}}"#,
        ],
        false,
    );
    UNMASKED.check(b"\x81\x02hi", &[r#"{"text":"hi"}"#], false);
}

#[test]
fn no_control_character_reaches_the_terminal() {
    let text = "a\u{1b}[2Jb\u{9b}c\u{7f}\u{a0}d\u{80}";
    let output = format!("data: {text}\n\nid: \u{9f}\n\n: {text}\n");
    EVENTS.check(
        output.as_bytes(),
        &[
            "{\"event\":\"message\",\"data\":\"a\\u001b[2Jb\\u009bc\\u007f\u{a0}d\\u0080\",\"id\":\"\"}",
            "{\"comment\":\"a\\u001b[2Jb\\u009bc\\u007f\u{a0}d\\u0080\"}",
        ],
        false,
    );
    let mut bytes = b"HTTP/1.1 200 \x9b\r\nX: \x9b\r\nUpgrade: \xc2\x9b\r\n\r\n\x1b\x9b".to_vec();
    for case in [RESPONSES, RESPONSES.explained()] {
        let (output, _) = case.with_chunks(&bytes, 1..=8);
        assert!(!output.contains(|c: char| c.is_control() && c != '\n'));
    }
    bytes = masked(0x81, text.as_bytes());
    let (output, _) = FRAMES.explained().with_chunks(&bytes, 1..=8);
    assert!(!output.contains(|c: char| c.is_control() && c != '\n'));
}

#[test]
fn nothing_is_nothing() {
    for case in EVERY {
        case.check(b"", &[], false);
    }
}
