//! `--max-upload-total`: many clients that each begin something large and stall.

use std::io::Read;

use holdline_e2e::{Client, Server, publish, wait_for};

use super::{HANDSHAKE, ask, begin, resident};

/// 120 connections would take 108 MB. They get 8 MiB together, and everybody else is served.
#[test]
fn uploads_that_stall_stay_within_their_bound_and_harm_nobody() {
    let server = Server::start(&["--max-upload-total", "8388608"]).unwrap();
    // What the first of everything costs is not to be counted.
    let mut publisher = Client::connect(server.address()).unwrap();
    publish(&mut publisher, "news", &"x".repeat(1_000_000)).unwrap();
    let before = resident(&server);
    let part = "x".repeat(900_000);
    let stalled: Vec<Client> = (0..120)
        .map(|number| stall(&server, number, &part))
        .collect();
    wait_for("the slowest to be refused", || {
        (refused(&server) >= 120 - 18).then_some(())
    });
    let grown = resident(&server).saturating_sub(before);
    // An allocator keeps some of what was freed, and each loop has its buffers.
    assert!(grown < (8 << 20) + (16 << 20), "{grown} bytes");
    publish(&mut publisher, "news", &"y".repeat(1_000_000)).unwrap();
    for (number, client) in stalled.into_iter().enumerate().take(10) {
        check_refused(client, number);
    }
    let log = server.log();
    let told = "requests and messages that are not whole yet take too much memory";
    assert_eq!(log.matches(told).count(), 1, "{log}");
}

/// Sends most of a message, of an upload with a length and of one in a chunk, in turn.
fn stall(server: &Server, number: usize, part: &str) -> Client {
    let mut client = match number % 3 {
        0 => begin(server, "POST /channels/a", "Content-Length: 1000000\r\n"),
        1 => begin(server, "POST /channels/a", "Transfer-Encoding: chunked\r\n"),
        _ => begin(server, "GET /channels/a/websocket", HANDSHAKE),
    };
    match number % 3 {
        0 => {}
        1 => client.send("f4240\r\n").unwrap(),
        _ => {
            assert_eq!(client.head().unwrap().unwrap().status, 101);
            client
                .send(b"\x81\xff\0\0\0\0\0\x0f\x42\x40\0\0\0\0")
                .unwrap();
        }
    }
    // It may be given up before all of it was sent.
    let _ = client.send(part);
    client
}

fn check_refused(mut client: Client, number: usize) {
    if number % 3 == 2 {
        // What came before it is the message with which the stream begins.
        let mut rest = Vec::new();
        // It ends with a reset where the server dropped what was sent.
        let _ = client.socket().read_to_end(&mut rest);
        let close = [0x03, 0xf1];
        assert!(rest.windows(2).any(|window| window == close), "{rest:?}");
        return;
    }
    let answer = client.answer("POST").unwrap();
    assert_eq!(answer.head.status, 408, "{answer:?}");
    assert_eq!(answer.json().unwrap()["error"]["code"], "no_room");
    assert!(answer.head.get("Retry-After").is_some(), "{answer:?}");
}

fn refused(server: &Server) -> usize {
    let (_, metrics) = ask(server, "GET /metrics", "");
    let name = "holdline_refused_total{reason=\"upload_total\"} ";
    let text = metrics.text();
    let count = text.lines().find_map(|line| line.strip_prefix(name));
    count.unwrap().parse().unwrap()
}
