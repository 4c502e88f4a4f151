//! `Host` on a loopback address: a page can make a name lead to this machine, and cannot choose what the browser
//! calls it.

use std::process::Command;

use holdline_e2e::{Client, Server, program, wait_for};

use super::{UPGRADE, ask, code};

#[test]
fn a_name_that_a_stranger_made_up_for_this_machine_gets_nothing() {
    let server = Server::start(&["--allow-host", "push.example"]).unwrap();
    let requests = [
        "GET / HTTP/1.1\r\n",
        "GET /assets/app.js HTTP/1.1\r\n",
        "GET /health HTTP/1.1\r\n",
        "GET /stats HTTP/1.1\r\n",
        "GET /stats/sse HTTP/1.1\r\n",
        "GET /metrics HTTP/1.1\r\n",
        "GET /nothing HTTP/1.1\r\n",
        "BREW /pot HTTP/1.1\r\n",
        "OPTIONS * HTTP/1.1\r\n",
        "OPTIONS /channels/a HTTP/1.1\r\nOrigin: http://evil.example\r\n",
        "GET /channels/a/poll HTTP/1.1\r\n",
        "GET /channels/a/long-poll HTTP/1.1\r\n",
        "GET /channels/a/sse HTTP/1.1\r\n",
        "GET /channels/a/iframe?callback=f HTTP/1.1\r\n",
        "GET /channels/a/presence HTTP/1.1\r\nSec-Fetch-Site: same-origin\r\n",
        &format!("GET /channels/a/websocket HTTP/1.1\r\nOrigin: http://evil.example\r\n{UPGRADE}"),
        &format!("GET /echo HTTP/1.1\r\n{UPGRADE}"),
        "DELETE /channels/a HTTP/1.1\r\n",
        "POST /demo/box?tick=100 HTTP/1.1\r\n",
        // Refused at the head: nothing of this comes.
        "POST /channels/a HTTP/1.1\r\nOrigin: http://evil.example\r\nContent-Length: 1000000\r\n\
         Expect: 100-continue\r\n",
        "GET /health HTTP/1.1\r\nX-Forwarded-Host: localhost\r\nX-Forwarded-For: 127.0.0.1\r\n\
         Forwarded: host=localhost\r\n",
    ];
    for request in requests {
        let (line, fields) = request.split_once("\r\n").unwrap();
        let answer = ask(
            &server,
            &format!("{line}\r\nHost: evil.example:8080\r\n{fields}\r\n"),
        );
        assert_eq!(answer.head.status, 403, "{request:?}: {answer:?}");
        assert_eq!(code(&answer), "foreign_host", "{request:?}");
        let text = answer.text();
        assert!(text.contains("--allow-host evil.example"), "{text}");
    }
}

#[test]
fn every_spelling_of_a_strangers_name_is_refused() {
    let server = Server::start(&["--allow-host", "push.example"]).unwrap();
    for host in [
        "EVIL.example",
        "localhost.",
        "localhost.evil.example",
        "evil.localhost",
        "127.0.0.1.",
        "127.0.0.1.evil.example:80",
        "127.1",
        "0x7f000001",
        "2130706433",
        "push.example.",
        "push.example.evil.example",
        "[v1.localhost]",
        "$(reboot)",
        "",
        ":80",
    ] {
        let answer = ask(
            &server,
            &format!("GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        );
        assert_eq!(answer.head.status, 403, "{host:?}: {answer:?}");
        assert!(!answer.text().contains("reboot"), "{answer:?}");
    }
    // What breaks HTTP is said so.
    for host in [
        "[::1%25lo]",
        "[::1%lo]",
        "localhost@evil.example",
        "a, localhost",
        "[::1",
    ] {
        let answer = ask(
            &server,
            &format!("GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        );
        assert_eq!(answer.head.status, 400, "{host:?}: {answer:?}");
    }
    let twice = "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n";
    assert_eq!(ask(&server, twice).head.status, 400);
    // The target's authority is the one that counts (RFC 9112 §3.2.2).
    for (target, host, status) in [
        ("http://evil.example/health", "localhost", 403),
        ("http://evil.example:80/health", "127.0.0.1", 403),
        ("http://localhost/health", "evil.example", 200),
        ("http://localhost@evil.example/health", "localhost", 400),
    ] {
        let answer = ask(
            &server,
            &format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        );
        assert_eq!(answer.head.status, status, "{target} {host}: {answer:?}");
    }
}

#[test]
fn addresses_localhost_and_names_that_are_allowed_are_served() {
    let arguments = [
        "--allow-host",
        "push.example,other.example",
        "--allow-origin",
        "https://App.example:8443",
    ];
    let server = Server::start(&arguments).unwrap();
    for host in [
        "127.0.0.1",
        "127.0.0.1:8080",
        "192.0.2.7",
        "[::1]",
        "[::1]:8080",
        "localhost",
        "LOCALHOST:1",
        "push.example",
        "Push.Example:443",
        "other.example",
        "app.example",
    ] {
        let answer = ask(
            &server,
            &format!("GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        );
        assert_eq!(answer.head.status, 200, "{host:?}: {answer:?}");
    }
    // As simple health checks ask, and no browser.
    let answer = ask(&server, "GET /health HTTP/1.0\r\n\r\n");
    assert_eq!(answer.head.status, 200, "{answer:?}");
}

#[test]
fn the_log_names_the_option_with_that_very_host_and_only_once_a_minute() {
    let server = Server::start(&[]).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    for number in 0..50 {
        let host = format!("h{number}.example");
        client
            .send(format!("GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n"))
            .unwrap();
        assert_eq!(client.answer("GET").unwrap().head.status, 403);
    }
    wait_for("the log line", || {
        server.log().contains("h0.example").then_some(())
    });
    // What is logged later would be behind this.
    server.signal(rustix::process::Signal::TERM).unwrap();
    let mut server = server;
    assert!(server.wait().unwrap().success());
    let log = server.log();
    assert_eq!(log.matches("--allow-host").count(), 1, "{log}");
    assert!(log.contains("--allow-host h0.example"), "{log}");
}

#[test]
fn a_value_that_can_be_no_host_is_refused_at_the_start() {
    for value in [
        "http://push.example",
        "push.example:8080",
        "push.example/",
        "*",
        "",
        "a b",
    ] {
        let output = Command::new(program().unwrap())
            .args(["serve", "--listen", "127.0.0.1:0", "--allow-host", value])
            .env_clear()
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{value:?}: {output:?}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains("push.example.com"), "{value:?}: {text}");
    }
}
