//! Nobody reads the server's standard error.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::program::holdline;

#[test]
fn a_log_that_nobody_reads_stops_neither_requests_nor_the_server_and_says_what_is_missing() {
    let mut child = holdline(&["--listen", "127.0.0.1:0", "--log-requests"])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    let address = first
        .trim()
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap();
    // More lines than the pipe and the queue hold. All requests are answered.
    let mut client = TcpStream::connect(address).unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let (batches, depth) = (150, 100);
    let request = format!("GET /health HTTP/1.1\r\nHost: {address}\r\n\r\n").repeat(depth);
    let mut block = vec![0; 64 * 1024];
    for _ in 0..batches {
        client.write_all(request.as_bytes()).unwrap();
        let mut answers = 0;
        while answers < depth {
            let n = client.read(&mut block).unwrap();
            assert!(n > 0, "the server closed");
            answers += block[..n].windows(2).filter(|pair| pair == b"ok").count();
        }
    }
    let stats = format!("GET /stats HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    client.write_all(stats.as_bytes()).unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).unwrap();
    let (_, json) = text.split_once("\r\n\r\n").unwrap();
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    let dropped = json["dropped_log_lines"].as_u64().unwrap();
    assert!(dropped > 0, "{json}");

    // Now somebody reads. Once there is room, a line says how many are missing.
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    let (mut seen, mut missing, mut total) = (0, 0, u64::try_from(batches * depth).unwrap() + 1);
    while seen + missing < total {
        if seen == 1000 {
            let mut client = TcpStream::connect(address).unwrap();
            client.write_all(stats.as_bytes()).unwrap();
            client.read_to_string(&mut String::new()).unwrap();
            total += 1;
        }
        let line = stderr.next().unwrap().unwrap();
        if let Some(rest) = line.strip_prefix("holdline: ") {
            let (count, rest) = rest.split_once(' ').unwrap();
            assert!(
                rest.starts_with("lines of the log are missing here"),
                "{line}"
            );
            missing += count.parse::<u64>().unwrap();
        } else {
            seen += u64::from(line.contains(" request "));
        }
    }
    assert_eq!(seen + missing, total);
    assert!(missing >= dropped);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn a_server_whose_log_nobody_can_read_any_more_still_stops_when_asked() {
    let mut child = holdline(&["--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    // The readers of both have gone, as when the terminal or the parent process is killed.
    drop((stdout, child.stderr.take()));
    let id = Pid::from_child(&child);
    kill_process(id, Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}
