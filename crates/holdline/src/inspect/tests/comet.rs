//! Bodies of the Comet family, made by the crate that makes the server's.

use bytes::BytesMut;
use holdline_comet::{iframe, jsonp, poll, stream};

use super::*;

const COMET: Case = Case::new(DecodeKind::Comet);
const ONE: &str = r#"{"id":"7-1","channel":"c","data":"a </script>"}"#;
const TWO: &str = r#"{"id":"7-2","channel":"c","event":"e","data":"b"}"#;

/// As they are printed, their members in the order of the alphabet.
const LINES: [&str; 2] = [
    r#"{"message":{"channel":"c","data":"a </script>","id":"7-1"}}"#,
    r#"{"message":{"channel":"c","data":"b","event":"e","id":"7-2"}}"#,
];

#[test]
fn answers_to_polls_and_in_a_script() {
    let mut out = BytesMut::new();
    poll::encode("7-2".parse().unwrap(), [ONE, TWO], false, &mut out);
    let poll = r#"{"poll":{"cursor":"7-2","lost":false}}"#;
    COMET.check(&out, &[LINES[0], LINES[1], poll], false);

    let mut script = BytesMut::new();
    jsonp::wrap(&"app.f[0]".parse().unwrap(), &out, &mut script);
    let callback = r#"{"callback":"app.f[0]"}"#;
    COMET.check(&script, &[callback, LINES[0], LINES[1], poll], false);
}

#[test]
fn streams() {
    let mut out = BytesMut::from(&stream::PRELUDE[..]);
    stream::encode(ONE.as_bytes(), &mut out);
    out.extend_from_slice(stream::HEARTBEAT);
    stream::encode(TWO.as_bytes(), &mut out);
    let lines = [
        r#"{"prelude":2048}"#,
        LINES[0],
        r#"{"heartbeat":1}"#,
        LINES[1],
    ];
    COMET.check(&out, &lines, false);

    let page = iframe::Page::new("f".parse().unwrap()).unwrap();
    let mut out = BytesMut::new();
    page.begin(&mut out);
    page.message(ONE.as_bytes(), &mut out);
    page.message(TWO.as_bytes(), &mut out);
    let (output, ended) = COMET.with_chunks(&out, [1, 7, 64]);
    assert!(!ended.fault);
    let printed: Vec<&str> = output.lines().collect();
    assert_eq!(
        printed[printed.len() - 3..],
        [r#"{"callback":"f"}"#, LINES[0], LINES[1]]
    );
    assert!(printed[0].contains("DOCTYPE"));

    COMET.check(
        b"<policy-file-request/>\0{\"data\":1}\0",
        &[r#"{"policy_file_request":{}}"#, r#"{"message":{"data":1}}"#],
        false,
    );
}

#[test]
fn what_is_no_form_of_comet() {
    COMET.check(
        b"\n{\"a\":1}\nhello\n",
        &[
            r#"{"heartbeat":1}"#,
            r#"{"message":{"a":1}}"#,
            r#"{"error":{"kind":"invalid_json","at":9,"rfc":"RFC 8259 §2"}}"#,
        ],
        true,
    );
    COMET.check(
        br#"{"cursor":"7-2","messages":["#,
        &[r#"{"error":{"kind":"truncated_json","at":28,"rfc":"RFC 8259 §2"}}"#],
        true,
    );
}

#[test]
fn units_are_explained_with_each_byte_once() {
    let mut out = BytesMut::from(&stream::PRELUDE[..]);
    stream::encode(ONE.as_bytes(), &mut out);
    out.extend_from_slice(stream::HEARTBEAT);
    poll::encode("7-2".parse().unwrap(), [TWO], true, &mut out);
    let (output, _) = COMET.explained().with_chunks(&out, [1, 7, 64]);
    assert_eq!(super::explain::shown(&output), out);
    for words in [
        "the prelude, 2048 bytes of white space",
        "a heartbeat: ",
        "→ a message: \"a </script>\"; its cursor is \"7-1\"",
        "→ a message of type \"e\": \"b\"",
        "; something",
    ] {
        assert!(output.contains(words), "{words} in\n{output}");
    }
}
