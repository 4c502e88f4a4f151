//! Servers under test: they echo.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use holdline_e2e::conformance::{NEGOTIATIONS, assert_none, cases, test_negotiation, test_server};
use holdline_e2e::{Process, Server, example};

#[test]
fn program() {
    let limit = 16 << 20;
    let server = Server::start(&["--max-message", &limit.to_string()]).unwrap();
    passes(server.address(), "/echo", limit);
}

#[test]
fn event_loop() {
    passes_example(&[]);
}

#[test]
fn blocking_server() {
    passes_example(&["--threads"]);
}

fn passes_example(arguments: &[&str]) {
    let mut process = Process::spawn(
        Command::new(example("websocket_echo").unwrap())
            .args(arguments)
            .arg("127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped()),
    )
    .unwrap();
    let mut line = String::new();
    let stdout = process.child.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("ws://");
    let address = address.and_then(|rest| rest.strip_suffix('/')).unwrap();
    passes(address.parse().unwrap(), "/", 64 << 20);
}

fn passes(address: SocketAddr, target: &str, limit: usize) {
    let cases = cases(limit);
    assert_none(&test_server(address, target, &cases), cases.len());
    let failures: Vec<String> = NEGOTIATIONS
        .iter()
        .filter_map(|negotiation| {
            let error = test_negotiation(address, target, negotiation).err()?;
            Some(format!("{}: {error}", negotiation.name))
        })
        .collect();
    assert!(
        failures.is_empty(),
        "{} of {} offers:\n{}",
        failures.len(),
        NEGOTIATIONS.len(),
        failures.join("\n")
    );
}
