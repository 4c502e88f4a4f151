//! Servers under test: they echo.

use std::net::SocketAddr;

use holdline_e2e::conformance::{NEGOTIATIONS, assert_none, cases, test_negotiation, test_server};
use holdline_e2e::{EchoServer, Server};

#[test]
fn program() {
    let limit = 16 << 20;
    let limit_option = limit.to_string();
    let options = [
        "--max-message",
        &limit_option,
        // Four of the longest may come at a time, and each takes up to twice its length meanwhile.
        "--max-upload-total",
        "536870912",
        // No ping of its own comes, however slow the machine is.
        "--heartbeat",
        "1h",
    ];
    let server = Server::start(&options).unwrap();
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
    let server = EchoServer::start(arguments).unwrap();
    passes(server.address(), "/", EchoServer::MAX_MESSAGE);
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
