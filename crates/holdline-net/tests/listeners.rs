//! A server that listens on several sockets of both kinds.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use holdline_net::{Address, Listener, Server};
use support::{HANDSHAKE, Running, config};

fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn answer(mut stream: impl Read + Write, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_handler_is_told_where_a_request_came_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listeners = vec![
        Listener::bind(loopback()).unwrap(),
        Listener::bind_unix(&path, 0o600).unwrap(),
        Listener::bind((Ipv4Addr::UNSPECIFIED, 0).into()).unwrap(),
    ];
    let anywhere = listeners[2].address().tcp().unwrap().port();
    let server = Running::serve(Server::new(listeners, config()).unwrap());

    let tcp = answer(server.connect(), "/origin");
    let local = server.address();
    assert!(
        tcp.contains(&format!(
            "listener 0, to Some({local}), from Some(127.0.0.1:"
        )),
        "{tcp}"
    );
    let unix = answer(UnixStream::connect(&path).unwrap(), "/origin");
    assert!(unix.contains("listener 1, to None, from None"), "{unix}");
    // Which of the machine's addresses it was is known for each connection.
    let other: SocketAddr = ([127, 0, 0, 2], anywhere).into();
    let any = answer(TcpStream::connect(other).unwrap(), "/origin");
    assert!(
        any.contains(&format!("listener 2, to Some({other}), from Some(")),
        "{any}"
    );
    server.stop().join().unwrap();
    assert!(!path.exists(), "the socket file is left behind");
}

#[test]
fn everything_works_over_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = Listener::bind_unix(&path, 0o600).unwrap();
    let server = Running::serve(Server::new(vec![listener], config()).unwrap());
    let connect = || {
        let stream = UnixStream::connect(&path).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
    };
    let large = answer(connect(), "/large");
    assert!(large.len() > support::LARGE, "{} bytes", large.len());
    let mut held = connect();
    held.write_all(b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    let mut socket = connect();
    socket.write_all(HANDSHAKE).unwrap();
    support::read_until(&mut socket, b"\r\n\r\n");
    // "hi", masked with zeros, and back.
    socket.write_all(b"\x81\x82\0\0\0\0hi").unwrap();
    support::read_until(&mut socket, b"\x81\x02hi");
    server.wait_for("opened", 2);
    server.notify("news");
    support::read_until(&mut held, b"held: news");
    drop((held, socket));
    server.endings(2);
}

#[test]
fn a_listener_with_a_limit_of_its_own_takes_clients_when_the_server_is_full() {
    let mut config = config();
    config.max_connections = 1;
    let listeners = vec![
        Listener::bind(loopback()).unwrap(),
        Listener::bind(loopback()).unwrap().with_limit(1),
    ];
    let reserved = listeners[1].address().tcp().unwrap();
    let server = Running::serve(Server::new(listeners, config).unwrap());
    let _first = server.connect();
    server.wait_for_connections(1);
    let full = answer(server.connect(), "/hello");
    assert!(full.starts_with("HTTP/1.1 503 "), "{full}");
    let watcher = TcpStream::connect(reserved).unwrap();
    let admitted = answer(&watcher, "/hello");
    assert!(admitted.starts_with("HTTP/1.1 200 "), "{admitted}");
    drop(watcher);
    server.wait_for_connections(1);
    let _watcher = TcpStream::connect(reserved).unwrap();
    server.wait_for_connections(2);
    let full = answer(TcpStream::connect(reserved).unwrap(), "/hello");
    assert!(full.starts_with("HTTP/1.1 503 "), "{full}");
}

#[test]
fn a_server_needs_a_listener() {
    assert!(Server::new(Vec::new(), config()).is_err());
    let folder = tempfile::tempdir().unwrap();
    let unix = Listener::bind_unix(folder.path().join("socket"), 0o600).unwrap();
    let server = Server::new(vec![unix], config()).unwrap();
    assert!(server.local_addr().is_err());
    let addresses: Vec<_> = server.listeners().map(Listener::address).collect();
    assert!(matches!(addresses[..], [Address::Unix(_)]), "{addresses:?}");
}

