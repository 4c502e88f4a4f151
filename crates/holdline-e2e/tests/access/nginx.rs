//! The configuration for nginx that the chapter on the server gives, with a real nginx, where there is one.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};

use holdline_e2e::{Client, Process, Server, publish, wait_for};
use tempfile::TempDir;

use super::{UPGRADE, code};

const CHAPTER: &str = include_str!("../../../../docs/server.md");

/// A running nginx. It ends with its test.
pub(super) struct Nginx {
    address: SocketAddr,
    _process: Process,
    _folder: TempDir,
}

impl Nginx {
    /// Stands before `server`. `None` if it is not installed.
    pub(super) fn start(server: &Server) -> Option<Self> {
        if Command::new("nginx").arg("-v").output().is_err() {
            eprintln!("nginx is not installed: nothing is tested");
            return None;
        }
        let folder = tempfile::Builder::new()
            .prefix("holdline-e2e-")
            .tempdir()
            .unwrap();
        // Free, and a moment later hopefully still so.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let path = folder.path().join("nginx.conf");
        std::fs::write(&path, configuration(server, address, &folder)).unwrap();
        let process = Process::spawn(
            Command::new("nginx")
                .arg("-c")
                .arg(&path)
                .args(["-e", "stderr"])
                .stdin(Stdio::null())
                .stdout(Stdio::null()),
        )
        .unwrap();
        wait_for("nginx to listen", || Client::connect(address).ok());
        Some(Self {
            address,
            _process: process,
            _folder: folder,
        })
    }

    /// Asks by the name that clients know.
    pub(super) fn send(&self, request: &str) -> Client {
        let (line, rest) = request.split_once("\r\n").unwrap();
        let mut client = Client::connect(self.address).unwrap();
        client
            .send(format!("{line}\r\nHost: push.example.com\r\n{rest}"))
            .unwrap();
        client
    }
}

/// What the chapter gives, with addresses of the test's own and without TLS.
fn configuration(server: &Server, address: SocketAddr, folder: &TempDir) -> String {
    let (_, example) = CHAPTER.split_once("```nginx\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let mut sites = example.to_owned();
    for (given, here) in [
        (
            "server 127.0.0.1:8080;",
            format!("server {};", server.address()),
        ),
        ("listen 443 ssl;", format!("listen {address};")),
    ] {
        assert_eq!(sites.matches(given).count(), 1, "{given}: {sites}");
        sites = sites.replace(given, &here);
    }
    let folder = folder.path().display();
    let places: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .concat();
    format!(
        "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n\
         http {{\naccess_log off;\n{places}{sites}}}\n"
    )
}

#[test]
fn behind_nginx_the_chapters_configuration_works_with_allow_host_and_not_without() {
    let known = Server::start(&["--allow-host", "push.example.com,test"]).unwrap();
    let Some(nginx) = Nginx::start(&known) else {
        return;
    };
    let own = "Origin: https://push.example.com\r\n";
    let answer = nginx
        .send(&format!(
            "POST /channels/a HTTP/1.1\r\n{own}Content-Length: 2\r\n\r\nhi"
        ))
        .answer("POST")
        .unwrap();
    assert_eq!(answer.head.status, 200, "{answer:?}");
    let foreign =
        "POST /channels/a HTTP/1.1\r\nOrigin: https://evil.example\r\nContent-Length: 2\r\n\r\nhi";
    let answer = nginx.send(foreign).answer("POST").unwrap();
    assert_eq!(code(&answer), "foreign_origin");
    let socket = format!("GET /channels/a/websocket HTTP/1.1\r\n{own}{UPGRADE}\r\n");
    let head = nginx.send(&socket).head().unwrap().unwrap();
    assert_eq!(head.status, 101, "{head:?}");

    // A message comes through at once, not when a buffer is full.
    let mut stream = nginx.send("GET /channels/a/sse?since=earliest HTTP/1.1\r\n\r\n");
    let head = stream.head().unwrap().unwrap();
    let mut body = stream.body(&head, "GET").unwrap();
    let mut client = Client::connect(known.address()).unwrap();
    publish(&mut client, "a", "after").unwrap();
    let mut seen = String::new();
    while !seen.contains("data: after\n\n") {
        let mut byte = [0];
        body.read_exact(&mut byte).unwrap();
        seen.push(char::from(byte[0]));
    }
    assert!(seen.contains("data: hi\n\n"), "{seen}");

    let unknown = Server::start(&[]).unwrap();
    let nginx = Nginx::start(&unknown).unwrap();
    let answer = nginx.send("GET / HTTP/1.1\r\n\r\n").answer("GET").unwrap();
    assert_eq!(code(&answer), "foreign_host");
    assert!(
        answer.text().contains("--allow-host push.example.com"),
        "{answer:?}"
    );
}
