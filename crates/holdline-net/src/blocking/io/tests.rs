#![allow(clippy::unwrap_used, reason = "a test that fails is to panic")]

use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread;

use super::*;

/// The peer writes until nothing goes any more, and reads nothing.
#[test]
fn a_send_without_a_write_timeout_to_a_peer_that_only_writes_ends() {
    let (stream, mut peer) = UnixStream::pair().unwrap();
    let mut io = Io::new(stream, Vec::new(), "no answer");
    assert_eq!(io.standstill, Duration::from_secs(30));
    io.standstill = Duration::from_millis(100);
    io.out.resize(16 << 20, b'o');
    let (over, is_over) = mpsc::channel();
    let writer = thread::spawn(move || {
        peer.set_write_timeout(Some(Duration::from_millis(500)))
            .unwrap();
        while peer.write(&[b'i'; 4096]).is_ok() {}
        // Ends a send that would last for ever, with another error. An end of the channel is as good as a word.
        let _ = is_over.recv_timeout(Duration::from_secs(60));
    });
    let error = io.flush().unwrap_err();
    over.send(()).unwrap();
    assert_eq!(error.to_string(), "the peer took nothing within 100 ms");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    // What came is still there, and so is what was not sent.
    assert!(io.unread().len() >= 64 << 10 && io.unread().iter().all(|byte| *byte == b'i'));
    assert!(io.is_sending());
    writer.join().unwrap();
}

/// The bound is for those who can go on neither way: a peer that is slow and says nothing is waited for.
#[test]
fn a_send_without_a_write_timeout_waits_for_a_peer_that_is_slow_to_read() {
    let (stream, mut peer) = UnixStream::pair().unwrap();
    let mut io = Io::new(stream, Vec::new(), "no answer");
    io.standstill = Duration::ZERO;
    io.out.resize(4 << 20, b'o');
    let reader = thread::spawn(move || {
        peer.write_all(b"a word").unwrap();
        thread::sleep(Duration::from_millis(200));
        let mut got = Vec::new();
        peer.read_to_end(&mut got).unwrap();
        got.len()
    });
    io.flush().unwrap();
    assert_eq!(io.unread(), b"a word");
    drop(io);
    assert_eq!(reader.join().unwrap(), 4 << 20);
}