/// One server follows the other while clients ask without a pause, over connections of their own and over kept ones.
#[test]
fn no_client_notices_that_another_process_goes_on() {
    let listener = Listener::bind(loopback()).unwrap();
    let address = listener.address().tcp().unwrap();
    let mut spare = listener.try_clone_fd().unwrap();
    let mut server = Running::serve(Server::new(vec![listener], config()).unwrap());
    let over = AtomicBool::new(false);
    let (answered, kept) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let _last = thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    let answer = answer(TcpStream::connect(address).unwrap(), "/hello");
                    assert!(answer.ends_with("\r\n\r\n/hello"), "{answer}");
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            });
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    let mut stream = BufReader::new(TcpStream::connect(address).unwrap());
                    while !over.load(Ordering::SeqCst) && ask(&mut stream) {
                        kept.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        for _ in 0..5 {
            let (before, kept_before) =
                (answered.load(Ordering::SeqCst), kept.load(Ordering::SeqCst));
            while answered.load(Ordering::SeqCst) < before + 50
                || kept.load(Ordering::SeqCst) < kept_before + 50
            {
                thread::sleep(Duration::from_millis(5));
            }
            let listener = Listener::from_fd(spare.try_clone().unwrap()).unwrap();
            spare = listener.try_clone_fd().unwrap();
            let next = Running::serve(Server::new(vec![listener], config()).unwrap());
            server.hand_over().join().unwrap();
            server = next;
        }
        over.store(true, Ordering::SeqCst);
        // It lasts until the clients are done.
        server
    });
}

/// Asks over a kept connection. Returns whether it is kept still.
fn ask(stream: &mut BufReader<TcpStream>) -> bool {
    let request = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.get_mut().write_all(request).unwrap();
    let (mut line, mut kept) = (String::new(), true);
    while line != "\r\n" {
        line.clear();
        assert!(stream.read_line(&mut line).unwrap() > 0, "no answer");
        kept &= !line.eq_ignore_ascii_case("Connection: close\r\n");
    }
    stream.read_exact(&mut [0; 6]).unwrap();
    kept
}

#[test]
fn a_websocket_is_told_whether_to_come_back_soon() {
    for (code, hands_over) in [(1012_u16, true), (1001, false)] {
        let server = Running::start(config());
        let mut socket = server.connect();
        socket.write_all(HANDSHAKE).unwrap();
        support::read_until(&mut socket, b"\r\n\r\n");
        server.wait_for("opened", 1);
        let ended = if hands_over {
            server.hand_over()
        } else {
            server.stop()
        };
        let mut close = Vec::new();
        let mut head = [0; 2];
        socket.read_exact(&mut head).unwrap();
        assert_eq!(head[0], 0x88);
        close.resize(head[1].into(), 0);
        socket.read_exact(&mut close).unwrap();
        assert_eq!(close[..2], code.to_be_bytes());
        drop(socket);
        ended.join().unwrap();
    }
}

/// A client that has connected and not said anything yet.
#[test]
fn who_has_just_connected_is_answered_by_a_server_that_hands_over() {
    let server = Running::start(config());
    let mut early = server.connect();
    server.wait_for_connections(1);
    let ended = server.hand_over();
    early
        .write_all(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    early.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    drop(early);
    ended.join().unwrap();
}

/// What a client had sent when the server began to stop is answered, though nobody has read it yet.
#[test]
fn what_has_come_is_answered_before_the_end() {
    let server = Running::bind(config());
    let address = server.local_addr().unwrap();
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = TcpStream::connect(address).unwrap();
        client
            .write_all(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            .unwrap();
        clients.push(client);
    }
    // They wait to be accepted still.
    server.handle().stop();
    let ended = support::run(server);
    for mut client in clients {
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("\r\n\r\n/hello"), "{answer}");
    }
    ended.join().unwrap();
}
