//! `holdline decode` as people run it: files and pipes in, lines of JSON and exit codes out.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

#[test]
fn each_kind_reads_a_file_and_is_the_same_in_pieces() {
    for (name, arguments, bytes, expected) in GOLDEN {
        let file = file(name, bytes);
        let path = file.to_str().expect("a UTF-8 path");
        for chunk in 0..=64 {
            let mut command = decode(arguments);
            if chunk > 0 {
                command.args(["--chunk", &chunk.to_string()]);
            }
            let output = command.arg(path).output().expect("it runs");
            assert_eq!(text(&output), *expected, "{name} {chunk}");
            assert_eq!(output.status.code(), Some(0), "{name} {chunk}");
            assert_eq!(output.stderr, b"", "{name} {chunk}");
        }
    }
}

#[test]
fn standard_input_is_read_when_no_file_is_named() {
    for arguments in [&["sse"][..], &["sse", "-"]] {
        let output = fed(arguments, b"data: a\n\n");
        assert_eq!(
            text(&output),
            "{\"event\":\"message\",\"data\":\"a\",\"id\":\"\"}\n"
        );
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn a_broken_rule_is_the_last_line_and_exit_code_1() {
    let request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello";
    let output = fed(&["http1-request"], request);
    assert_eq!(
        text(&output),
        "{\"error\":{\"kind\":\"invalid_content_length\",\"at\":42,\"rfc\":\"RFC 9112 §6.3\",\"status\":400}}\n"
    );
    assert_eq!(output.status.code(), Some(1));

    let output = fed(&["websocket", "--role", "client"], b"\x81\x01a\x83\x00");
    assert_eq!(
        text(&output),
        "{\"text\":\"a\"}\n{\"error\":{\"kind\":\"reserved_opcode\",\"at\":3,\"rfc\":\"RFC 6455 §5.2\",\"close_code\":1002}}\n"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn wrong_usage_and_unreadable_files_are_exit_code_2() {
    for arguments in [
        &[][..],
        &["http2"],
        &["sse", "--chunk", "0"],
        &["sse", "--chunk", "x"],
        &["sse", "--role", "proxy"],
        &["sse", "a", "b"],
        &["sse", "/nonexistent/file"],
        &["sse", "/"],
    ] {
        let output = fed(arguments, b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(text(&output), "", "{arguments:?}");
        assert_ne!(output.stderr, b"", "{arguments:?}");
    }
}

#[test]
fn what_is_no_item_is_said_on_standard_error() {
    let output = fed(&["sse"], b"data: a\n\ndata: b\n");
    assert_eq!(text(&output).lines().count(), 1);
    assert!(String::from_utf8_lossy(&output.stderr).contains("discards"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn an_item_is_printed_before_the_stream_goes_on() {
    let mut child = spawn(&["sse"]);
    let mut input = child.stdin.take().expect("a pipe");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    for number in 0..3 {
        write!(input, "data: {number}\n\n").expect("it reads");
        let line = lines.next().expect("a line").expect("it prints");
        assert!(line.contains(&format!("\"data\":\"{number}\"")), "{line}");
    }
    drop(input);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let mut child = spawn(&["sse"]);
    let mut input = child.stdin.take().expect("a pipe");
    drop(child.stdout.take());
    // It may end before it has read all of this.
    let _ = input.write_all(&b"data: x\n\n".repeat(100_000));
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stderr, b"");
}

#[test]
fn explaining_needs_no_terminal_and_uses_no_colour_without_one() {
    let output = fed(
        &["http1-request", "--explain"],
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output).contains("47 45 54"), "{}", text(&output));
    assert!(!output.stdout.contains(&0x1b));
}

/// Name, arguments, input, and expected output.
const GOLDEN: &[(&str, &[&str], &[u8], &str)] = &[
    (
        "request",
        &["http1-request"],
        b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: 1\r\n\r\n",
        concat!(
            "{\"request\":{\"method\":\"POST\",\"target\":\"/a\",\"version\":\"HTTP/1.1\",",
            "\"headers\":[[\"Host\",\"a\"],[\"Transfer-Encoding\",\"chunked\"]]}}\n",
            "{\"data\":\"hello\"}\n{\"end\":{\"trailers\":[[\"X\",\"1\"]]}}\n"
        ),
    ),
    (
        "response",
        &["http1-response"],
        b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
        concat!(
            "{\"response\":{\"status\":200,\"reason\":\"OK\",\"version\":\"HTTP/1.1\",\"headers\":[]}}\n",
            "{\"data\":\"until the end\"}\n{\"end\":{\"trailers\":[]}}\n"
        ),
    ),
    (
        "head",
        &["http1-response", "--method", "HEAD"],
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        concat!(
            "{\"response\":{\"status\":200,\"reason\":\"OK\",\"version\":\"HTTP/1.1\",",
            "\"headers\":[[\"Content-Length\",\"5\"]]}}\n{\"end\":{\"trailers\":[]}}\n"
        ),
    ),
    (
        "events",
        &["sse"],
        b": hi\nretry: 3000\nid: 1\nevent: a\ndata: b\ndata: c\n\n",
        "{\"comment\":\"hi\"}\n{\"retry\":3000}\n{\"event\":\"a\",\"data\":\"b\\nc\",\"id\":\"1\"}\n",
    ),
    (
        "frames",
        &["websocket", "--role", "server"],
        b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x88\x82\0\0\0\0\x03\xe8",
        "{\"text\":\"Hello\"}\n{\"close\":{\"code\":1000,\"reason\":\"\"}}\n",
    ),
    (
        "unmasked",
        &["websocket", "--role=client"],
        b"\x02\x01\xff\x89\x01a\x80\x01\x00\x8a\x00",
        "{\"ping\":\"61\"}\n{\"binary\":\"ff00\"}\n{\"pong\":\"\"}\n",
    ),
];

fn decode(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdline"));
    command.arg("decode").args(arguments);
    command
}

fn spawn(arguments: &[&str]) -> Child {
    decode(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts")
}

/// Runs with these bytes as standard input.
fn fed(arguments: &[&str], bytes: &[u8]) -> Output {
    let mut child = spawn(arguments);
    // With wrong usage the program ends before it reads.
    let _ = child.stdin.take().expect("a pipe").write_all(bytes);
    child.wait_with_output().expect("it ends")
}

fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("decode-{name}"));
    fs::write(&path, bytes).expect("a writable directory");
    path
}

fn text(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}
