//! The output for people.

use super::*;
use crate::inspect::explain::text;

#[test]
fn each_byte_stands_once_in_its_place() {
    let frames = [
        masked(0x01, b"Hello, "),
        masked(0x89, b""),
        masked(0x80, "wörld, how are you?".as_bytes()),
        masked(0x88, b"\x03\xe8bye"),
    ]
    .concat();
    let mut long = b"\x82\x7e\x01\x00".to_vec();
    long.extend([7; 256]);
    let mut line = b"data: ".to_vec();
    line.extend([b'x'; 40_000]);
    line.extend(b"\n\ndata: y\n\n");
    for (case, bytes) in [
        (
            REQUESTS,
            &b"\r\nPUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
               c;a\r\nHello, world\r\n0\r\nX: 1\r\n\r\nGET / HTTP/1.0\r\n\r\n"[..],
        ),
        (
            RESPONSES,
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\0\x01\x02456789HTTP/1.1 200 \r\n\r\nto the end",
        ),
        (
            EVENTS,
            b"\xef\xbb\xbf: a\r\rretry: 1\r\nid\ndata: \xe2\x82\xac\n\nevent",
        ),
        (EVENTS, &line),
        (FRAMES, &frames),
        (UNMASKED, &long),
    ] {
        let (output, ended) = case.explained().with_chunks(bytes, [1, 2, 3, 7, 64]);
        assert!(!ended.fault);
        assert_eq!(shown(&output), bytes, "{output}");
    }
}

#[test]
fn a_frame_is_taken_apart() {
    let bytes = [masked(0x81, b"Hello"), masked(0x88, b"\x03\xe8")].concat();
    let (output, _) = FRAMES.explained().with_chunks(&bytes, 1..=64);
    for words in [
        "FIN 1: ",
        "RSV 000: ",
        "opcode 0x1, text: ",
        "MASK 1: ",
        "length 5",
        "masking key: ",
        "6  7f 9f 4d 51 58           ␡·MQX     48 65 6c 6c 6f           Hello",
        "→ text message of 5 bytes: \"Hello\"",
        "→ close frame: code 1000 (normal closure), reason \"\"",
    ] {
        assert!(output.contains(words), "{words} in\n{output}");
    }
}

#[test]
fn a_head_and_its_chunks_are_taken_apart() {
    let (output, _) = REQUESTS.explained().with_chunks(
        b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
          5;x=y\r\nhello\r\n0\r\n\r\n",
        1..=64,
    );
    for words in [
        "method POST: ",
        "target \"/a\", origin-form",
        "version HTTP/1.1",
        "Host: \"a\"",
        "empty line: the head ends",
        "→ a request; its body comes in chunks",
        "chunk size 5 in hexadecimal: 5 bytes",
        "extension \"x=y\": ignored",
        "data, 5 bytes",
        "end of the chunk's data",
        "the last chunk",
        "→ the request is complete",
    ] {
        assert!(output.contains(words), "{words} in\n{output}");
    }
}

#[test]
fn a_line_of_an_event_stream_says_what_it_does() {
    let (output, _) = EVENTS.explained().with_chunks(
        b": hi\nid: 7\nretry: x\nretry: 20\nData: a\ndata: b\n\nid: \0\n\ndata: c",
        1..=64,
    );
    for words in [
        "comment: ignored",
        "id: the last event ID is \"7\"",
        "retry: ignored",
        "retry: from now on wait 20 ms",
        "names are lower case",
        "data: this line of the event's data is \"b\"",
        "→ an event of type \"message\", 1 byte of data \"b\", last event ID \"7\"",
        "id: ignored, because it holds NUL",
        "→ no event, because the block has no data",
        "the line has no end",
        "→ the stream ended before the empty line",
    ] {
        assert!(output.contains(words), "{words} in\n{output}");
    }
}

#[test]
fn an_error_points_at_its_byte() {
    for (case, bytes, expected) in [
        (
            REQUESTS,
            &b"GET / HTTP/1.1\r\nHost : a\r\n\r\n"[..],
            "\
error: field name is no token followed by a colon at byte 20 (RFC 9112 §5.1); answer 400 and close
       8  54 50 2f 31 2e 31 0d 0a  TP/1.1␍␊
      16  48 6f 73 74 20           Host
                      ^^               ^
kind: invalid_field_name
",
        ),
        (
            UNMASKED,
            b"\x81\x81abcdx",
            "\
error: frame to a client masked at byte 1 (RFC 6455 §5.1); close with 1002 (protocol error)
       0  81 81                    ··
             ^^                     ^
kind: frame_masked
hint: clients mask their frames; to read theirs: --role server
",
        ),
        (
            RESPONSES,
            b"HTTP/1.1 200 OK",
            "\
error: connection ended inside a head at byte 15 (RFC 9112 §8); close the connection
       0  48 54 54 50 2f 31 2e 31  HTTP/1.1
       8  20 32 30 30 20 4f 4b      200 OK
                               ^^         ^
kind: truncated_head
hint: a head ends with an empty line
",
        ),
    ] {
        let (output, ended) = case.explained().with_chunks(bytes, 1..=32);
        assert!(output.ends_with(expected), "{output}");
        assert!(ended.fault);
    }
}

#[test]
fn colour_changes_nothing_but_the_colour() {
    let bytes = masked(0x81, b"Hello");
    let run = |colour| {
        let style = Style::text(colour, text::WIDTH);
        FRAMES.explained().styled(bytes.as_slice(), style, BLOCK).0
    };
    let mut plain = String::new();
    for (index, part) in run(true).split('\x1b').enumerate() {
        let text = match index {
            0 => part,
            _ => part.split_once('m').expect("an SGR sequence").1,
        };
        plain.push_str(text);
    }
    let trimmed = |text: &str| {
        text.lines()
            .map(str::trim_end)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(trimmed(&plain), trimmed(&run(false)));
    assert!(run(true).contains("\x1b[36m"));
}

/// RFC 6455 §7.4.1: no frame holds 1005.
#[test]
fn a_close_frame_without_a_code_is_not_said_to_have_one() {
    let (output, _) = UNMASKED.explained().once(b"\x88\x00", BLOCK);
    let words = "→ close frame: no code, reported as 1005\n";
    assert!(output.contains(words), "{output}");
}

#[test]
fn the_length_of_data_that_is_not_utf_8_is_not_said_to_be_that_of_the_wire() {
    let (output, _) = EVENTS.explained().once(b"data: \xff\xfe\n\n", BLOCK);
    assert!(
        output.contains("6 bytes of data after decoding \""),
        "{output}"
    );
}

/// The bytes in the rows, up to an error. Each row must show its offset correctly.
pub(super) fn shown(output: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in output
        .lines()
        .take_while(|line| !line.starts_with("error:"))
    {
        let Some(offset) = line
            .get(..8)
            .and_then(|text| text.trim().parse::<usize>().ok())
        else {
            continue;
        };
        assert_eq!(offset, bytes.len(), "{line}");
        let hex = line.chars().skip(10).take(24).collect::<String>();
        let digits = hex.split_whitespace();
        bytes.extend(digits.map(|byte| u8::from_str_radix(byte, 16).expect("hexadecimal")));
    }
    bytes
}
