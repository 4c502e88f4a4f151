//! `holdline subscribe` when its token ends.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use holdline_e2e::{Process, Server, program};

use super::expiry::ending_in;
use super::{ask, bearer, sign, start};

const TRANSPORTS: [&str; 5] = ["poll", "long-poll", "xhr-stream", "sse", "websocket"];

/// The program, with the token that is in a file.
fn subscribe(server: &Server, transport: &str, token: &tempfile::NamedTempFile) -> Command {
    let mut command = Command::new(program().unwrap());
    command
        .args([
            "subscribe",
            &server.url("/channels/a"),
            "--transport",
            transport,
        ])
        .args(["--token", &format!("@{}", token.path().display())])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn file(token: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), format!("{token}\n")).unwrap();
    file
}

/// A token that ends while the program reads, and the next one, which somebody puts into the file before that.
#[test]
fn a_subscriber_goes_on_with_the_token_that_is_in_the_file_when_the_first_has_ended() {
    let server = start(&[]);
    let next = sign(&["--subscribe", "a"]);
    let mut readers = Vec::new();
    for transport in TRANSPORTS {
        let token = file(&ending_in(5, "ann"));
        let mut process =
            Process::spawn(subscribe(&server, transport, &token).args(["--count", "1"])).unwrap();
        let mut said = BufReader::new(process.child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert!(line.contains("is open over"), "{transport}: {line}");
        fs::write(token.path(), &next).unwrap();
        readers.push((transport, token, process, said));
    }
    // Whoever still shows the old one by then is refused.
    thread::sleep(Duration::from_secs(7));
    let publisher = bearer(&sign(&["--publish", "a"]));
    let post = format!("{publisher}Content-Length: 4\r\n\r\nlate");
    assert_eq!(ask(&server, "POST /channels/a", &post).head.status, 200);
    for (transport, _token, mut process, _said) in readers {
        let mut lines = BufReader::new(process.child.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains("\"data\":\"late\""), "{transport}: {line}");
        assert!(lines.next().is_none(), "{transport}");
        let status = process.wait("the subscriber to end").unwrap();
        assert!(status.success(), "{transport}: {status}");
    }
}

#[test]
fn a_subscriber_whose_token_ends_and_is_not_replaced_says_so_and_stops() {
    let server = start(&[]);
    for transport in ["sse", "websocket", "long-poll"] {
        let token = file(&ending_in(3, "ann"));
        let output = subscribe(&server, transport, &token).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{transport}: {said}");
        let last = said.lines().last().unwrap();
        assert!(
            last.contains("401") && last.contains("has expired"),
            "{transport}: {said}"
        );
        assert!(output.stdout.is_empty(), "{transport}");
    }
}
