//! Secrets of the messages of a connection, of which each begins where the one before has ended.

use super::*;

/// What is shown of a connection, however it is cut.
fn shown(style: Style, pieces: &[(Side, &str)]) -> String {
    let read = |length: usize| {
        let conversation = Conversation::new(style, "", None, false);
        let mut conversation = conversation.hiding(Secrets::default(), Secrets::default());
        let mut out = Vec::new();
        for (side, text) in pieces {
            for piece in text.as_bytes().to_vec().chunks_mut(length) {
                let read = conversation.feed(*side, piece, &mut out);
                assert_eq!(
                    read.expect("no IO here"),
                    Read::Explained,
                    "{length}: {text}"
                );
            }
        }
        String::from_utf8(out).expect("UTF-8")
    };
    let whole = read(usize::MAX);
    // A body is printed in the pieces in which it came.
    for length in 1..99 {
        read(length);
    }
    whole
}

#[test]
fn a_body_that_ends_like_a_secret_leaves_the_next_message_as_it_is() {
    for body in [
        "user=a&token=sesame",
        "http://host:8080",
        "http://ann:sesame",
        "secret: sesame",
        "Sec-WebSocket-Protocol: bearer sesame",
    ] {
        let length = body.len();
        let requests = format!(
            "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}\
             HEAD /b?token=sesame HTTP/1.1\r\nHost: a\r\nCookie: sesame\r\n\r\n\
             GET /c HTTP/1.1\r\nHost: a\r\n\r\n"
        );
        let responses = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}\
             HTTP/1.1 201 Created\r\nSet-Cookie: sesame\r\nContent-Length: 9\r\n\r\n\
             HTTP/1.1 202 Accepted\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let pieces = [(Side::Client, &*requests), (Side::Server, &*responses)];
        let lines = shown(Style::Items, &pieces);
        for words in [
            r#""method":"HEAD","target":"/b?token=******""#,
            r#""method":"GET","target":"/c""#,
            r#""status":201"#,
            r#"["Set-Cookie","******"]"#,
            r#""status":202"#,
        ] {
            assert!(lines.contains(words), "{words} in\n{lines}");
        }
        assert!(!lines.contains("sesame"), "{lines}");
        let rows = shown(Style::text(false, 115), &pieces);
        for words in ["method HEAD", "method GET", "status 201", "status 202"] {
            assert!(rows.contains(words), "{words} in\n{rows}");
        }
    }
}
