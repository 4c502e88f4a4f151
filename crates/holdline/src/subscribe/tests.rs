use std::io::Read as _;
use std::net::TcpListener;

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
    assert_eq!(End::status(404, None, body), last);
    for status in [408, 429, 503] {
        let why = format!("the server answered {status}: no such thing");
        let after = Some(Duration::from_secs(7));
        assert_eq!(End::status(status, after, body), End::Lost { why, after });
    }
    assert_eq!(
        server_says(404, b"a\x1b[2Jb\nc"),
        "the server answered 404: a[2Jb"
    );
    assert_eq!(server_says(404, b""), "the server answered 404");
}

#[test]
fn a_server_may_ask_for_a_delay_in_seconds_or_by_a_date_but_not_for_ages() {
    let date = ("Date", "Sat, 21 Nov 2026 11:59:50 GMT");
    for (after, seconds) in [
        ("7", Some(7)),
        (" 7 ", Some(7)),
        ("Sat, 21 Nov 2026 12:00:00 GMT", Some(10)),
        ("Sat, 21 Nov 2026 11:00:00 GMT", Some(0)),
        ("99999999999999999999999", Some(3600)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", Some(3600)),
        ("soon", None),
    ] {
        let headers = [date, ("retry-after", after)];
        let headers = headers.map(|(name, value)| (name, value.as_bytes()));
        assert_eq!(
            retry_after(headers.into_iter()),
            seconds.map(Duration::from_secs),
            "{after}"
        );
    }
    // No `Date`, so this machine's clock is used.
    let headers = [("Retry-After", &b"Fri, 31 Dec 9999 23:59:59 GMT"[..])];
    assert_eq!(retry_after(headers.into_iter()), Some(MAX_SERVER_DELAY));
    assert_eq!(retry_after([].into_iter()), None);
}

#[test]
fn a_server_that_opens_and_ends_each_stream_at_once_is_not_hammered() {
    let mut session = session(&[]);
    let ms = Duration::from_millis;
    for delay in [250, 500, 1000, 2000, 4000] {
        session.connected(Transport::WebSocket);
        // Makes it look as if the stream has just been opened, however slow this test is.
        session.opened = session.opened.map(|at| at + ms(60_000));
        session
            .receive(&message("1-0", Some(names::OPEN)).to_string())
            .unwrap();
        assert_eq!(session.next_delay(), ms(delay));
    }
    // A message ends the back-off, and so does a stream that lived for longer than the delay.
    session.receive(&message("1-1", None).to_string()).unwrap();
    assert_eq!(
        [session.next_delay(), session.next_delay()],
        [250, 500].map(ms)
    );
    session.opened = Instant::now().checked_sub(ms(500));
    assert_eq!(
        [session.next_delay(), session.next_delay()],
        [250, 500].map(ms)
    );
    session.opened = Some(Instant::now() + ms(60_000));
    assert_eq!(session.next_delay(), ms(1000));
}

#[test]
fn a_stream_that_is_cut_in_a_message_says_so() {
    let mut lines = stream::Lines::default();
    lines.push(b"   \n{\"a\":1}\n", |_| Ok(())).unwrap();
    assert_eq!(lines.why_ended(), "the stream ended");
    lines.push(b"{\"b\"", |_| Ok(())).unwrap();
    assert_eq!(lines.why_ended(), "the stream ended inside a message");
}

/// Reads one connection to its end.
type Read = fn(&mut Session<Vec<u8>>) -> End;

/// Runs a session with a server that gives these answers over one connection and then closes it.
fn answered(answers: Vec<String>, read: Read) -> (End, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("{}/channels/a", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut requests = Vec::new();
        for answer in answers {
            let mut block = [0; 4096];
            let length = stream.read(&mut block).unwrap();
            requests.push(String::from_utf8_lossy(&block[..length]).into_owned());
            stream.write_all(answer.as_bytes()).unwrap();
        }
        requests
    });
    let arguments = ["holdline", "subscribe", &url, "--since", "1-0"];
    let Some(Command::Subscribe(arguments)) = Cli::parse_from(arguments).command else {
        panic!("it is subscribe");
    };
    let mut session = Session::new(&arguments, Vec::new());
    let end = read(&mut session);
    (end, server.join().unwrap())
}

#[test]
fn a_long_poll_that_is_not_held_is_not_asked_again_at_once() {
    let body = json!({ "cursor": "1-0", "messages": [], "lost": false }).to_string();
    let length = body.len();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
    let begun = Instant::now();
    let (_, requests) = answered(vec![answer; 2], polling::long_poll);
    assert_eq!(requests.len(), 2);
    assert!(requests[1].starts_with("GET /channels/a/long-poll?"));
    assert!(begun.elapsed() >= FIRST_DELAY);
}

#[test]
fn a_compressed_answer_is_told_as_such() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\n\x1f";
    let reads: [Read; 3] = [polling::long_poll, stream::read, sse::read];
    for read in reads {
        let answer = answer.replace("OK\r\n", "OK\r\nContent-Type: text/event-stream\r\n");
        let (end, requests) = answered(vec![answer], read);
        match end {
            End::Final(why) => assert!(why.contains("compressed"), "{why}"),
            End::Done | End::Lost { .. } | End::Unauthorized(_) => panic!("{end:?}"),
        }
        assert!(requests[0].contains("Accept-Encoding: identity\r\n"));
    }
}

#[test]
fn who_is_there_is_printed_and_not_counted() {
    let mut session = session(&["--name", "ann & bob", "--presence", "--count", "1"]);
    let target = session.target(Transport::Sse, &[]);
    assert_eq!(target, "/channels/a,b/sse?name=ann+%26+bob&presence=true");
    for event in [names::MEMBERS, names::JOIN, names::LEAVE] {
        let json = message("1-1", Some(event)).to_string();
        session.receive(&json).unwrap();
    }
    assert_eq!(printed(&session).lines().count(), 3);
    // A poll tells what the next one is to say.
    let answer = json!({ "cursor": "1-1", "messages": [], "lost": false, "presence": "1-7.0" });
    polling::take(&mut session, answer.to_string().as_bytes()).unwrap();
    let target = session.target(Transport::LongPoll, &[]);
    assert_eq!(
        target,
        "/channels/a,b/long-poll?since=1-1&name=ann+%26+bob&presence=1-7.0"
    );
    let json = message("1-2", None).to_string();
    assert_eq!(session.receive(&json), Err(End::Done));
}
