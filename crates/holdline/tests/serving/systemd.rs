//! Sockets from systemd, and the units in `docs/deploy`.

use std::fs;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::support::*;

/// The program with `tcp` as file 3 and `admin` as file 4, the way systemd passes them.
fn activated(tcp: &TcpListener, admin: &UnixListener, arguments: &[&str]) -> Command {
    let shell = "exec 3<&0 4<&2 </dev/null 2>/dev/null\n\
        export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=holdline.socket:admin";
    let mut command = holdline(shell, arguments);
    let (tcp, admin) = (tcp.try_clone().unwrap(), admin.try_clone().unwrap());
    command
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(tcp)))
        .stderr(Stdio::from(std::os::fd::OwnedFd::from(admin)));
    command
}

#[test]
fn serves_on_the_sockets_that_systemd_hands_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin");
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let admin = UnixListener::bind(&path).unwrap();
    let address = tcp.local_addr().unwrap().to_string();
    // A client that comes before the server has started waits for it.
    let early = connect(&address);
    let mut server = Server::spawn(&mut activated(&tcp, &admin, &[]), 2);
    assert_eq!(server.address(), address);
    is(&get(early, "/health", ""), 200);
    is(&get(connect_unix(&path), "/metrics", ""), 200);
    is(&get(connect(&address), "/metrics", ""), 404);
    let mut socket = connect(&address);
    websocket(&mut socket, "/channels/a/websocket");
    read_until(&mut socket, "holdline.open\",\"data\":\"\"}");

    server.signal(Signal::TERM);
    // 1012, "service restart": the address will be served again.
    let mut close = [0; 4];
    std::io::Read::read_exact(&mut socket, &mut close).unwrap();
    assert_eq!(
        (close[0], [close[2], close[3]]),
        (0x88, 1012_u16.to_be_bytes())
    );
    drop(socket);
    assert!(server.wait().success());
    assert!(path.exists(), "the file is systemd's");
    // Clients are not refused in between.
    let between = connect(&address);
    let next = Server::spawn(&mut activated(&tcp, &admin, &[]), 2);
    is(&get(between, "/health", ""), 200);
    is(&get(connect_unix(&path), "/health", ""), 200);
    drop(next);
}

#[test]
fn what_was_told_to_listen_on_comes_beside() {
    let folder = tempfile::tempdir().unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let admin = UnixListener::bind(folder.path().join("admin")).unwrap();
    let server = Server::spawn(&mut activated(&tcp, &admin, &LISTEN), 3);
    for line in &server.lines[..2] {
        is(&get(connect(&address_in(line)), "/health", ""), 200);
    }
}

#[test]
fn a_socket_that_cannot_be_served_is_refused() {
    // Standard input is not a socket.
    let shell = "exec 3</dev/null\nexport LISTEN_FDS=1 LISTEN_PID=$$";
    let refused = ends(shell, &[]);
    assert_eq!(refused.status.code(), Some(1));
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(why.contains("LISTEN_FDS"), "{why}");
}

#[test]
fn the_units_of_the_documentation_are_valid() {
    let found = Command::new("systemd-analyze").arg("--version").output();
    if !found.is_ok_and(|found| found.status.success()) {
        // It belongs to systemd: where that is missing, nobody needs the units.
        println!("SKIPPED: systemd-analyze is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/deploy");
    let mut units = Vec::new();
    for name in [
        "holdline.service",
        "holdline.socket",
        "holdline-admin.socket",
    ] {
        // The unit expects the program at this path.
        let unit = fs::read_to_string(docs.join(name)).unwrap();
        let here = unit.replace("/usr/local/bin/holdline", env!("CARGO_BIN_EXE_holdline"));
        let path = folder.path().join(name);
        fs::write(&path, here).unwrap();
        units.push(path);
    }
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(units)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success(), "{said}");
    let about = said.lines().filter(|line| line.contains("holdline"));
    assert_eq!(about.collect::<Vec<_>>(), [""; 0], "{said}");
}
