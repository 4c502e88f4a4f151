//! `holdline publish` when the connection breaks: each message is published once, or it says that nobody knows.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crate::support::{cut_line, holdline, read_keyed, run, scripted, serve, text};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
const IN_USE: &[u8] = b"HTTP/1.1 409 Conflict\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n";
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n";
const GONE: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

/// A server that gives these answers, each to a request, and none where there is none: then it closes. Each
/// request is sent on as its key and body.
fn answers(
    answers: &'static [Option<&'static [u8]>],
) -> (String, std::sync::mpsc::Receiver<(String, String)>) {
    let (sender, received) = channel();
    let mut answers = answers.iter();
    let host = scripted(move |_, stream| {
        let mut stream = BufReader::new(stream);
        while let Some(request) = read_keyed(&mut stream) {
            sender.send(request).unwrap();
            match answers.next() {
                Some(Some(answer)) => stream.get_mut().write_all(answer).unwrap(),
                _ => break,
            }
        }
    });
    (format!("{host}/channels/a"), received)
}

/// What the user sees: the answers of the server are lost again and again, and no line is there twice.
#[test]
fn each_line_is_published_once_over_a_connection_that_breaks_before_the_answer_comes() {
    let (_server, host) = serve("127.0.0.1:0", &[]);
    let (line, cuts) = cut_line(&host, 12);
    let lines: Vec<String> = (0..300).map(|number| format!("line {number}")).collect();
    let output = run(
        &["publish", &format!("{line}/channels/a")],
        lines.join("\n").as_bytes(),
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(cuts.load(Ordering::SeqCst), 0);
    assert!(text(&output.stderr).contains("sending it again"));
    let end = ["publish", &format!("{host}/channels/a"), "end"];
    assert_eq!(run(&end, b"").status.code(), Some(0));
    let read = [
        "subscribe",
        &format!("{host}/channels/a"),
        "--since",
        "earliest",
    ];
    let output = run(&[&read[..], &["--count", "301"]].concat(), b"");
    let seen: Vec<String> = text(&output.stdout)
        .lines()
        .map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).unwrap();
            message["data"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(seen[..300], lines);
    assert_eq!(seen[300], "end");
}

#[test]
fn a_message_without_an_answer_is_sent_again_under_its_key_and_the_next_under_another() {
    let (url, received) = answers(&[Some(OK), None, Some(IN_USE), Some(FULL), Some(OK), Some(OK)]);
    let output = run(&["publish", &url], b"one\ntwo\nthree\n");
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    assert_eq!(error.matches("sending it again").count(), 3, "{error}");
    let (keys, bodies): (Vec<String>, Vec<String>) = received.try_iter().unzip();
    assert_eq!(bodies, ["one", "two", "two", "two", "two", "three"]);
    assert!(keys[1..5].iter().all(|key| *key == keys[1]), "{keys:?}");
    let different = [&keys[0], &keys[1], &keys[5]];
    assert!(different.iter().all(|key| key.len() == 32), "{keys:?}");
    assert!(keys[0] != keys[1] && keys[1] != keys[5] && keys[0] != keys[5]);
}

#[test]
fn after_the_time_for_it_the_outcome_is_unknown_and_the_next_line_goes_out() {
    let (url, received) = answers(&[None, None, None, None, None, None, None, None, Some(OK)]);
    let begun = Instant::now();
    // The delays of half a second grow: after four attempts at most the time is over.
    let output = run(&["publish", &url, "--retry", "900ms"], b"one\n");
    let took = begun.elapsed();
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    let last = error.lines().last().unwrap();
    assert!(
        last.starts_with("holdline: line 1: no answer came")
            && last.ends_with("whether it was published is not known"),
        "{error}"
    );
    assert!(took < Duration::from_secs(10), "{took:?}");
    let attempts = received.try_iter().count();
    assert!((2..=8).contains(&attempts), "{attempts}");
}

#[test]
fn who_wants_no_message_sent_again_is_told_that_nobody_knows() {
    let (url, received) = answers(&[None, Some(OK)]);
    let output = run(&["publish", &url, "--retry", "0s"], b"one\ntwo\n");
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(
        error.starts_with("holdline: line 1: no answer came (")
            && error.ends_with("; whether it was published is not known\n")
            && error.lines().count() == 1,
        "{error}"
    );
    let bodies: Vec<String> = received.try_iter().map(|(_, body)| body).collect();
    assert_eq!(bodies, ["one", "two"]);
}

#[test]
fn a_refusal_after_an_answer_that_was_lost_does_not_say_that_nothing_was_published() {
    let (url, _received) = answers(&[None, Some(GONE)]);
    let output = run(&["publish", &url, "one"], b"");
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    let last = error.lines().last().unwrap();
    let expected = "holdline: no answer came, and then the server answered 404; \
        whether it was published is not known";
    assert_eq!(last, expected, "{error}");
}

#[test]
fn who_is_too_fast_waits_as_long_as_it_is_told_and_loses_no_line() {
    let (_server, host) = serve("127.0.0.1:0", &["--max-publish-rate", "4/s:2"]);
    let url = format!("{host}/channels/a");
    let begun = Instant::now();
    let output = run(&["publish", &url], b"one\ntwo\nthree\nfour\nfive\n");
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    assert!(begun.elapsed() >= Duration::from_millis(750));
    assert!(error.contains("sending it again"), "{error}");
    let read = ["subscribe", &url, "--since", "earliest", "--count", "5"];
    let output = run(&read, b"");
    let seen = text(&output.stdout).lines().map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).unwrap();
        message["data"].as_str().unwrap().to_owned()
    });
    let seen: Vec<_> = seen.collect();
    assert_eq!(seen, ["one", "two", "three", "four", "five"]);
}

#[test]
fn who_must_wait_longer_than_it_would_send_again_is_told_why_and_that_nothing_was_published() {
    let (_server, host) = serve("127.0.0.1:0", &["--max-publish-rate", "1/h"]);
    let url = format!("{host}/channels/a");
    let output = run(&["publish", &url], b"one\ntwo\n");
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(
        error.starts_with("holdline: line 2: the server answered 429")
            && !error.contains("not known"),
        "{error}"
    );
}

#[test]
fn what_is_refused_at_once_is_not_sent_again() {
    let (url, received) = answers(&[Some(FULL)]);
    let output = run(&["publish", &url, "one"], b"");
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(1), "holdline: the server answered 503\n")
    );
    assert_eq!(received.try_iter().count(), 1);
}

/// A server forgets a key after two minutes, and whoever stops a program with Ctrl-Z may come back later.
#[test]
fn a_publisher_that_was_stopped_for_too_long_does_not_send_its_message_again() {
    let (url, received) = answers(&[None, Some(OK)]);
    let arguments = ["publish", &url, "--retry", "1s", "one"];
    let mut publisher = holdline(&arguments).spawn().unwrap();
    let pid = publisher.id().to_string();
    let signal = |name: &str| {
        let status = Command::new("kill").args([name, &pid]).status().unwrap();
        assert!(status.success());
    };
    let mut errors = BufReader::new(publisher.stderr.take().unwrap());
    let mut error = String::new();
    errors.read_line(&mut error).unwrap();
    assert!(error.contains("sending it again"), "{error}");
    signal("-STOP");
    std::thread::sleep(Duration::from_millis(1200));
    signal("-CONT");
    assert_eq!(publisher.wait().unwrap().code(), Some(1));
    errors.read_to_string(&mut error).unwrap();
    let last = error.lines().last().unwrap();
    assert!(
        last.ends_with("whether it was published is not known"),
        "{error}"
    );
    assert_eq!(received.try_iter().count(), 1);
}
