//! `holdline bench` as people run it: with a server that it starts, with an existing server, and with targets it
//! must refuse.

#![allow(clippy::unwrap_used, reason = "a test that fails is to panic")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;

/// Runs it until it ends, without environment variables that would change its behaviour.
fn bench(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdline"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HOLDLINE_")) {
        command.env_remove(name);
    }
    // A busy machine is slow. After this time, messages that have not arrived count as missing.
    let rest = ["--wait", "60s", "--json"];
    command.arg("bench").args(rest).args(arguments);
    command.output().unwrap()
}

fn said(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn result(output: &Output) -> Value {
    let read = serde_json::from_slice(&output.stdout);
    read.unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// Fifty connections in several processes, each of which gets five messages.
fn everything_arrives(transport: &str, more: &[&str]) -> Value {
    let mut arguments = vec!["--spawn", "--transport", transport, "--connections", "50"];
    arguments.extend(["--messages", "5", "--rate", "50"]);
    arguments.extend(more);
    let output = bench(&arguments);
    let result = result(&output);
    assert!(output.status.success(), "{result:#} {}", said(&output));
    assert_eq!(result["transport"], transport);
    assert_eq!(result["connections"]["opened"], 50);
    assert_eq!(result["messages"]["published"], 5);
    let deliveries = &result["deliveries"];
    assert_eq!(deliveries["expected"], 250);
    assert_eq!(deliveries["delivered"], 250);
    for wrong in ["missing", "doubled", "told_lost"] {
        assert_eq!(deliveries[wrong], 0, "{wrong}");
    }
    assert_eq!(result["errors"], serde_json::json!({}));
    let delay = |name: &str| result["delay_ms"][name].as_f64().unwrap();
    // No message comes within a microsecond.
    assert!(delay("p50") > 0.001 && delay("p50") <= delay("p99") && delay("p99") <= delay("max"));
    result
}

#[test]
fn every_message_reaches_every_event_stream() {
    let result = everything_arrives("sse", &[]);
    assert_eq!(result["processes"], 1);
    if cfg!(target_os = "linux") {
        let server = &result["server"];
        assert!(server["memory_held"].as_u64().unwrap() > 100_000);
        assert!(server["bytes_per_connection"].is_number());
        assert!(server["cpu_us_per_delivery"].is_number());
    }
}

#[test]
fn every_message_reaches_every_websocket() {
    everything_arrives("websocket", &[]);
}

#[test]
fn every_message_reaches_every_xhr_stream() {
    everything_arrives("xhr-stream", &[]);
}

#[test]
fn every_message_reaches_every_long_poll() {
    everything_arrives("long-poll", &[]);
}

#[test]
fn two_processes_hold_half_of_the_connections_each_and_are_added_up() {
    let result = everything_arrives("sse", &["--processes", "2"]);
    assert_eq!(result["processes"], 2);
}

#[test]
fn long_messages_come_whole() {
    everything_arrives("sse", &["--size", "100000", "--", "--threads", "1"]);
    everything_arrives("websocket", &["--size", "100000"]);
}

#[test]
fn a_server_of_somebody_else_is_refused() {
    for host in ["192.0.2.1", "[2001:db8::1]:8080", "0.0.0.0:8080"] {
        let output = bench(&[&format!("http://{host}/channels/a")]);
        assert_eq!(output.status.code(), Some(2), "{host}");
        assert!(said(&output).contains("--public"), "{}", said(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn what_cannot_be_measured_is_wrong_usage() {
    for arguments in [
        &[][..],
        &["--spawn", "http://127.0.0.1:1/channels/a"],
        &["--spawn", "--transport", "jsonp"],
        &["--spawn", "--transport", "poll"],
        &["--spawn", "--connections", "0"],
        &["--spawn", "--rate", "0"],
        &["--spawn", "--size", "63"],
        &["http://127.0.0.1:1/channels/a", "--", "--threads", "1"],
        // Nothing listens there.
        &["http://127.0.0.1:1/channels/a"],
    ] {
        let output = bench(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!said(&output).is_empty(), "{arguments:?}");
    }
}

#[test]
fn connections_that_a_full_server_refuses_are_told() {
    let output = bench(&[
        "--spawn",
        "--transport",
        "xhr-stream",
        "--connections",
        "40",
        "--messages",
        "2",
        "--",
        "--max-connections",
        "30",
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let result = result(&output);
    let opened = result["connections"]["opened"].as_u64().unwrap();
    let failed = result["connections"]["failed"].as_u64().unwrap();
    assert!(opened <= 30 && opened + failed == 40, "{result:#}");
    assert_eq!(result["errors"]["it was answered with status 503"], failed);
    assert_eq!(result["deliveries"]["missing"], 0);
}

/// A server that accepts messages but sends each event stream only one of them.
fn forgetful() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (sender, messages) = std::sync::mpsc::channel::<Vec<u8>>();
        let mut messages = Some(messages);
        for stream in listener.incoming() {
            let (sender, messages) = (sender.clone(), messages.take());
            let stream = stream.unwrap();
            match messages {
                // The first connection publishes.
                Some(messages) => {
                    thread::spawn(move || take_messages(stream, &sender));
                    let subscriber = listener.accept().unwrap().0;
                    thread::spawn(move || give_one(subscriber, &messages));
                }
                None => return,
            }
        }
    });
    address
}

fn take_messages(stream: TcpStream, sender: &std::sync::mpsc::Sender<Vec<u8>>) {
    let mut stream = BufReader::new(stream);
    while let Some(length) = read_head(&mut stream) {
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        if !body.is_empty() {
            sender.send(body).unwrap();
        }
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        stream.get_mut().write_all(answer).unwrap();
    }
}

fn give_one(stream: TcpStream, messages: &std::sync::mpsc::Receiver<Vec<u8>>) {
    let mut stream = BufReader::new(stream);
    read_head(&mut stream).unwrap();
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    stream.get_mut().write_all(head).unwrap();
    let message = String::from_utf8(messages.recv().unwrap()).unwrap();
    let event = format!("data: {message}\n\n");
    // The second copy is a duplicate.
    let events = format!("{event}{event}event: holdline.lost\ndata\n\n");
    stream.get_mut().write_all(events.as_bytes()).unwrap();
    // Keeps the connection open until the client closes it.
    let _ = stream.read(&mut [0]);
}

/// Returns the length of the body.
fn read_head(stream: &mut BufReader<TcpStream>) -> Option<usize> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            return Some(length);
        }
    }
}

#[test]
fn messages_that_do_not_come_or_come_twice_are_told() {
    let url = format!("http://{}/channels/a", forgetful());
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdline"));
    command.args(["bench", &url, "--connections", "1", "--messages", "3"]);
    let output = command.args(["--json", "--wait", "5s"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let result = result(&output);
    let deliveries = &result["deliveries"];
    assert_eq!(deliveries["delivered"], 1, "{result:#}");
    assert_eq!(deliveries["missing"], 2);
    assert_eq!(deliveries["doubled"], 1);
    assert_eq!(deliveries["told_lost"], 1);
}

/// A server that takes messages and answers nobody else.
fn silent() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let publisher = listener.accept().unwrap().0;
        thread::spawn(move || {
            let (sender, _messages) = std::sync::mpsc::channel();
            take_messages(publisher, &sender);
        });
        let held: Vec<_> = listener.incoming().collect();
        drop(held);
    });
    address
}

#[test]
fn a_server_that_answers_nobody_is_given_up_after_one_wait() {
    let url = format!("http://{}/channels/a", silent());
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdline"));
    command.args(["bench", &url, "--connections", "300", "--messages", "1"]);
    let output = command.args(["--json", "--wait", "2s"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let result = result(&output);
    assert_eq!(result["connections"]["failed"], 300, "{result:#}");
    let errors = &result["errors"];
    // So many are under way at a time.
    assert_eq!(errors["it was not open in time"], 256);
    let untried = "it was not tried, because others were not open in time";
    assert_eq!(errors[untried], 44);
}

#[test]
fn a_server_that_was_started_for_it_ends_with_whoever_started_it() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdline"));
    command.args(["bench-server", "--listen", "127.0.0.1:0"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut server = command.spawn().unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(server.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    assert!(line.contains("serves on"), "{line}");
    assert!(server.try_wait().unwrap().is_none());
    // As when that process is killed.
    drop(server.stdin.take());
    assert!(server.wait().unwrap().success());
}
