//! Peers that are slow: judged by what they take and send, not by how long all of it lasts.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use holdline_net::Ending;

use crate::support::{HANDSHAKE, LARGE, Running, config, read_until};

/// A server that gives bodies and messages 300 milliseconds, and a second for each `rate` bytes.
fn hurried(rate: u64) -> Running {
    let mut config = config();
    config.body_timeout = Duration::from_millis(300);
    config.message_timeout = Duration::from_millis(300);
    config.min_read_rate = rate;
    Running::start(config)
}

/// The head of an upload of 2,000 bytes was sent.
fn upload(server: &Running) -> TcpStream {
    let mut client = server.connect();
    client
        .write_all(b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n")
        .unwrap();
    client
}

/// An open WebSocket at `path`, with these lines more in its handshake.
fn websocket(server: &Running, path: &str, lines: &str) -> TcpStream {
    let handshake = String::from_utf8_lossy(HANDSHAKE).replace("/socket", path);
    let handshake = handshake.replace("\r\n\r\n", &format!("\r\n{lines}\r\n"));
    let mut client = server.connect();
    client.write_all(handshake.as_bytes()).unwrap();
    read_until(&mut client, b"\r\n\r\n");
    client
}

/// The code of the Close that comes.
fn close_code(client: &mut TcpStream) -> u16 {
    let mut close = [0; 4];
    client.read_exact(&mut close).unwrap();
    assert_eq!(close[0], 0x88);
    u16::from_be_bytes([close[2], close[3]])
}

/// Sends `data` in pieces of `size` every 50 milliseconds.
fn trickle(client: &mut TcpStream, data: &[u8], size: usize) {
    for piece in data.chunks(size) {
        if client.write_all(piece).is_err() {
            // The server has given it up.
            return;
        }
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_slow_reader_of_a_large_answer_is_not_cut_off_because_readiness_does_not_come() {
    let mut config = config();
    // Long enough that a reader on a busy machine takes something within it.
    config.write_timeout = Duration::from_secs(2);
    let server = Running::start(config);
    let mut client = server.connect_narrow();
    client
        .write_all(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .unwrap();
    let (begun, mut total, mut block) = (Instant::now(), 0, vec![0; 32 * 1024]);
    // Slower than a third of the server's buffer comes free in that time.
    while begun.elapsed() < Duration::from_secs(5) {
        total += client.read(&mut block).unwrap();
        sleep(Duration::from_millis(200));
    }
    loop {
        match client.read(&mut block).unwrap() {
            0 => break,
            n => total += n,
        }
    }
    assert!(total > LARGE, "{total}");
}

#[test]
fn a_reader_of_a_byte_now_and_then_is_dropped() {
    let mut config = config();
    config.write_timeout = Duration::from_millis(300);
    config.min_write_rate = 1_000_000;
    let server = Running::start(config);
    let mut client = server.connect_narrow();
    client
        .write_all(b"GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut block = [0; 512];
            while !over.load(Ordering::SeqCst) && matches!(client.read(&mut block), Ok(1..)) {
                sleep(Duration::from_millis(50));
            }
        });
        let endings = server.endings(1);
        over.store(true, Ordering::SeqCst);
        assert_eq!(endings, [Ending::TimedOut]);
    });
}

#[test]
fn an_upload_of_a_byte_now_and_then_is_given_up() {
    let server = hurried(1000);
    let mut client = upload(&server);
    trickle(&mut client, &[b'x'; 12], 1);
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

/// A masked text of 2,000 bytes.
fn long_text() -> Vec<u8> {
    [b"\x81\xfe\x07\xd0\0\0\0\0".as_slice(), &[b'x'; 2000]].concat()
}

#[test]
fn a_message_of_a_byte_now_and_then_is_refused() {
    let server = hurried(1000);
    for path in ["/socket", "/deaf"] {
        let mut client = websocket(&server, path, "");
        trickle(&mut client, &long_text()[..20], 1);
        assert_eq!(close_code(&mut client), 1008);
    }
}

/// None of this leaves anything in the buffer of the message.
#[test]
fn a_client_that_stops_within_a_frame_is_refused_wherever_that_is() {
    let server = hurried(500);
    let stops: [&[u8]; 7] = [
        // In the header, after a byte, within the length, and within the key.
        b"\x81",
        b"\x81\xfe\x07",
        b"\x82\x85\0\0",
        // Before the payload.
        b"\x82\x85\0\0\0\0",
        // In the payload of a ping.
        b"\x89\x85\0\0\0\0ab",
        // After an empty fragment, and a ping behind it.
        b"\x01\x80\0\0\0\0",
        b"\x01\x80\0\0\0\0\x8a\x80\0\0\0\0",
    ];
    for stop in stops {
        let mut client = websocket(&server, "/socket", "");
        client.write_all(stop).unwrap();
        assert_eq!(close_code(&mut client), 1008, "{stop:?}");
    }
}

/// The header of a stored block.
#[cfg(feature = "deflate")]
#[test]
fn a_client_that_stops_in_compressed_data_before_there_is_any_output_is_refused() {
    let server = hurried(500);
    let lines = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    let mut client = websocket(&server, "/socket", lines);
    client
        .write_all(b"\xc1\x8b\0\0\0\0\x00\x05\x00\xfa\xff")
        .unwrap();
    assert_eq!(close_code(&mut client), 1008);
}

/// Its bytes earn it no time.
#[test]
fn a_header_that_trickles_is_refused() {
    let server = hurried(1_000_000);
    let mut client = websocket(&server, "/socket", "");
    trickle(&mut client, b"\x82\xff\0\0\0\0\0\x01\0\0\x01\x02\x03", 1);
    assert_eq!(close_code(&mut client), 1008);
}

/// The response of 64 MiB from its beginning to the end of the connection, of which `before` bytes are read before the
/// server is stopped. Returns its chunks, and whether they have an end.
fn download(server: Running, before: usize) -> (usize, bool) {
    let mut client = server.connect_narrow();
    client
        .write_all(b"GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    let mut got = vec![0; before];
    client.read_exact(&mut got).unwrap();
    let stopped = server.stop();
    if before == 0 {
        stopped.join().unwrap();
    }
    // A connection that is cut may also be reset.
    let _ = client.read_to_end(&mut got);
    let zs = got.iter().filter(|byte| **byte == b'Z').count();
    (zs, got.ends_with(b"\r\n0\r\n\r\n"))
}

#[test]
fn a_download_that_is_under_way_when_the_server_stops_comes_whole() {
    assert_eq!(
        download(Running::start(config()), 8 << 20),
        (64 << 20, true)
    );
}

#[test]
fn a_download_that_is_cut_because_the_server_stops_does_not_look_whole() {
    let mut config = config();
    config.stop_timeout = Duration::from_millis(200);
    let (length, has_end) = download(Running::start(config), 0);
    assert!(length < 64 << 20 && !has_end, "{length}");
}
