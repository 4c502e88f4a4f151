//! `--listen` and `--unix-mode`.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};

use rustix::process::Signal;

use crate::support::*;

#[test]
fn serves_on_everything_that_it_was_told_to_listen_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let unix = format!("unix:{}", path.display());
    let arguments = [
        "--listen",
        "127.0.0.1:0",
        "--listen",
        &unix,
        "--listen",
        "localhost:0",
    ];
    let mut server = Server::spawn(&mut holdline("", &arguments), 3);
    assert!(
        server.lines[0].starts_with("Holdline serves on http://127.0.0.1:"),
        "{:?}",
        server.lines
    );
    assert_eq!(server.lines[1], format!("Holdline serves on {unix}"));
    is(&get(server.connect(), "/health", ""), 200);
    is(
        &get(connect(&address_in(&server.lines[2])), "/health", ""),
        200,
    );
    // Both belong to the same server: what is published here can be read there.
    is(
        &request(server.connect(), "POST", "/channels/a", "", "hello"),
        200,
    );
    let read = get(connect_unix(&path), "/channels/a/poll?since=earliest", "");
    assert!(read.contains("\"data\":\"hello\""), "{read}");
    server.stop();
    assert!(!path.exists());
}

#[test]
fn several_addresses_come_from_the_environment() {
    let mut command = holdline("", &[]);
    command.env("HOLDLINE_LISTEN", "127.0.0.1:0,127.0.0.2:0");
    let server = Server::spawn(&mut command, 2);
    for line in &server.lines {
        is(&get(connect(&address_in(line)), "/health", ""), 200);
    }
}

#[test]
fn a_dead_socket_file_is_replaced_and_a_live_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let unix = format!("unix:{}", path.display());
    let arguments = ["--listen", &*unix, "--unix-mode", "600"];
    let mut first = Server::spawn(&mut holdline("", &arguments), 1);
    let file = fs::metadata(&path).unwrap();
    assert!(file.file_type().is_socket());
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    let refused = ends("", &arguments);
    assert_eq!(refused.status.code(), Some(1));
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(
        why.contains("another process listens on this socket"),
        "{why}"
    );
    is(&get(connect_unix(&path), "/health", ""), 200);
    // A crash leaves the file behind.
    first.kill();
    assert!(path.exists());
    let mut second = Server::spawn(&mut holdline("", &arguments), 1);
    is(&get(connect_unix(&path), "/health", ""), 200);
    second.signal(Signal::INT);
    assert!(second.wait().success());
    assert!(!path.exists());
    // A file that is not a socket must not be removed.
    fs::write(&path, "precious").unwrap();
    let refused = ends("", &arguments);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}

#[test]
fn an_address_that_is_taken_is_named() {
    let server = Server::start(&[]);
    let address = server.address();
    let refused = ends("", &["--listen", &address]);
    assert_eq!(refused.status.code(), Some(1));
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(
        why.contains(&format!("cannot listen on {address}")),
        "{why}"
    );
    // It is possible if you ask for it.
    let twice = ["--listen", "127.0.0.1:0", "--reuse-port"];
    let first = Server::spawn(&mut holdline("", &twice), 1);
    let again = ["--listen", &*first.address(), "--reuse-port"];
    let second = Server::spawn(&mut holdline("", &again), 1);
    assert_eq!(first.address(), second.address());
}
