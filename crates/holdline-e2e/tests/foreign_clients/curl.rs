//! curl, as people use it in a shell.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{ChildStdout, Command, Output, Stdio};

use holdline_e2e::{Process, Server};
use serde_json::Value;

use super::{publish, wait_for_subscribers};

#[test]
fn publishes_and_polls() {
    let server = Server::start(&[]).unwrap();
    let url = server.url("/channels/demo");
    let cursor = json(&["-d", "hello", &url])["id"]
        .as_str()
        .unwrap()
        .to_owned();
    json(&["-d", "second", &format!("{url}?event=greeting")]);
    let answer = json(&[&format!("{url}/poll?since={cursor}")]);
    let message = &answer["messages"][0];
    assert_eq!(answer["messages"].as_array().unwrap().len(), 1);
    assert_eq!(message["data"], "second");
    assert_eq!(message["event"], "greeting");
    assert_eq!(message["channel"], "demo");
    assert_eq!(answer["lost"], false);
    // The answer to a publisher carries what it does not have yet, its own message too.
    let answer = json(&["-d", "third", &format!("{url}?since={cursor}")]);
    let texts: Vec<_> = answer["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["data"])
        .collect();
    assert_eq!(texts, ["second", "third"]);
}

#[test]
fn follows_every_stream() {
    let server = Server::start(&[]).unwrap();
    for (transport, expected) in [
        ("sse", "data: hello \"<you>\""),
        ("xhr-stream", r#""data":"hello \"<you>\""}"#),
        (
            "iframe?callback=show",
            r#""data":"hello \"\u003cyou\u003e\""})</script>"#,
        ),
    ] {
        // With HTTP/1.0 the stream ends with the connection, and is not chunked.
        for version in ["--http1.1", "--http1.0"] {
            let channel = format!("c{}{}", &transport[..3], &version[8..]);
            let url = server.url(&format!("/channels/{channel}/{transport}"));
            let mut curl = stream(&["-N", version, &url]);
            wait_for_subscribers(&server, &channel, 1);
            let id = publish(&server, &channel, "hello \"<you>\"");
            let lines = curl.lines_until(expected);
            match transport {
                "sse" => assert!(
                    lines.iter().any(|line| *line == format!("id: {id}")),
                    "{lines:?}"
                ),
                _ => assert!(lines.last().unwrap().contains(&id), "{lines:?}"),
            }
        }
    }
}

#[test]
fn is_held_until_a_message() {
    let server = Server::start(&[]).unwrap();
    for (transport, before, data, after) in [
        ("long-poll?", "{", r#""data":"</script>""#, "}"),
        (
            "jsonp?callback=app.show&",
            "/**/app.show({",
            r#""data":"\u003c/script\u003e""#,
            "});",
        ),
    ] {
        let cursor = publish(&server, "a", "before");
        let mut held = stream(&[&server.url(&format!("/channels/a/{transport}since={cursor}"))]);
        wait_for_subscribers(&server, "a", 1);
        // Another channel's message is none of its business.
        publish(&server, "b", "elsewhere");
        let id = publish(&server, "a", "</script>");
        let text = held.all();
        assert!(
            text.starts_with(before) && text.ends_with(after),
            "{text:?}"
        );
        assert!(text.contains(&id) && text.contains(data), "{text:?}");
        assert!(
            !text.contains("elsewhere") && !text.contains("before"),
            "{text:?}"
        );
        wait_for_subscribers(&server, "a", 0);
        // With nothing to say, the answer is an empty one.
        let text = stdout(&[&server.url(&format!("/channels/a/{transport}wait=0.1&since={id}"))]);
        assert!(
            text.starts_with(before) && text.ends_with(after),
            "{text:?}"
        );
        assert!(text.contains(r#""messages":[]"#), "{text:?}");
    }
}

#[test]
fn resumes_with_a_last_event_id() {
    let server = Server::start(&[]).unwrap();
    let first = publish(&server, "a", "first");
    let second = publish(&server, "a", "second\nin two lines");
    let field = format!("Last-Event-ID: {first}");
    // The header field goes before the query.
    let url = server.url(&format!("/channels/a/sse?since={second}"));
    let lines = stream(&["-N", "-H", &field, &url]).lines_until("data: in two lines");
    assert!(lines.contains(&"data: second".to_owned()), "{lines:?}");
    assert!(lines.contains(&format!("id: {second}")), "{lines:?}");
    assert!(!lines.contains(&"data: first".to_owned()), "{lines:?}");
}

#[test]
fn asks_for_heads() {
    let server = Server::start(&[]).unwrap();
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/health", "text/plain"),
        ("/channels/a/sse", "text/event-stream"),
        ("/channels/a/poll", "application/json"),
    ] {
        let text = stdout(&["-I", &server.url(path)]);
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{path}: {text}");
        assert!(
            text.contains(&format!("Content-Type: {kind}")),
            "{path}: {text}"
        );
        assert!(text.ends_with("\r\n\r\n"), "{path}: {text}");
    }
}

#[test]
fn uploads_in_chunks() {
    let server = Server::start(&[]).unwrap();
    let body = body();
    let mut curl = Command::new("curl");
    curl.args([
        "-sS",
        "-T",
        "-",
        "-X",
        "POST",
        "-H",
        "Expect:",
        &server.url("/echo"),
    ]);
    let answer = with_input(&mut curl, &body);
    assert!(answer.stdout == body, "the echo differs: {answer:?}");
}

#[test]
fn waits_for_100_continue() {
    let server = Server::start(&[]).unwrap();
    let body = body();
    let url = server.url("/echo");
    // It would go on without one after the time given.
    let arguments = [
        "-sSv",
        "--expect100-timeout",
        "60",
        "-H",
        "Expect: 100-continue",
        "--data-binary",
        "@-",
        &url,
    ];
    let answer = with_input(Command::new("curl").args(arguments), &body);
    assert!(answer.stdout == body, "the echo differs");
    let log = String::from_utf8_lossy(&answer.stderr);
    assert!(log.contains("< HTTP/1.1 100 Continue"), "{log}");
    // A body that will not be taken is not asked for.
    let large = vec![b'x'; 3 << 20];
    let answer = with_input(Command::new("curl").args(arguments), &large);
    let log = String::from_utf8_lossy(&answer.stderr);
    assert!(
        log.contains("< HTTP/1.1 413 ") && !log.contains("100 Continue"),
        "{log}"
    );
    assert!(
        String::from_utf8_lossy(&answer.stdout).starts_with(r#"{"error":"#),
        "{answer:?}"
    );
}

#[test]
fn keeps_the_connection_and_closes_it() {
    let server = Server::start(&[]).unwrap();
    let url = server.url("/health");
    let count = |arguments: &[&str]| {
        stdout(
            &[
                arguments,
                &["-w", " %{http_version} %{num_connects}\n", &url, &url],
            ]
            .concat(),
        )
    };
    assert_eq!(count(&[]), "ok 1.1 1\nok 1.1 0\n");
    assert_eq!(count(&["-0"]), "ok 1.1 1\nok 1.1 1\n");
    assert_eq!(
        count(&["-0", "-H", "Connection: keep-alive"]),
        "ok 1.1 1\nok 1.1 0\n"
    );
    assert_eq!(count(&["-H", "Connection: close"]), "ok 1.1 1\nok 1.1 1\n");
}

/// One that knows HTTP/1.0 only is not sent chunks.
#[test]
fn speaks_http_1_0() {
    let server = Server::start(&[]).unwrap();
    publish(&server, "a", "kept");
    let url = server.url("/channels/a/xhr-stream?since=earliest");
    let lines = stream(&["-N", "-0", "--raw", &url]).lines_until(r#""data":"kept"}"#);
    assert!(
        lines[0].trim().is_empty() && lines[0].len() >= 2047,
        "a chunk size: {:?}",
        lines[0]
    );
}

/// A megabyte of anything.
fn body() -> Vec<u8> {
    (0..1_000_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

/// A curl that is running.
struct Streaming {
    lines: BufReader<ChildStdout>,
    // Ends it.
    _process: Process,
}

fn stream(arguments: &[&str]) -> Streaming {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--max-time", "60"])
        .args(arguments)
        .stdout(Stdio::piped());
    let mut process = Process::spawn(&mut curl).unwrap();
    Streaming {
        lines: BufReader::new(process.child.stdout.take().unwrap()),
        _process: process,
    }
}

impl Streaming {
    /// Its lines up to the one that ends with `end`.
    fn lines_until(&mut self, end: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for line in self.lines.by_ref().lines() {
            lines.push(line.unwrap());
            if lines.last().unwrap().ends_with(end) {
                return lines;
            }
        }
        panic!("curl ended before {end:?}: {lines:?}");
    }

    fn all(&mut self) -> String {
        let mut text = String::new();
        self.lines.read_to_string(&mut text).unwrap();
        text
    }
}

fn stdout(arguments: &[&str]) -> String {
    let output = Command::new("curl")
        .args(["-sS", "--max-time", "60"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "curl {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&stdout(arguments)).unwrap()
}

fn with_input(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // It may stop reading when the answer has come.
            let _ = stdin.write_all(input);
        });
        child.wait_with_output().unwrap()
    })
}
