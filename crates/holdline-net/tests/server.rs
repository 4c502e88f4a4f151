//! The event loop as a client sees it: real sockets on the loopback interface.

#[expect(
    clippy::unwrap_used,
    reason = "in a test, what goes wrong is to end it"
)]
mod support;

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use holdline_net::Ending;
use support::{Running, config, read_until};

const GET: &[u8] = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Running::start(config());
    let mut client = server.connect();
    let mut requests = Vec::new();
    for i in 0..500 {
        requests.extend_from_slice(format!("GET /{i} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
    }
    client.write_all(&requests).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut answers = String::new();
    client.read_to_string(&mut answers).unwrap();
    let bodies: Vec<&str> = answers
        .split("\r\n\r\n/")
        .skip(1)
        .map(|a| a.split("HTTP").next().unwrap())
        .collect();
    let expected: Vec<String> = (0..500).map(|i| i.to_string()).collect();
    assert_eq!(bodies, expected);
}

#[test]
fn a_request_knows_both_ends_of_its_connection() {
    let server = Running::start(config());
    let mut client = server.connect();
    let ends = format!(
        "\r\n\r\n{} to {}.",
        client.local_addr().unwrap(),
        server.address()
    );
    // Also when its body came later than its head.
    for method in ["GET", "POST"] {
        let head =
            format!("{method} /ends HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.write_all(head.as_bytes()).unwrap();
        client.write_all(b"1\r\na\r\n").unwrap();
        client.write_all(b"0\r\n\r\n").unwrap();
        read_until(&mut client, ends.as_bytes());
    }
}

#[test]
fn bytes_one_by_one_make_the_same_request() {
    let server = Running::start(config());
    let mut client = server.connect();
    for byte in
        b"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    {
        client.write_all(&[*byte]).unwrap();
    }
    let answer = read_until(&mut client, b"[abc]");
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{answer:?}");
}

#[test]
fn a_good_request_is_answered_and_the_bad_one_after_it_ends_the_connection() {
    let server = Running::start(config());
    let mut client = server.connect();
    client
        .write_all(&[GET, b"BAD\r\n\r\n", GET].concat())
        .unwrap();
    let mut answers = String::new();
    client.read_to_string(&mut answers).unwrap();
    let statuses: Vec<&str> = answers.matches("HTTP/1.1 ").collect();
    assert_eq!(statuses.len(), 2, "{answers}");
    assert!(answers.contains("HTTP/1.1 400 Bad Request"), "{answers}");
}

#[test]
fn an_error_can_be_read_by_a_client_that_goes_on_sending() {
    let server = Running::start(config());
    let mut client = server.connect();
    client
        .write_all(b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 40000000\r\n\r\n")
        .unwrap();
    let block = vec![b'x'; 64 * 1024];
    for _ in 0..100 {
        // The server has refused it long ago, and still takes it.
        client.write_all(&block).unwrap();
    }
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[test]
fn a_held_request_is_answered_when_another_thread_says_so() {
    let server = Running::start(config());
    let mut client = server.connect();
    client
        .write_all(&[b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n", GET].concat())
        .unwrap();
    server.wait_for("opened", 1);
    server.notify("news");
    let answer = read_until(&mut client, b"/hello");
    let text = String::from_utf8_lossy(&answer);
    assert!(text.contains("held: news"), "{text}");
    assert!(text.find("held: news") < text.find("/hello"), "{text}");
    assert_eq!(server.endings(1), [Ending::Finished]);
}

#[test]
fn a_held_request_whose_client_goes_is_given_back() {
    let server = Running::start(config());
    let mut client = server.connect();
    client
        .write_all(b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    server.wait_for("opened", 1);
    drop(client);
    assert_eq!(server.endings(1), [Ending::Disconnected]);
}

#[test]
fn a_stream_is_chunked_and_ends_cleanly() {
    let server = Running::start(config());
    let mut client = server.connect();
    client
        .write_all(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    read_until(&mut client, b"5\r\nfirst\r\n");
    server.notify("second");
    read_until(&mut client, b"6\r\nsecond\r\n");
    server.notify("end");
    read_until(&mut client, b"0\r\n\r\n");
    // And the connection goes on.
    client.write_all(GET).unwrap();
    read_until(&mut client, b"/hello");
    assert_eq!(server.endings(1), [Ending::Finished]);
}

#[test]
fn a_stream_to_http_1_0_is_bare_and_ends_by_closing() {
    let server = Running::start(config());
    let mut client = server.connect();
    client.write_all(b"GET /stream HTTP/1.0\r\n\r\n").unwrap();
    read_until(&mut client, b"\r\n\r\nfirst");
    server.notify("end");
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty(), "{rest:?}");
}

#[test]
fn a_slow_reader_gets_everything_and_is_not_buffered_for() {
    let server = Running::start(config());
    let mut client = server.connect_narrow();
    // 64 MiB, of which the buffers of the system take a few.
    client
        .write_all(b"GET /flood HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let written = server.flooded();
    assert!(
        written < 32 << 20,
        "{written} bytes were written for a client that reads nothing"
    );
    let mut body = Vec::new();
    client.read_to_end(&mut body).unwrap();
    let letters = body.iter().filter(|&&byte| byte == b'Z').count();
    assert_eq!(letters, 64 << 20);
    assert!(body.ends_with(b"0\r\n\r\n"));
}

#[test]
fn a_reader_that_stops_is_dropped() {
    let mut config = config();
    config.write_timeout = Duration::from_millis(300);
    let server = Running::start(config);
    let mut client = server.connect();
    client
        .write_all(b"GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    assert_eq!(server.endings(1), [Ending::TimedOut]);
}

#[test]
fn a_websocket_echoes_frames_that_came_with_the_handshake() {
    let server = Running::start(config());
    let mut client = server.connect();
    let mut request = support::HANDSHAKE.to_vec();
    // "Hello", masked, and the same again cut in the middle (RFC 6455 §5.7).
    let hello = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    request.extend_from_slice(hello);
    request.extend_from_slice(&hello[..4]);
    client.write_all(&request).unwrap();
    read_until(&mut client, b"\x81\x05Hello");
    client.write_all(&hello[4..]).unwrap();
    read_until(&mut client, b"\x81\x05Hello");
    // A ping is answered without the handler.
    client.write_all(b"\x89\x80\0\0\0\0").unwrap();
    read_until(&mut client, b"\x8a\x00");
    // A close is answered, and the transport closed.
    client.write_all(b"\x88\x82\0\0\0\0\x03\xe8").unwrap();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"\x88\x02\x03\xe8");
    assert_eq!(server.endings(1), [Ending::Finished]);
}

#[test]
fn a_websocket_that_breaks_the_rules_is_told_which() {
    let server = Running::start(config());
    let mut client = server.connect();
    client.write_all(support::HANDSHAKE).unwrap();
    read_until(&mut client, b"\r\n\r\n");
    // An unmasked frame.
    client.write_all(b"\x81\x05Hello").unwrap();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    assert_eq!(&rest[..1], b"\x88");
    assert_eq!(&rest[2..4], 1002_u16.to_be_bytes());
    assert_eq!(server.endings(1), [Ending::Failed]);
}

#[test]
fn heads_bodies_and_silence_have_deadlines() {
    let mut config = config();
    config.head_timeout = Duration::from_millis(200);
    config.body_timeout = Duration::from_millis(200);
    config.idle_timeout = Duration::from_millis(200);
    let server = Running::start(config);
    for (sent, expected) in [
        (&b"GET / HT"[..], "HTTP/1.1 408 "),
        (
            b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
            "HTTP/1.1 408 ",
        ),
        (b"", ""),
    ] {
        let mut client = server.connect();
        client.write_all(sent).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with(expected), "{sent:?}: {answer}");
        assert_eq!(answer.is_empty(), expected.is_empty(), "{sent:?}: {answer}");
    }
}

#[test]
fn past_the_limit_of_connections_a_client_is_told_so() {
    let mut config = config();
    config.max_connections = 2;
    let server = Running::start(config);
    let mut kept: Vec<_> = (0..2).map(|_| server.connect()).collect();
    for client in &mut kept {
        client.write_all(GET).unwrap();
        read_until(client, b"/hello");
    }
    let mut client = server.connect();
    client.write_all(GET).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    drop(kept);
    server.wait_for_connections(0);
    let mut client = server.connect();
    client.write_all(GET).unwrap();
    read_until(&mut client, b"/hello");
}

#[test]
fn stopping_answers_ends_and_closes() {
    let server = Running::start(config());
    let mut held = server.connect();
    held.write_all(b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    let mut stream = server.connect();
    stream
        .write_all(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    let mut socket = server.connect();
    socket.write_all(support::HANDSHAKE).unwrap();
    read_until(&mut socket, b"\r\n\r\n");
    let mut idle = server.connect();
    idle.write_all(GET).unwrap();
    read_until(&mut idle, b"/hello");
    server.wait_for("opened", 3);
    let stopped = server.stop();
    let mut text = String::new();
    held.read_to_string(&mut text).unwrap();
    assert!(
        text.starts_with("HTTP/1.1 503 ") && text.contains("Connection: close"),
        "{text}"
    );
    let mut body = Vec::new();
    stream.read_to_end(&mut body).unwrap();
    assert!(body.ends_with(b"5\r\nfirst\r\n0\r\n\r\n"), "{body:?}");
    let mut close = [0; 4];
    socket.read_exact(&mut close).unwrap();
    assert_eq!((close[0], &close[2..]), (0x88, &1001_u16.to_be_bytes()[..]));
    socket.write_all(b"\x88\x82\0\0\0\0\x03\xe9").unwrap();
    socket.read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(idle.read(&mut [0; 1]).unwrap(), 0);
    stopped.join().unwrap();
}

#[test]
fn a_server_that_is_stopped_before_it_runs_does_not_run() {
    for _ in 0..20 {
        let server = Running::bind(config());
        server.handle().stop();
        support::run(server).join().unwrap();
    }
}

#[test]
fn an_upgrade_that_cannot_be_is_answered_and_its_stream_given_back() {
    let server = Running::start(config());
    let mut client = server.connect();
    let request = String::from_utf8_lossy(support::HANDSHAKE).replace("HTTP/1.1", "HTTP/1.0");
    client.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert_eq!(server.endings(1), [Ending::Failed]);
}

#[test]
fn a_slow_reader_is_still_heard() {
    let server = Running::start(config());
    let mut client = server.connect();
    client.write_all(support::HANDSHAKE).unwrap();
    read_until(&mut client, b"\r\n\r\n");
    server.wait_for("opened", 1);
    server.notify("flood");
    // The handler always has more to write; the ping gets its pong in between.
    let mut frame = vec![0; 1 << 20];
    client.read_exact(&mut frame).unwrap();
    client.write_all(b"\x89\x84\0\0\0\0ping").unwrap();
    let mut seen = Vec::new();
    while !seen.windows(6).any(|bytes| bytes == b"\x8a\x04ping") {
        let n = client.read(&mut frame).unwrap();
        assert!(n > 0);
        let tail = seen.len().saturating_sub(5);
        seen.drain(..tail);
        seen.extend_from_slice(&frame[..n]);
    }
}

#[test]
fn a_request_that_was_on_its_way_when_the_server_stopped_ends_cleanly_too() {
    let server = Running::start(config());
    let mut client = server.connect();
    client.write_all(b"GET /stream HTTP/1.1\r\nHo").unwrap();
    let mut other = server.connect();
    other.write_all(GET).unwrap();
    read_until(&mut other, b"/hello");
    let stopped = server.stop();
    assert_eq!(other.read(&mut [0; 1]).unwrap(), 0);
    client.write_all(b"st: a\r\n\r\n").unwrap();
    let mut body = Vec::new();
    client.read_to_end(&mut body).unwrap();
    assert!(body.ends_with(b"0\r\n\r\n"), "{body:?}");
    stopped.join().unwrap();
}

#[test]
fn a_client_that_sent_much_ahead_and_is_reset_is_noticed() {
    let server = Running::start(config());
    let mut client = server.connect();
    client
        .write_all(b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    server.wait_for("opened", 1);
    client.write_all(&GET.repeat(3_000)).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let socket = socket2::Socket::from(client);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
    drop(socket);
    assert_eq!(server.endings(1), [Ending::Disconnected]);
}

#[test]
fn an_answer_may_take_longer_to_read_than_a_connection_may_idle() {
    let mut config = config();
    config.idle_timeout = Duration::from_millis(100);
    config.head_timeout = Duration::from_millis(100);
    let server = Running::start(config);
    let mut client = server.connect();
    client
        .write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    let (mut total, mut block) = (0, vec![0; 1 << 20]);
    loop {
        // Slowly, but not so slowly that it stalls.
        std::thread::sleep(Duration::from_millis(25));
        match client.read(&mut block).unwrap() {
            0 => break,
            n => total += n,
        }
    }
    assert!(total > support::LARGE, "{total}");
}
