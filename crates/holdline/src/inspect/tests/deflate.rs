//! `--deflate`: compressed messages in captures.

use super::*;

/// What Chromium 156 sent after an answer with `client_max_window_bits=12`: two texts, of which the second refers to
/// the first, an empty one, 200 zeros, and a Close.
const CHROMIUM: &[u8] = b"\
    \xc1\x9d\x24\xb2\xad\xdb\xd6\xfa\x60\x12\xed\x65\xfc\x2b\x64\x10\xb9\x09\xae\x40\xde\xce\x6e\x80\
    \xff\xce\xb6\x38\x5f\x10\xaf\xe1\x26\xdb\x24\
    \xc1\x8a\x94\x70\x1e\x2c\x66\xb0\xbc\x0a\xa5\x4d\x2f\x1f\x9b\x70\
    \xc1\x81\x53\x38\xd8\x9d\x53\
    \xc2\x85\x42\xbd\xac\xba\x20\xa5\x8a\xba\x42\
    \x88\x86\x94\xc4\xab\xf7\x9f\x7d\xcf\x98\xfa\xa1";

fn with(answer: &str) -> Case {
    Case {
        deflate: Deflate::from_answer(answer),
        ..FRAMES
    }
}

#[test]
fn a_capture_of_a_browser_is_read() {
    let zeros = format!(r#"{{"binary":"{}"}}"#, "00".repeat(200));
    let lines = [
        r#"{"text":"Hello, Hello, Hello from the browser"}"#,
        r#"{"text":"Hello, Hello, Hello again"}"#,
        r#"{"text":""}"#,
        &zeros,
        r#"{"close":{"code":3001,"reason":"done"}}"#,
    ];
    with("permessage-deflate; client_max_window_bits=12").check(CHROMIUM, &lines, false);
}

#[test]
fn without_the_option_rsv1_means_nothing() {
    let error =
        r#"{"error":{"kind":"reserved_bits","at":0,"rfc":"RFC 6455 §5.2","close_code":1002}}"#;
    FRAMES.check(CHROMIUM, &[error], true);
}

/// The second message refers to the first.
#[test]
fn parameters_that_were_not_agreed_on_are_seen() {
    let lines = [
        r#"{"text":"Hello, Hello, Hello from the browser"}"#,
        r#"{"error":{"kind":"invalid_deflate","at":35,"rfc":"RFC 7692 §7.2.2","close_code":1002}}"#,
    ];
    with("permessage-deflate; client_no_context_takeover").check(CHROMIUM, &lines, true);
}

#[test]
fn compressed_frames_are_explained() {
    let (output, ended) = with("permessage-deflate")
        .explained()
        .with_chunks(CHROMIUM, 1..=9);
    assert!(!ended.fault);
    for words in [
        "RSV 100: the message is compressed (RFC 7692 §6)",
        "text message of 25 bytes: \"Hello, Hello, Hello again\"",
        "RSV 000: no extension is in use in this frame",
        "close frame: code 3001, reason \"done\"",
    ] {
        assert!(output.contains(words), "{words}: {output}");
    }
}

/// RFC 7692 §6: the bit is set in the first frame alone.
#[test]
fn a_later_frame_of_a_compressed_message_is_not_said_to_be_plain() {
    let case = Case {
        role: DecodeRole::Client,
        ..with("permessage-deflate")
    };
    // A ping in between, and a message that is not compressed.
    let frames = b"\x41\x03\xf2\x48\xcd\x89\0\x80\x04\xc9\xc9\x07\x00\x01\x01a\x80\x01b";
    let (output, ended) = case.explained().with_chunks(frames, 1..=9);
    assert!(
        !ended.fault && output.contains("\"Hello\"") && output.contains("\"ab\""),
        "{output}"
    );
    let reserved: Vec<&str> = output
        .lines()
        .filter_map(|line| line.get(line.find("RSV ")?..))
        .collect();
    let plain = "RSV 000: no extension is in use in this frame";
    assert_eq!(
        reserved,
        [
            "RSV 100: the message is compressed (RFC 7692 §6)",
            plain,
            "RSV 000: the message is compressed, as its first frame alone says",
            plain,
            plain
        ],
        "{output}"
    );
}

#[test]
fn a_frame_is_said_to_be_compressed_only_where_it_can_be() {
    for (case, frame, compressed) in [
        (
            with("permessage-deflate"),
            masked(0xc1, b"\xf2\x48\xcd\xc9\xc9\x07\x00"),
            true,
        ),
        (FRAMES, masked(0xc1, b"\xf2\x48\xcd\xc9\xc9\x07\x00"), false),
        (with("permessage-deflate"), masked(0xc9, b""), false),
    ] {
        let (page, ended) = case.styled(&frame, Style::Html, BLOCK);
        assert_eq!(ended.fault, !compressed);
        for words in [", compressed", "the message is compressed"] {
            assert_eq!(page.contains(words), compressed, "{words}: {page}");
        }
    }
}

#[test]
fn the_option_takes_an_answer_or_its_parameters() {
    use clap::Parser;

    let parse = |option: &str| {
        let arguments = ["holdline", "decode", "websocket", option];
        match crate::config::Cli::try_parse_from(arguments)?.command {
            Some(crate::config::Command::Decode(decode)) => Ok(decode.deflate),
            other => panic!("{other:?}"),
        }
    };
    let bits = |option| {
        parse(option).map(|agreed: Option<Deflate>| agreed.map(|agreed| agreed.to_string()))
    };
    for (option, agreed) in [
        ("--explain", None),
        ("--deflate", Some("permessage-deflate")),
        (
            "--deflate=client_max_window_bits=12",
            Some("permessage-deflate; client_max_window_bits=12"),
        ),
        (
            "--deflate=permessage-deflate; server_no_context_takeover",
            Some("permessage-deflate; server_no_context_takeover"),
        ),
    ] {
        let found = bits(option).expect("it can be used");
        assert_eq!(found.as_deref(), agreed, "{option}");
    }
    let error: clap::Error =
        bits("--deflate=server_max_window_bits=7").expect_err("not agreed on by anyone");
    assert!(error.to_string().contains("RFC 7692"), "{error}");
    assert_eq!(error.exit_code(), 2);
}
