//! What arrived counts, whatever became of the connection since.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use holdline_net::Ending;

use crate::support::{HANDSHAKE, Running, config, read_until};

const POLL: &[u8] = b"GET /poll HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn messages_that_came_before_a_reset_are_handed_out() {
    let server = Running::start(config());
    for round in 1..=10 {
        let mut client = server.connect();
        client.write_all(HANDSHAKE).unwrap();
        read_until(&mut client, b"\r\n\r\n");
        client.write_all(&b"\x81\x81\0\0\0\0a".repeat(3)).unwrap();
        let socket = socket2::Socket::from(client);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
        drop(socket);
        server.endings(round);
        assert_eq!(server.messages(), 3 * round);
    }
}

#[test]
fn a_held_request_is_answered_when_its_client_shuts_down_its_side() {
    let server = Running::start(config());
    let mut client = server.connect();
    client.write_all(POLL).unwrap();
    server.wait_for("opened", 1);
    client.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("nothing yet"), "{answer}");
    assert_eq!(server.endings(1), [Ending::Finished]);
}

#[test]
fn requests_behind_a_held_one_are_answered_when_their_client_shuts_down_its_side() {
    let server = Running::start(config());
    let mut client = server.connect();
    let hello = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
    client
        .write_all(&[POLL, hello, POLL, hello].concat())
        .unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut answers = String::new();
    client.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("nothing yet").count(), 2, "{answers}");
    assert_eq!(answers.matches("/hello").count(), 2, "{answers}");
}

#[test]
fn an_answer_that_is_on_its_way_is_waited_for_when_the_client_shuts_down_its_side() {
    let server = Running::start(config());
    let mut client = server.connect();
    client
        .write_all(b"POST /order HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    server.wait_for("opened", 1);
    server.notify("it is done");
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("held: it is done"), "{answer}");
}

#[test]
fn a_stream_ends_when_its_client_shuts_down_its_side() {
    let server = Running::start(config());
    let mut client = server.connect();
    client
        .write_all(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    assert_eq!(body, "5\r\nfirst\r\na\r\nlast words\r\n0\r\n\r\n");
    assert_eq!(server.endings(1), [Ending::Disconnected]);
}

#[test]
fn an_echo_is_written_for_a_websocket_client_that_shuts_down_its_side() {
    let server = Running::start(config());
    let mut client = server.connect();
    client
        .write_all(&[HANDSHAKE, b"\x81\x81\0\0\0\0a"].concat())
        .unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    read_until(&mut client, b"\x81\x01a");
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
    assert_eq!(server.endings(1), [Ending::Disconnected]);
}
