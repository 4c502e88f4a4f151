//! `--handover`: one process replaces another, and no client is turned away.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::support::*;

fn start(address: &str, folder: &Path, arguments: &[&str]) -> Server {
    let control = folder.join("control").display().to_string();
    let unix = format!("unix:{}", folder.join("http").display());
    let own = [
        "--listen",
        address,
        "--listen",
        &unix,
        "--handover",
        &control,
    ];
    Server::spawn(&mut holdline("", &[&own, arguments].concat()), 2)
}

/// Four processes replace one another under load.
#[test]
fn no_connection_is_refused_and_no_request_is_cut_while_a_new_process_takes_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = start("127.0.0.1:0", folder.path(), &[]);
    let address = server.address();
    let over = AtomicBool::new(false);
    let counts = [
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    ];
    let [fresh, kept, unix] = &counts;
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    is(
                        &request(connect(&address), "POST", "/channels/a", "", "hello"),
                        200,
                    );
                    fresh.fetch_add(1, Ordering::SeqCst);
                }
            });
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    let mut stream = BufReader::new(connect(&address));
                    while !over.load(Ordering::SeqCst) && ask(&mut stream) {
                        kept.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                is(
                    &get(connect_unix(&folder.path().join("http")), "/health", ""),
                    200,
                );
                unix.fetch_add(1, Ordering::SeqCst);
            }
        });
        for _ in 0..4 {
            let before = counts.each_ref().map(|count| count.load(Ordering::SeqCst));
            wait_for("more requests", || {
                let mut counts = counts.iter().zip(before);
                counts
                    .all(|(count, before)| count.load(Ordering::SeqCst) > before + 20)
                    .then_some(())
            });
            let next = start("127.0.0.1:0", folder.path(), &[]);
            assert_eq!(next.address(), address);
            assert!(server.wait().success(), "{}", server.log());
            server = next;
        }
        over.store(true, Ordering::SeqCst);
    });
    assert!(folder.path().join("http").exists());
    server.stop();
    assert!(!folder.path().join("http").exists());
    assert!(!folder.path().join("control").exists());
}

/// Sends a request on a kept connection. Returns whether the connection is still open.
fn ask(stream: &mut BufReader<TcpStream>) -> bool {
    let request = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.get_mut().write_all(request).unwrap();
    let (mut line, mut kept) = (String::new(), true);
    while line != "\r\n" {
        line.clear();
        assert!(stream.read_line(&mut line).unwrap() > 0, "no answer");
        kept &= !line.eq_ignore_ascii_case("Connection: close\r\n");
    }
    stream.read_exact(&mut [0; 2]).unwrap();
    kept
}

#[test]
fn streams_are_sent_to_the_next_process_and_told_what_they_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut old = start("127.0.0.1:0", folder.path(), &[]);
    let mut stream = old.connect();
    stream
        .write_all(b"GET /channels/a/sse HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let open = read_until(&mut stream, "\n\n");
    let cursor = open.rsplit("id: ").next().unwrap().trim().to_owned();
    let mut socket = old.connect();
    websocket(&mut socket, "/channels/a/websocket");
    read_until(&mut socket, "holdline.open\",\"data\":\"\"}");
    let new = start("127.0.0.1:0", folder.path(), &[]);
    let last = read_until(&mut stream, "0\r\n\r\n");
    assert!(last.contains("retry: "), "{last}");
    let mut close = [0; 4];
    socket.read_exact(&mut close).unwrap();
    // A close frame with 1012, "service restart".
    assert_eq!(
        (close[0], [close[2], close[3]]),
        (0x88, 1012_u16.to_be_bytes())
    );
    drop((stream, socket));
    assert!(old.wait().success());
    // The client comes back with the old cursor.
    is(
        &request(new.connect(), "POST", "/channels/a", "", "new"),
        200,
    );
    let answer = get(
        new.connect(),
        &format!("/channels/a/poll?since={cursor}"),
        "",
    );
    assert!(
        answer.contains("\"lost\":true") && answer.contains("\"data\":\"new\""),
        "{answer}"
    );
}

#[test]
fn a_process_that_cannot_start_leaves_the_old_one_serving() {
    let folder = tempfile::tempdir().unwrap();
    let mut old = start("127.0.0.1:0", folder.path(), &[]);
    let control = folder.path().join("control").display().to_string();
    let refused = ends(
        "ulimit -n 40",
        &[
            "--listen",
            "127.0.0.1:0",
            "--handover",
            &control,
            "--threads",
            "2",
        ],
    );
    assert_eq!(refused.status.code(), Some(1));
    old.wait_for_log("did not take over");
    is(&get(old.connect(), "/health", ""), 200);
    // One process that says nothing, and one that says something else.
    drop(connect_unix(&folder.path().join("control")));
    let mut strange = connect_unix(&folder.path().join("control"));
    strange.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    drop(strange);
    is(&get(old.connect(), "/health", ""), 200);
    let next = start("127.0.0.1:0", folder.path(), &[]);
    assert!(old.wait().success());
    is(&get(next.connect(), "/health", ""), 200);
}

/// After a crash there is nobody left to ask.
#[test]
fn what_a_crash_left_behind_is_no_hindrance() {
    let folder = tempfile::tempdir().unwrap();
    let mut old = start("127.0.0.1:0", folder.path(), &[]);
    old.kill();
    assert!(folder.path().join("control").exists());
    let mut next = start("127.0.0.1:0", folder.path(), &[]);
    is(&get(next.connect(), "/health", ""), 200);
    next.stop();
}

#[test]
fn what_listens_there_and_is_no_holdline_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let other = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"hello\n").unwrap();
    });
    let path = path.display().to_string();
    let refused = ends("", &[&LISTEN[..], &["--handover", &path]].concat());
    other.join().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(
        why.contains(&path) && why.contains("no sockets of a Holdline"),
        "{why}"
    );
}
