#![allow(clippy::unwrap_used, reason = "a test that fails is to panic")]

use std::fs::{self, File};
use std::io::ErrorKind;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};

use socket2::{Domain, Socket, Type};

use super::Listener;
use crate::address::Address;

#[test]
fn the_file_has_its_mode_and_goes_with_the_listener() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = Listener::bind_unix(&path, 0o620).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o620);
    assert_eq!(listener.address(), &Address::Unix(path.clone()));
    drop(listener);
    assert!(!path.exists());
}

#[test]
fn the_file_stays_until_the_end_also_if_that_is_asked_for_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let mut listener = Listener::bind_unix(&path, 0o600).unwrap();
    listener.remove_file_at_the_end().unwrap();
    UnixStream::connect(&path).unwrap();
    drop(listener);
    assert!(!path.exists());
}

#[test]
fn a_dead_socket_is_replaced_and_a_live_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    // Dropped without removing the file, as by a crash.
    drop(UnixListener::bind(&path).unwrap());
    let live = Listener::bind_unix(&path, 0o600).unwrap();
    let error = Listener::bind_unix(&path, 0o600).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    UnixStream::connect(&path).unwrap();
    drop(live);
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("precious");
    fs::write(&path, "words").unwrap();
    let error = Listener::bind_unix(&path, 0o600).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&path).unwrap(), b"words");
}

#[test]
fn a_file_that_is_another_s_by_now_is_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let old = Listener::bind_unix(&path, 0o600).unwrap();
    // Beside, so that it cannot get the old one's inode.
    let beside = folder.path().join("new");
    let _new = UnixListener::bind(&beside).unwrap();
    fs::rename(&beside, &path).unwrap();
    drop(old);
    UnixStream::connect(&path).unwrap();
}

#[test]
fn only_a_stream_socket_that_listens_is_adopted() {
    let folder = tempfile::tempdir().unwrap();
    let datagram = UdpSocket::bind("127.0.0.1:0").unwrap();
    let unbound = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    let file = File::open(folder.path()).unwrap();
    assert!(Listener::from_fd(datagram.into()).is_err());
    assert!(Listener::from_fd(unbound.into()).is_err());
    assert!(Listener::from_fd(file.into()).is_err());
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    let adopted = Listener::from_fd(tcp.into()).unwrap();
    assert_eq!(adopted.address(), &Address::Tcp(address));
}
