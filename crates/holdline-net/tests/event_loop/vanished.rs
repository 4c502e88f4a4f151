//! Peers that vanish without a word: their machine lost power, or a cable was pulled.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use holdline_net::Ending;

use crate::support::{HANDSHAKE, Running, config, read_until};

/// The long form, for it takes some seconds and needs Linux with `unshare` and `ip`: this test runs itself in a
/// network of its own, where the cable can be pulled. Without `HOLDLINE_LONG` only the options are read back, by a
/// test of `peer.rs`.
#[test]
fn peers_whose_cable_was_pulled_are_given_up() {
    if std::env::var_os(WITHIN).is_some() {
        return within_a_network_of_its_own();
    }
    if std::env::var_os("HOLDLINE_LONG").is_none() {
        return;
    }
    let status = Command::new("unshare")
        .args(["--map-root-user", "--net"])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "vanished::peers_whose_cable_was_pulled_are_given_up",
        ])
        .env(WITHIN, "1")
        .status()
        .unwrap();
    assert!(status.success());
}

fn within_a_network_of_its_own() {
    cable("up");
    let mut config = config();
    config.write_timeout = Duration::from_secs(1);
    config.peer_timeout = Duration::from_secs(3);
    let server = Running::start(config);
    // A held request and a WebSocket are sent nothing; a stream is sent something in vain.
    let mut clients = Vec::new();
    for request in [SILENT, STREAM, HANDSHAKE] {
        let mut client = server.connect();
        client.write_all(request).unwrap();
        clients.push(client);
    }
    read_until(&mut clients[1], b"5\r\nfirst\r\n");
    server.wait_for("opened", 3);
    cable("down");
    // Everybody is woken, and only the stream has something to say.
    server.notify("flow");
    let endings = server.endings(3);
    assert_eq!(endings, [Ending::Disconnected; 3]);
}

fn cable(state: &str) {
    let status = Command::new("ip")
        .args(["link", "set", "lo", state])
        .status();
    assert!(status.unwrap().success());
}

const WITHIN: &str = "HOLDLINE_TEST_WITHIN_ITS_NETWORK";
const SILENT: &[u8] = b"GET /silent HTTP/1.1\r\nHost: a\r\n\r\n";
const STREAM: &[u8] = b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";
