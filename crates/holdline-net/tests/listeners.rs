//! A server that listens on several sockets of both kinds.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
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
