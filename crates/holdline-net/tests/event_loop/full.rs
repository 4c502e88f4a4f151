//! A server that has all the connections it may have, and clients that keep a place without a word.

use std::io::{Read, Write};
use std::num::NonZeroUsize;
use std::time::Duration;

use holdline_net::Config;

use crate::support::{Running, config, read_until};

/// Longer than any test may take: a deadline of this length did not close anything.
const NEVER: Duration = Duration::from_secs(3600);

/// One connection that is taken, and a reserve of one.
fn full() -> Config {
    let mut config = config();
    config.max_connections = 1;
    config.reserve = 1;
    config.reserve_timeout = Duration::from_millis(100);
    config.head_timeout = NEVER;
    config.body_timeout = NEVER;
    config.idle_timeout = NEVER;
    config
}

#[test]
fn a_connection_that_sends_nothing_is_closed_after_the_time_of_a_head() {
    let mut config = config();
    config.head_timeout = Duration::from_millis(100);
    config.idle_timeout = NEVER;
    let server = Running::start(config);
    let mut client = server.connect();
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
    // One that has asked something may be silent for longer.
    let mut client = server.connect();
    client
        .write_all(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    read_until(&mut client, b"/hello");
    client.set_read_timeout(Some(NEARLY_NOTHING)).unwrap();
    assert!(client.read(&mut [0; 1]).is_err());
}

/// Long enough for a deadline of 100 ms that was meant for something else to be seen.
const NEARLY_NOTHING: Duration = Duration::from_millis(400);

#[test]
fn a_full_server_serves_what_the_handler_wants_served_and_closes() {
    let server = Running::start(full());
    let _taken = server.connect();
    server.wait_for_connections(1);
    for (request, expected) in [
        ("GET /well", "HTTP/1.1 200 "),
        ("GET /hello", "HTTP/1.1 503 "),
        ("GET /socket", "HTTP/1.1 503 "),
        ("GET /stream", "HTTP/1.1 503 "),
    ] {
        let mut client = server.connect();
        client
            .write_all(format!("{request} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes())
            .unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with(expected), "{request}: {answer}");
        assert!(answer.contains("Connection: close\r\n"), "{answer}");
        let is_refused = expected.contains("503");
        assert_eq!(answer.contains("Retry-After: "), is_refused, "{answer}");
        drop(client);
        server.wait_for_connections(1);
    }
    assert_eq!(server.opened(), 0);
}

#[test]
fn the_reserve_is_not_kept_by_clients_that_are_slow() {
    let server = Running::start(full());
    let _taken = server.connect();
    server.wait_for_connections(1);
    for (request, expected) in [
        ("", ""),
        ("GET /well HT", "HTTP/1.1 408 "),
        (
            "POST /well HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n123",
            "HTTP/1.1 408 ",
        ),
    ] {
        let mut client = server.connect();
        client.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with(expected), "{request}: {answer}");
        assert_eq!(answer.is_empty(), expected.is_empty(), "{answer}");
        drop(client);
        server.wait_for_connections(1);
    }
}

/// Each byte gives a body more time, but not over a connection that others wait for.
#[test]
fn a_body_that_trickles_does_not_keep_the_reserve() {
    let server = Running::start(full());
    let _taken = server.connect();
    server.wait_for_connections(1);
    let mut client = server.connect();
    client
        .write_all(b"POST /well HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
        .unwrap();
    client
        .set_read_timeout(Some(Duration::from_millis(10)))
        .unwrap();
    let mut first = [0; 12];
    while client.read_exact(&mut first).is_err() {
        client.write_all(&[b'x'; 20]).unwrap();
    }
    assert_eq!(&first, b"HTTP/1.1 408");
}

/// Who has not asked anything must not keep out somebody who does.
#[test]
fn who_says_nothing_or_half_a_head_makes_room_in_the_reserve() {
    let mut config = full();
    config.threads = NonZeroUsize::MIN;
    config.reserve = 2;
    config.reserve_timeout = NEVER;
    let server = Running::start(config);
    let _taken = server.connect();
    server.wait_for_connections(1);
    let half = server.connect();
    (&half).write_all(b"GET /well HT").unwrap();
    server.wait_for_connections(2);
    let silent = server.connect();
    server.wait_for_connections(3);
    let mut fillers = Vec::new();
    for mut pushed_out in [&half, &silent] {
        let mut client = server.connect();
        client
            .write_all(b"GET /well HTTP/1.1\r\nHost: a\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert_eq!(pushed_out.read(&mut [0; 1]).unwrap(), 0);
        server.wait_for_connections(2);
        fillers.push(server.connect());
        server.wait_for_connections(3);
    }
}

/// Who was refused and does not close must not keep out somebody who asks something that is served.
#[test]
fn who_has_an_answer_and_does_not_close_makes_room_in_the_reserve() {
    let mut config = full();
    config.threads = NonZeroUsize::MIN;
    config.reserve = 2;
    config.reserve_timeout = NEVER;
    config.linger_timeout = NEVER;
    let server = Running::start(config);
    let _taken = server.connect();
    server.wait_for_connections(1);
    let mut answered = Vec::new();
    for n in 0..20 {
        let mut client = server.connect();
        let path = ["/hello", "/well"][n % 2];
        client
            .write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes())
            .unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        let expected = ["HTTP/1.1 503 ", "HTTP/1.1 200 "][n % 2];
        assert!(answer.starts_with(expected), "{n}: {answer}");
        answered.push(client);
    }
    server.wait_for_connections(3);
}

#[test]
fn another_loop_makes_room_in_the_reserve_too() {
    let mut config = full();
    config.reserve_timeout = NEVER;
    let server = Running::start(config);
    let _taken = server.connect();
    server.wait_for_connections(1);
    let mut silent = server.connect();
    server.wait_for_connections(2);
    // There are two loops, which get connections in turn.
    for _ in 0..2 {
        let mut client = server.connect();
        client
            .write_all(b"GET /well HTTP/1.1\r\nHost: a\r\n\r\n")
            .unwrap();
        read_until(&mut client, b"/well");
        assert_eq!(silent.read(&mut [0; 1]).unwrap(), 0);
        drop(client);
        server.wait_for_connections(1);
        silent = server.connect();
        server.wait_for_connections(2);
    }
}

#[test]
fn past_the_reserve_a_connection_is_closed_at_once() {
    let mut config = full();
    config.reserve_timeout = NEVER;
    let server = Running::start(config);
    let _taken = server.connect();
    server.wait_for_connections(1);
    // It has asked something, and waits to be told to go on.
    let mut reserved = server.connect();
    reserved
        .write_all(
            b"POST /well HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
        )
        .unwrap();
    read_until(&mut reserved, b"100 Continue");
    let mut client = server.connect();
    assert!(matches!(client.read(&mut [0; 1]), Ok(0) | Err(_)));
    server.wait_for_connections(2);
    reserved.write_all(b"x").unwrap();
    read_until(&mut reserved, b"HTTP/1.1 200 ");
}
