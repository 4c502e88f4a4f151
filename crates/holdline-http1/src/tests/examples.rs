//! The examples in `docs/rules.md`, run as they are written there.

use alloc::vec::Vec;

use crate::error::ReceiveErrorKind as Kind;
use crate::tests::harness::{Outcome, client, every_way, server};
use crate::{ClientConfig, ServerConfig};

pub(crate) const RULES: &str = include_str!("../../docs/rules.md");

pub(crate) struct Row {
    what: &'static str,
    bytes: Vec<u8>,
    pub(crate) verdict: &'static str,
    status: &'static str,
    pub(crate) test: &'static str,
    response: bool,
}

pub(crate) fn rows() -> Vec<Row> {
    let (_, tables) = RULES.split_once("# Each decision").expect("the tables");
    let (requests, responses) = tables.split_once("responses to GET").expect("both");
    [(requests, false), (responses, true)]
        .into_iter()
        .flat_map(|(text, response)| {
            text.lines()
                .filter(|line| line.starts_with("| ") && !line.starts_with("| what "))
                .map(move |line| {
                    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
                    let &["", what, _, bytes, verdict, status, test, ""] = &cells[..] else {
                        panic!("six columns: {line}");
                    };
                    Row {
                        what,
                        bytes: unescape(bytes.trim_matches('`')),
                        verdict: verdict.trim_matches('`'),
                        status,
                        test: test.trim_matches('`'),
                        response,
                    }
                })
        })
        .collect()
}

/// Reads the escapes of a Rust string.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'\\' => match rest.next() {
                Some(b'r') => b'\r',
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'0') => 0,
                Some(quoted @ (b'\\' | b'"')) => quoted,
                Some(b'x') => {
                    let mut digit = || char::from(rest.next().unwrap_or(b'?')).to_digit(16);
                    let (high, low) = (digit().expect("a digit"), digit().expect("a digit"));
                    (high << 4 | low) as u8
                }
                other => panic!("no escape: {other:?}"),
            },
            plain => plain,
        };
        bytes.push(byte);
    }
    bytes
}

#[test]
pub(crate) fn the_examples_are_judged_as_written() {
    const NEXT: &[u8] = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
    for row in rows() {
        let outcome: Outcome = match row.response {
            true => every_way(
                || client(&ClientConfig::default(), "GET", None),
                &row.bytes,
                false,
            ),
            false => {
                let bytes = [&row.bytes[..], NEXT].concat();
                every_way(|| server(&ServerConfig::default()), &bytes, false)
            }
        };
        let kind = outcome.error.map(|(kind, _)| kind);
        let answers = outcome.sent.matches("HTTP/1.1 ").count();
        match Kind::ALL.iter().find(|kind| kind.name() == row.verdict) {
            None => {
                assert_eq!((row.verdict, row.status), ("taken", ""), "{}", row.what);
                assert_eq!(kind, None, "{}", row.what);
                let last = outcome.items.last().expect("items");
                assert!(last.starts_with("end "), "{}: {last}", row.what);
                assert!(row.response || answers == 2, "{}: {outcome:?}", row.what);
            }
            Some(&expected) => {
                assert_eq!(kind, Some(expected), "{}", row.what);
                assert_eq!(row.status, alloc::format!("{}", expected.status()));
                assert!(outcome.closes, "{}", row.what);
                if !row.response {
                    // One answer, with that status; what is behind is never answered.
                    let line = alloc::format!("HTTP/1.1 {} ", row.status);
                    assert!(
                        outcome.sent.starts_with(&line) && answers == 1,
                        "{}",
                        row.what
                    );
                }
            }
        }
    }
}

#[test]
fn no_row_is_passed_over() {
    // Each row names the test above, and nothing else in the docs does.
    let named = RULES.matches("`the_examples_are_judged_as_written`");
    assert_eq!(rows().len(), named.count());
}
