use clap::Parser;
use serde_json::json;

use super::*;
use crate::config::{Cli, Command};

fn session(arguments: &[&str]) -> Session<Vec<u8>> {
    let url = "http://127.0.0.1:1/channels/a,b";
    let arguments = ["holdline", "subscribe", url]
        .into_iter()
        .chain(arguments.iter().copied());
    match Cli::parse_from(arguments).command {
        Some(Command::Subscribe(arguments)) => Session::new(&arguments, Vec::new()),
        other => panic!("{other:?}"),
    }
}

fn printed(session: &Session<Vec<u8>>) -> &str {
    std::str::from_utf8(&session.out).unwrap()
}

fn message(id: &str, event: Option<&str>) -> serde_json::Value {
    match event {
        Some(event) => json!({ "id": id, "channel": "a", "event": event, "data": "é\n" }),
        None => json!({ "id": id, "channel": "a", "data": "é\n" }),
    }
}

#[test]
fn messages_are_printed_and_move_the_cursor() {
    let mut session = session(&[]);
    assert_eq!(session.target(Transport::Sse, &[]), "/channels/a,b/sse");
    for (id, event) in [
        ("1-0", Some(names::OPEN)),
        ("1-1", None),
        ("1-2", Some("e")),
        ("2-0", Some(names::LOST)),
    ] {
        session.receive(&message(id, event).to_string()).unwrap();
    }
    assert_eq!(
        printed(&session),
        "{\"id\":\"1-1\",\"channel\":\"a\",\"data\":\"é\\n\"}\n\
         {\"id\":\"1-2\",\"channel\":\"a\",\"event\":\"e\",\"data\":\"é\\n\"}\n\
         {\"id\":\"2-0\",\"channel\":\"a\",\"event\":\"holdline.lost\",\"data\":\"é\\n\"}\n"
    );
    let target = session.target(Transport::Sse, &[("format", "json")]);
    assert_eq!(target, "/channels/a,b/sse?format=json&since=2-0");
    assert!(matches!(session.receive("nonsense"), Err(End::Final(_))));
}

#[test]
fn the_count_is_of_messages_and_not_of_what_the_server_says_itself() {
    let mut session = session(&["--count", "2"]);
    for (id, event) in [
        ("1-0", Some(names::OPEN)),
        ("1-1", None),
        ("1-1", Some(names::LOST)),
    ] {
        session.receive(&message(id, event).to_string()).unwrap();
    }
    let last = session.receive(&message("1-2", None).to_string());
    assert_eq!(last, Err(End::Done));
    assert_eq!(printed(&session).lines().count(), 3);
}

#[test]
fn a_loss_in_a_poll_is_told_before_the_messages_and_skips_none_of_them() {
    let mut session = session(&["--since", "1-5"]);
    let answer = json!({ "cursor": "2-9", "messages": [message("2-8", None)], "lost": true });
    polling::take(&mut session, answer.to_string().as_bytes()).unwrap();
    let lines: Vec<&str> = printed(&session).lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].starts_with("{\"id\":\"1-5\",\"channel\":\"a,b\",\"event\":\"holdline.lost\"")
    );
    assert!(lines[1].starts_with("{\"id\":\"2-8\""));
    assert_eq!(session.cursor.as_deref(), Some("2-9"));

    let answer = json!({ "cursor": "2-a", "messages": [], "lost": true });
    polling::take(&mut session, answer.to_string().as_bytes()).unwrap();
    assert!(
        printed(&session)
            .lines()
            .last()
            .unwrap()
            .starts_with("{\"id\":\"2-a\"")
    );
}

#[test]
fn lines_are_the_same_however_they_are_cut() {
    let bytes = "   \n{\"é\":1}\n\n{\"b\":\r2}\r\n{\"cut".as_bytes();
    let whole = split_lines(&[bytes]);
    assert_eq!(whole, ["{\"é\":1}\n", "{\"b\":\r2}\r\n"]);
    for at in 0..bytes.len() {
        let (before, after) = bytes.split_at(at);
        assert_eq!(split_lines(&[before, after]), whole);
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(split_lines(&single), whole);
}

fn split_lines(pieces: &[&[u8]]) -> Vec<String> {
    let mut lines = stream::Lines::default();
    let mut seen = Vec::new();
    for piece in pieces {
        let take = |line: &str| {
            seen.push(line.to_owned());
            Ok(())
        };
        lines.push(piece, take).unwrap();
    }
    seen
}

#[test]
fn what_is_final_and_what_is_not() {
    let body = br#"{"error":{"code":"c","message":"no such thing"}}"#;
    let last = End::Final("the server answered 404: no such thing".to_owned());
    assert_eq!(End::refused(404, None, body), last);
    for (status, retry_after, after) in [
        (408, None, None),
        (429, Some("7"), Some(Duration::from_secs(7))),
        (503, Some("Sat, 21 Nov 2026 12:00:00 GMT"), None),
    ] {
        let why = format!("the server answered {status}: no such thing");
        assert_eq!(
            End::refused(status, retry_after, body),
            End::Lost { why, after }
        );
    }
    assert_eq!(
        server_says(404, b"a\x1b[2Jb\nc"),
        "the server answered 404: a[2Jb"
    );
    assert_eq!(server_says(404, b""), "the server answered 404");
}
