use std::io::{BufReader, Write};
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::support::{Running, holdline, read_request, run, scripted, serve, text};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

#[test]
fn a_message_and_lines_arrive_with_their_event_and_token() {
    let (_server, host) = serve("127.0.0.1:0", &["--publish-token", "secret"]);
    let url = format!("{host}/channels/café/");
    let output = run(&["publish", &url, "x"], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("401"),
        "{}",
        text(&output.stderr)
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "secret\n").unwrap();
    let file = format!("@{}", file.display());
    let with_token = ["publish", &url, "--token", &file];
    let output = run(
        &[&with_token[..], &["--event", "a b&c", "-1 ü"]].concat(),
        b"",
    );
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    let output = run(&["publish", &url, "--token", "secret"], b"two\r\n\nfour");
    assert_eq!(output.status.code(), Some(0));
    // Everyone can see it in the list of processes.
    let warning = text(&output.stderr);
    assert!(
        warning.contains("--token @FILE") && !warning.contains("secret\n"),
        "{warning}"
    );
    let output = holdline(&["publish", &url, "five"])
        .env("HOLDLINE_PUBLISH_TOKEN", "secret")
        .output()
        .unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));

    let output = run(
        &["subscribe", &url, "--since", "earliest", "--count", "5"],
        b"",
    );
    let messages: Vec<serde_json::Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let data: Vec<_> = messages
        .iter()
        .map(|message| message["data"].as_str().unwrap())
        .collect();
    assert_eq!(data, ["-1 ü", "two", "", "four", "five"]);
    assert_eq!(
        (&messages[0]["event"], &messages[0]["channel"]),
        (&"a b&c".into(), &"café".into())
    );
    assert!(messages[1].get("event").is_none());
}

#[test]
fn what_cannot_be_used_is_refused_without_telling_a_secret() {
    let url = "http://127.0.0.1:9/channels/a";
    for arguments in [
        &["publish", "http://ann:pa55word@127.0.0.1:9/channels/a", "x"][..],
        &["subscribe", "ann:pa55word@127.0.0.1:9/channels/a"],
        &["publish", url, "x", "--token", "pa55word and more"],
        &["serve", "--publish-token", "pa55word and more"],
    ] {
        let output = run(arguments, b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = text(&output.stderr);
        assert!(said.contains("(not shown)"), "{said}");
        assert!(!said.contains("pa55word"), "{said}");
    }
    let output = holdline(&["serve"])
        .env("HOLDLINE_PUBLISH_TOKEN", "pa55word and more")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(!text(&output.stderr).contains("pa55word"), "{output:?}");
}

#[test]
fn a_line_that_fails_is_named_and_does_not_stop_the_others() {
    let (_server, host) = serve("127.0.0.1:0", &["--max-message", "10"]);
    let url = format!("http://{host}/channels/a");
    let output = run(&["publish", &url, "-"], b"one\n12345678901\n\xff\nfour\n");
    assert_eq!(output.status.code(), Some(1));
    let errors: Vec<&str> = text(&output.stderr).lines().collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(
        errors[0].starts_with("holdline: line 2: the server answered 413"),
        "{errors:?}"
    );
    assert!(
        errors[1].starts_with("holdline: line 3: the server answered 400"),
        "{errors:?}"
    );
    let output = run(
        &["subscribe", &url, "--since", "earliest", "--count", "2"],
        b"",
    );
    assert_eq!(text(&output.stdout).matches("\"data\":").count(), 2);
}

#[test]
fn lines_go_out_as_they_come() {
    let (_server, host) = serve("127.0.0.1:0", &[]);
    let url = format!("{host}/channels/a");
    let mut reader = Running::start(&["subscribe", &url, "--since", "earliest"]);
    let mut child = holdline(&["publish", &url])
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for number in 0..5 {
        writeln!(stdin, "line {number}").unwrap();
        // The next line is written only after this one has arrived.
        assert!(reader.line().contains(&format!("\"line {number}\"")));
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_connection_that_was_closed_while_idle_is_made_again_and_nothing_is_sent_twice() {
    let (sender, received) = channel();
    let host = scripted(move |_, stream| {
        let mut stream = BufReader::new(stream);
        let body = read_request(&mut stream).unwrap();
        stream.get_mut().write_all(OK).unwrap();
        drop(stream);
        sender.send(body).unwrap();
    });
    let mut child = holdline(&["publish", &format!("{host}/channels/a")])
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for line in ["one", "two", "three"] {
        writeln!(stdin, "{line}").unwrap();
        assert_eq!(received.recv().unwrap(), line);
        // The end of the connection arrives.
        thread::sleep(Duration::from_millis(50));
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    assert!(received.try_recv().is_err());
}

#[test]
fn an_answer_that_comes_before_the_message_is_sent_is_reported() {
    let host = scripted(|_, mut stream| {
        let answer =
            b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlong";
        stream.write_all(answer).unwrap();
        // Reads the rest, so that the answer is not lost in a reset.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let long = vec![b'x'; 8 << 20];
    let output = run(&["publish", &format!("{host}/channels/a")], &long);
    assert_eq!(output.status.code(), Some(1));
    let expected = "holdline: line 1: the server answered 413: long\n";
    assert_eq!(text(&output.stderr), expected);
}

#[test]
fn a_server_that_refuses_early_and_reads_no_more_does_not_hold_it() {
    let mut held = Vec::new();
    let host = scripted(move |_, mut stream| {
        let answer =
            b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlong";
        stream.write_all(answer).unwrap();
        // As long as this server lives, the rest of the message stays in the socket.
        held.push(stream);
    });
    let long = vec![b'x'; 8 << 20];
    let output = run(&["publish", &format!("{host}/channels/a")], &long);
    assert_eq!(output.status.code(), Some(1));
    let expected = "holdline: line 1: the server answered 413: long\n";
    assert_eq!(text(&output.stderr), expected);
}

#[test]
fn an_idle_408_is_not_taken_for_the_answer_to_the_next_line() {
    let (sender, received) = channel();
    let host = scripted(move |_, stream| {
        let mut stream = BufReader::new(stream);
        let body = read_request(&mut stream).unwrap();
        stream.get_mut().write_all(OK).unwrap();
        let late =
            b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.get_mut().write_all(late).unwrap();
        drop(stream);
        sender.send(body).unwrap();
    });
    let url = format!("{host}/channels/a");
    let mut child = holdline(&["publish", &url]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for line in ["one", "two"] {
        writeln!(stdin, "{line}").unwrap();
        assert_eq!(received.recv().unwrap(), line);
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

#[test]
fn without_a_server_it_ends_at_once() {
    let output = run(&["publish", "127.0.0.1:1/channels/a"], b"one\ntwo\n");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr).lines().count(),
        1,
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for arguments in [
        &["publish"][..],
        &["publish", "127.0.0.1/elsewhere", "x"],
        &["publish", "https://127.0.0.1/channels/a", "x"],
        &["publish", "127.0.0.1/channels/a", "x", "--retry", "91s"],
        &["subscribe", "127.0.0.1/channels/"],
        &["subscribe", "127.0.0.1/channels/a", "--transport", "jsonp"],
        &["subscribe", "127.0.0.1/channels/a", "--transport", "iframe"],
        &["subscribe", "127.0.0.1/channels/a", "--transport", "pigeon"],
        &["subscribe", "127.0.0.1/channels/a", "--count", "0"],
        &["subscribe", "127.0.0.1/channels/a", "--timeout", "0s"],
    ] {
        let output = run(arguments, b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}
