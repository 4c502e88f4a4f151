//! Streams that break a rule: the last line says which one, where, and how to answer.

use super::*;

#[test]
fn the_error_line_has_the_shape_that_is_documented() {
    REQUESTS.check(
        b"GET / HTTP/1.1\r\n\r\n",
        &[r#"{"error":{"kind":"missing_host","at":4,"rfc":"RFC 9112 §3.2","status":400}}"#],
        true,
    );
    RESPONSES.check(
        b"HTTP/2.0 200 OK\r\n\r\n",
        &[
            r#"{"error":{"kind":"unsupported_version","at":0,"rfc":"RFC 9110 §15.6.6","status":505}}"#,
        ],
        true,
    );
    FRAMES.check(
        b"\x81\x02hi",
        &[r#"{"error":{"kind":"frame_not_masked","at":1,"rfc":"RFC 6455 §5.1","close_code":1002}}"#],
        true,
    );
}

#[test]
fn data_before_an_error_is_printed() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let line = r#"{"request":{"method":"POST","target":"/","version":"HTTP/1.1","headers":[["Host","a"],["Transfer-Encoding","chunked"]]}}"#;
    for (body, data, error) in [
        (
            &b"5\r\nhelloX"[..],
            r#"{"data":"hello"}"#,
            r#"{"error":{"kind":"invalid_chunk_end","at":64,"rfc":"RFC 9112 §7.1","status":400}}"#,
        ),
        (
            b"5\r\nhello\rX",
            r#"{"data":"hello"}"#,
            r#"{"error":{"kind":"invalid_chunk_end","at":65,"rfc":"RFC 9112 §7.1","status":400}}"#,
        ),
        (
            b"1\r\n\xc3X",
            r#"{"data_hex":"c3"}"#,
            r#"{"error":{"kind":"invalid_chunk_end","at":60,"rfc":"RFC 9112 §7.1","status":400}}"#,
        ),
        (
            b"5\r\nhel",
            r#"{"data":"hel"}"#,
            r#"{"error":{"kind":"truncated_body","at":62,"rfc":"RFC 9112 §8","status":400}}"#,
        ),
    ] {
        REQUESTS.check(
            &[head.as_bytes(), body].concat(),
            &[line, data, error],
            true,
        );
    }
    // The end of a chunk prints the text so far. The code point begun there goes to the next line.
    REQUESTS.check(
        &[head.as_bytes(), b"2\r\na\xc3\r\n1\r\nbX"].concat(),
        &[
            line,
            r#"{"data":"a"}"#,
            r#"{"data_hex":"c362"}"#,
            r#"{"error":{"kind":"invalid_chunk_end","at":67,"rfc":"RFC 9112 §7.1","status":400}}"#,
        ],
        true,
    );
}

#[test]
fn a_stream_that_ends_too_soon_is_told() {
    REQUESTS.check(
        b"GET / HT",
        &[r#"{"error":{"kind":"truncated_head","at":8,"rfc":"RFC 9112 §8","status":400}}"#],
        true,
    );
    for bytes in [&masked(0x81, b"Hello")[..9], &masked(0x01, b"abc")] {
        FRAMES.check(
            bytes,
            &[
                r#"{"error":{"kind":"unexpected_eof","at":9,"rfc":"RFC 6455 §7.1.5","close_code":1006}}"#,
            ],
            true,
        );
    }
}

#[test]
fn an_event_stream_can_only_be_too_long() {
    let mut bytes = b"data: ".to_vec();
    bytes.resize(6 + (2 << 20) + 9, b'x');
    let (output, ended) = EVENTS.with_chunks(&bytes, [1000, 4096]);
    assert_eq!(
        output,
        "{\"error\":{\"kind\":\"line_too_long\",\"at\":2097158,\"rfc\":\"WHATWG HTML §9.2.5\"}}\n"
    );
    assert!(ended.fault);
}

#[test]
fn text_that_is_not_utf_8() {
    FRAMES.check(
        &masked(0x81, b"ok\xff!"),
        &[r#"{"error":{"kind":"invalid_text","at":8,"rfc":"RFC 6455 §8.1","close_code":1007}}"#],
        true,
    );
    FRAMES.check(
        &masked(0x88, b"\x03\xed"),
        &[r#"{"error":{"kind":"close_code","at":6,"rfc":"RFC 6455 §7.4","close_code":1002}}"#],
        true,
    );
}

#[test]
fn every_kind_has_a_name_in_snake_case() {
    for kind in holdline_http1::ReceiveErrorKind::ALL {
        let name = item::snake_case(kind.name());
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(name.chars().all(fits) && !name.starts_with('_'), "{name}");
        assert_eq!(name.replace('_', ""), kind.name().to_ascii_lowercase());
    }
    assert_eq!(item::snake_case("Http2Preface"), "http2_preface");
    assert_eq!(
        item::variant(&holdline_sse::DecodeErrorKind::EventTooLong { limit: 7 }),
        "event_too_long"
    );
    assert_eq!(
        item::variant(&holdline_websocket::ReceiveErrorKind::UnexpectedEof),
        "unexpected_eof"
    );
}
