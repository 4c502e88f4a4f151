//! `holdline publish` and `holdline subscribe`, joined by the server, and by a network that fails.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use holdline_e2e::{CutProxy, Process, Server, program};
use serde_json::Value;

/// A line that is written by one program comes out of the other, before the next one is written.
#[test]
fn lines_go_from_shell_to_shell() {
    let server = Server::start(&[]).unwrap();
    for transport in ["poll", "long-poll", "xhr-stream", "sse", "websocket"] {
        let proxy = CutProxy::start(server.address()).unwrap();
        let channel = format!("/channels/{transport}");
        let mut publish = command(&["publish", &server.url(&channel), "-"]);
        let mut input = publish.child.stdin.take().unwrap();
        let arguments = ["--transport", transport, "--since", "earliest"];
        let mut subscribe = command(
            &[
                &["subscribe", &*proxy.url(&channel)][..],
                &arguments,
                &["--interval", "10ms"],
            ]
            .concat(),
        );
        let mut output = BufReader::new(subscribe.child.stdout.take().unwrap()).lines();
        for number in 0..30 {
            let text = format!("line {number}: \"ü\" </script>");
            writeln!(input, "{text}").unwrap();
            let line: Value = serde_json::from_str(&output.next().unwrap().unwrap()).unwrap();
            assert_eq!(line["data"], text.as_str(), "{transport}: {line}");
            assert_eq!(line["channel"], transport, "{line}");
            // Now and then it must come back, and miss nothing and repeat nothing.
            if number % 10 == 9 {
                proxy.cut();
            }
        }
        drop(input);
        assert!(publish.wait("`holdline publish` to end").unwrap().success());
    }
}

fn command(arguments: &[&str]) -> Process {
    let mut command = Command::new(program().unwrap());
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    Process::spawn(&mut command).unwrap()
}
