//! SIGTERM, SIGINT and SIGHUP.

use std::fs;
use std::io::Write;

use rustix::process::Signal;

use crate::support::*;

#[test]
fn what_nohup_started_is_not_ended_by_the_end_of_the_terminal() {
    let server = Server::spawn(&mut holdline("trap '' HUP", &LISTEN), 1);
    server.signal(Signal::HUP);
    is(&get(server.connect(), "/health", ""), 200);
    // It did not react at all: the answer above came after the signal.
    let mut second = Server::start(&[]);
    second.signal(Signal::HUP);
    second.wait_for_log("SIGHUP");
    assert!(!server.log().contains("SIGHUP"), "{}", server.log());
    second.stop();
}

#[test]
fn sighup_reads_secrets_and_origins_again() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        format!("@{}", path.display())
    };
    let token = write("token", "first\n");
    let origins = write("origins", "# ours\nhttps://one.example\n");
    let arguments = ["--publish-token", &*token, "--allow-origin", &*origins];
    let server = Server::start(&arguments);
    let publish = |token: &str| {
        let fields = format!("Authorization: Bearer {token}\r\n");
        request(server.connect(), "POST", "/channels/a", &fields, "x")
    };
    let origin = |origin: &str| {
        let answer = get(
            server.connect(),
            "/health",
            &format!("Origin: {origin}\r\n"),
        );
        answer.contains(&format!("Access-Control-Allow-Origin: {origin}\r\n"))
    };
    is(&publish("first"), 200);
    is(&publish("second"), 401);
    assert!(origin("https://one.example") && !origin("https://two.example"));

    write("token", "second");
    write("origins", "https://two.example");
    server.signal(Signal::HUP);
    server.wait_for_log("read again");
    is(&publish("first"), 401);
    is(&publish("second"), 200);
    assert!(!origin("https://one.example") && origin("https://two.example"));

    // A file that cannot be used changes nothing.
    write("token", "two words");
    server.signal(Signal::HUP);
    server.wait_for_log("visible ASCII");
    is(&publish("second"), 200);
    assert!(
        !server.log().contains("second"),
        "a secret is in the log: {}",
        server.log()
    );
}

#[test]
fn a_secret_on_the_command_line_is_warned_about() {
    let server = Server::start(&["--publish-token", "hidden"]);
    server.wait_for_log("--publish-token @FILE");
    assert!(!server.log().contains("hidden"), "{}", server.log());
    let mut command = holdline("", &LISTEN);
    command.env("HOLDLINE_PUBLISH_TOKEN", "hidden");
    let mut quiet = Server::spawn(&mut command, 1);
    quiet.stop();
    assert!(!quiet.log().contains("@FILE"), "{}", quiet.log());
}

#[test]
fn a_server_that_stops_sends_its_clients_away_for_different_times() {
    let mut server = Server::start(&[]);
    let mut streams: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = server.connect();
            stream
                .write_all(b"GET /channels/a/sse HTTP/1.1\r\nHost: localhost\r\n\r\n")
                .unwrap();
            read_until(&mut stream, "id: ");
            stream
        })
        .collect();
    let mut held = server.connect();
    held.write_all(b"GET /channels/a/long-poll HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    wait_for("the subscribers", || {
        let presence = get(server.connect(), "/channels/a/presence", "");
        presence.contains("\"subscribers\":21").then_some(())
    });
    server.signal(Signal::TERM);
    let mut times: Vec<u64> = streams
        .iter_mut()
        .map(|stream| {
            let last = read_until(stream, "0\r\n\r\n");
            let retry = last.split("retry: ").nth(1).unwrap();
            retry.lines().next().unwrap().parse().unwrap()
        })
        .collect();
    times.sort_unstable();
    times.dedup();
    assert!(times.len() > 10, "{times:?}");
    let answer = read_until(&mut held, "\"lost\":false}");
    assert!(answer.contains("\"messages\":[]"), "{answer}");
    drop((streams, held));
    assert!(server.wait().success());
}
