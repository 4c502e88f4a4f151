use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::support::{Running, cut_line, holdline, read_request, run, scripted, serve, text};

const TRANSPORTS: [&str; 5] = ["poll", "long-poll", "xhr-stream", "sse", "websocket"];

#[test]
fn the_transports_of_these_tests_are_those_that_the_program_names() {
    let output = run(
        &[
            "subscribe",
            "127.0.0.1:1/channels/a",
            "--transport",
            "flash",
        ],
        b"",
    );
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    let (_, names) = said.split_once("it is ").unwrap();
    let (names, _) = names.split_once('\n').unwrap();
    let [first @ .., last] = &TRANSPORTS;
    assert_eq!(names, format!("{} or {last}", first.join(", ")));
    // The help is made of the same list.
    let help = run(&["subscribe", "--help"], b"");
    assert!(text(&help.stdout).contains(&format!("How to receive: {names}")));
}

fn data(line: &str) -> String {
    let message: serde_json::Value = serde_json::from_str(line).unwrap();
    message["data"].as_str().unwrap().to_owned()
}

#[test]
fn every_message_is_printed_once_and_in_order_though_the_line_is_cut() {
    const CUTS: u32 = 8;
    const MESSAGES: usize = 600;
    let (_server, host) = serve("127.0.0.1:0", &[]);
    let subscribers: Vec<_> = TRANSPORTS
        .into_iter()
        .map(|transport| {
            let (line, cuts) = cut_line(&host, CUTS);
            let url = format!("{line}/channels/a");
            let count = MESSAGES.to_string();
            let subscriber = thread::spawn(move || {
                let arguments = [
                    "subscribe",
                    &url,
                    "--transport",
                    transport,
                    "--count",
                    &count,
                ];
                let more = ["--since", "earliest", "--interval", "10ms"];
                run(&[&arguments[..], &more].concat(), b"")
            });
            (transport, cuts, subscriber)
        })
        .collect();
    let mut publisher = holdline(&["publish", &format!("{host}/channels/a")])
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut stdin = publisher.stdin.take().unwrap();
    let expected: Vec<String> = (0..MESSAGES)
        .map(|number| format!("message {number}"))
        .collect();
    for line in &expected {
        writeln!(stdin, "{line}").unwrap();
        thread::sleep(Duration::from_millis(3));
    }
    drop(stdin);
    assert!(publisher.wait().unwrap().success());
    for (transport, cuts, subscriber) in subscribers {
        let output = subscriber.join().unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{transport}: {}",
            text(&output.stderr)
        );
        let printed: Vec<String> = text(&output.stdout).lines().map(data).collect();
        assert!(printed == expected, "{transport}: {printed:?}");
        let left = cuts.load(Ordering::SeqCst);
        assert!(left < CUTS, "{transport} was never cut");
    }
}

#[test]
fn a_restarted_server_is_told_as_a_loss_and_reading_goes_on() {
    let subscribed = |host: &str| {
        TRANSPORTS.map(|transport| {
            let url = format!("{host}/channels/a");
            let arguments = [
                "subscribe",
                &url,
                "--transport",
                transport,
                "--since",
                "earliest",
            ];
            Running::start(&[&arguments[..], &["--interval", "10ms"]].concat())
        })
    };
    let (server, host) = serve("127.0.0.1:0", &[]);
    let url = format!("{host}/channels/a");
    assert!(run(&["publish", &url, "before"], b"").status.success());
    let mut readers = subscribed(&host);
    for reader in &mut readers {
        assert_eq!(data(&reader.line()), "before");
    }
    drop(server);
    let (_server, _) = serve(&host, &[]);
    assert!(run(&["publish", &url, "after"], b"").status.success());
    for (reader, transport) in readers.iter_mut().zip(TRANSPORTS) {
        let lost = reader.line();
        assert!(
            lost.contains("\"event\":\"holdline.lost\""),
            "{transport}: {lost}"
        );
        assert_eq!(data(&reader.line()), "after", "{transport}");
    }
}

#[test]
fn reading_begins_now_and_a_cut_before_the_first_message_loses_nothing() {
    let (_server, host) = serve("127.0.0.1:0", &[]);
    let url = format!("{host}/channels/a");
    assert!(run(&["publish", &url, "old"], b"").status.success());
    for transport in TRANSPORTS {
        let mut child = holdline(&["subscribe", &url, "--transport", transport, "--count", "1"])
            .spawn()
            .unwrap();
        // Once it says that it is open, it knows its cursor.
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert!(line.contains(&format!("open over {transport}")), "{line}");
        thread::sleep(Duration::from_millis(100));
        assert!(run(&["publish", &url, transport], b"").status.success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(data(text(&output.stdout)), transport);
    }
}

#[test]
fn several_channels_are_read_in_one_order() {
    let (_server, host) = serve("127.0.0.1:0", &[]);
    for (channel, data) in [("a", "1"), ("b", "2"), ("c", "3"), ("a", "4")] {
        assert!(
            run(
                &["publish", &format!("{host}/channels/{channel}"), data],
                b""
            )
            .status
            .success()
        );
    }
    for transport in TRANSPORTS {
        let url = format!("{host}/channels/a,b");
        let arguments = ["subscribe", &url, "--since", "earliest", "--count", "3"];
        let output = run(&[&arguments[..], &["--transport", transport]].concat(), b"");
        let printed: Vec<String> = text(&output.stdout).lines().map(data).collect();
        assert_eq!(printed, ["1", "2", "4"], "{transport}");
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let (_server, host) = serve("127.0.0.1:0", &[]);
    let url = format!("{host}/channels/a");
    let arguments = ["subscribe", &url, "--since", "earliest"];
    let mut child = holdline(&arguments).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(run(&["publish", &url, "x"], b"").status.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_final_answer_ends_it_with_what_the_server_says() {
    let (_server, host) = serve("127.0.0.1:0", &[]);
    for transport in TRANSPORTS {
        let url = format!("{host}/channels/a");
        let arguments = [
            "subscribe",
            &url,
            "--transport",
            transport,
            "--since",
            "nonsense",
        ];
        let output = run(&arguments, b"");
        assert_eq!(output.status.code(), Some(1), "{transport}");
        let error = text(&output.stderr);
        assert!(
            error.starts_with("holdline: the server answered 400: this is no cursor"),
            "{error}"
        );
        assert_eq!(output.stdout, b"");
    }
}

#[test]
fn a_busy_server_and_a_silent_one_are_asked_again() {
    thread::scope(|scope| {
        for transport in TRANSPORTS {
            scope.spawn(move || is_asked_again(transport));
        }
    });
}

fn is_asked_again(transport: &str) {
    let (sender, asked) = channel();
    let mut silent = Vec::new();
    let host = scripted(move |number, stream| {
        let mut stream = BufReader::new(stream);
        let _ = read_request(&mut stream);
        match number {
            0 => {
                let answer = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                stream.get_mut().write_all(answer).unwrap();
            }
            // Keeps the connection open without sending anything.
            _ => silent.push(stream),
        }
        let _ = sender.send(());
    });
    let url = format!("{host}/channels/a");
    let arguments = [
        "subscribe",
        &url,
        "--transport",
        transport,
        "--timeout",
        "1s",
    ];
    let mut child = holdline(&arguments).spawn().unwrap();
    for _ in 0..3 {
        asked.recv_timeout(Duration::from_secs(60)).unwrap();
    }
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    let told = text(&output.stderr);
    assert!(told.contains("503; trying again in"), "{transport}: {told}");
    assert!(told.contains("silent for 1 s"), "{transport}: {told}");
}
