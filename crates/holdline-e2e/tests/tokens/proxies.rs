//! Users that a proxy or an application knows: the configurations of the chapter on the server, with the real programs,
//! where there are some.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use holdline_e2e::{Client, Process, Server, wait_for};
use tempfile::TempDir;
use tungstenite::Message;
use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderName;

use super::{UPGRADE, sign, start};

const CHAPTER: &str = include_str!("../../../../docs/server.md");

/// The block of that language that has `part`.
fn block(language: &str, part: &str) -> String {
    let fence = format!("```{language}\n");
    let blocks = CHAPTER.split(&fence).skip(1);
    let mut blocks = blocks.map(|rest| rest.split("```").next().unwrap());
    blocks
        .find(|block| block.contains(part))
        .unwrap()
        .to_owned()
}

/// The same with this in place of that, each once.
fn with(text: String, changes: &[(&str, String)]) -> String {
    changes.iter().fold(text, |text, (given, here)| {
        assert_eq!(text.matches(given).count(), 1, "{given}: {text}");
        text.replace(given, here)
    })
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// A proxy that has read its configuration. `None` if it is not installed.
fn run(
    program: &str,
    arguments: &[&str],
    text: &str,
    address: SocketAddr,
) -> Option<(Process, TempDir)> {
    if Command::new(program).arg("-v").output().is_err() {
        eprintln!("{program} is not installed: nothing is tested");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("configuration");
    let text = text.replace("FOLDER", &folder.path().display().to_string());
    std::fs::write(&path, text).unwrap();
    std::fs::write(
        folder.path().join("users"),
        "ann:{PLAIN}secret\nbob:{PLAIN}secret\n",
    )
    .unwrap();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .arg(&path)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let process = Process::spawn(&mut command).unwrap();
    wait_for("the proxy to listen", || Client::connect(address).ok());
    Some((process, folder))
}

fn nginx(sites: &str, address: SocketAddr) -> Option<(Process, TempDir)> {
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let places = kinds
        .map(|kind| format!("{kind}_temp_path FOLDER/{kind};\n"))
        .concat();
    let text = format!(
        "daemon off;\nmaster_process off;\npid FOLDER/pid;\nerror_log stderr;\nevents {{}}\n\
         http {{\naccess_log off;\n{places}{sites}}}\n"
    );
    run("/usr/sbin/nginx", &["-e", "stderr", "-c"], &text, address)
}

fn ask(address: SocketAddr, line: &str, fields: &str) -> u16 {
    let mut client = Client::connect(address).unwrap();
    let body = if line.starts_with("POST") {
        "Content-Length: 2\r\n\r\nhi"
    } else {
        "\r\n"
    };
    client
        .send(format!(
            "{line} HTTP/1.1\r\nHost: push.example.com\r\n{fields}{body}"
        ))
        .unwrap();
    client
        .answer(line.split(' ').next().unwrap())
        .unwrap()
        .head
        .status
}

fn server() -> Server {
    start(&["--allow-host", "push.example.com"])
}

/// The line of the chapter's first site for nginx that has this.
fn line_of_nginx(part: &str) -> String {
    let site = block("nginx", "upstream holdline");
    let line = site.lines().find(|line| line.contains(part));
    format!("{}\n", line.unwrap())
}

/// A site of the chapter with what it says both need for WebSockets.
fn with_upgrades(site: String) -> String {
    let fields = ["Upgrade $http_upgrade", "Connection $connection_upgrade"];
    let fields = fields.map(|field| line_of_nginx(&format!("proxy_set_header {field}")));
    let more = format!("proxy_buffering off;\n{}", fields.concat());
    let map = line_of_nginx("map $http_upgrade");
    map + &with(site, &[("proxy_buffering off;", more)])
}

/// A stream and a WebSocket of a user whom the proxy knows by a field; and others, who get neither.
fn streams(address: SocketAddr, (name, value): (&str, &str), other: &str) {
    let known = format!("{name}: {value}\r\n");
    let path = "/channels/a/sse?since=earliest";
    let mut client = Client::connect(address).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: push.example.com\r\n{known}\r\n");
    client.send(head).unwrap();
    let head = client.head().unwrap().unwrap();
    assert_eq!(head.status, 200, "{head:?}");
    let url = "ws://push.example.com/channels/a/websocket?since=earliest";
    let mut request = url.into_client_request().unwrap();
    let field = HeaderName::from_bytes(name.as_bytes()).unwrap();
    request.headers_mut().insert(field, value.parse().unwrap());
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut socket = tungstenite::client(request, stream).unwrap().0;
    // Both are there by now, and get what comes, over the WebSocket itself.
    socket.send(Message::text("by socket")).unwrap();
    let mut body = client.body(&head, "GET").unwrap();
    let mut seen = String::new();
    while !seen.contains("data: by socket\n\n") {
        let mut byte = [0];
        body.read_exact(&mut byte).unwrap();
        seen.push(char::from(byte[0]));
    }
    loop {
        if let Message::Text(text) = socket.read().unwrap()
            && text.contains("by socket")
        {
            break;
        }
    }
    for (line, upgrade) in [(path, ""), ("/channels/a/websocket", UPGRADE)] {
        let line = format!("GET {line}");
        for fields in [other, ""] {
            assert_eq!(
                ask(address, &line, &format!("{fields}{upgrade}")),
                401,
                "{line}"
            );
        }
    }
}

/// `ann:secret`, `bob:secret` and `ann:wrong`.
const ANN: &str = "Authorization: Basic YW5uOnNlY3JldA==\r\n";
const BOB: &str = "Authorization: Basic Ym9iOnNlY3JldA==\r\n";
const WRONG: &str = "Authorization: Basic YW5uOndyb25n\r\n";

#[test]
fn users_of_nginx_do_what_their_token_grants() {
    let (server, address) = (server(), free());
    let token = sign(&["--name", "ann", "--publish", "a", "--subscribe", "a"]);
    let sites = with(
        with_upgrades(block("nginx", "auth_basic ")),
        &[
            ("TOKEN_OF_ANN", token.clone()),
            ("listen 443 ssl", format!("listen {address}")),
            ("/etc/nginx/holdline.users", "FOLDER/users".to_owned()),
            ("127.0.0.1:8080", server.address().to_string()),
        ],
    );
    let Some(_nginx) = nginx(&sites, address) else {
        return;
    };
    for (line, fields, expected) in [
        ("POST /channels/a", ANN, 200),
        ("GET /channels/a/poll", ANN, 200),
        ("GET /channels/b/poll", ANN, 403),
        ("POST /channels/b", ANN, 403),
        ("GET /channels/a/poll", WRONG, 401),
        ("GET /channels/a/poll", "", 401),
        // nginx knows him, and nobody gave him a token: not even one of his own helps.
        ("GET /channels/a/poll", BOB, 401),
        (&format!("GET /channels/a/poll?token={token}"), BOB, 401),
    ] {
        assert_eq!(ask(address, line, fields), expected, "{line} {fields}");
    }
    let basic = "Basic YW5uOnNlY3JldA==";
    streams(address, ("Authorization", basic), WRONG);
}

/// An application that gives `session=ann` a token and sends away everybody else.
fn application(token: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let lines: Vec<String> = lines
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .collect();
            let known = lines
                .iter()
                .any(|line| line.eq_ignore_ascii_case("Cookie: session=ann"));
            let answer = match known {
                true => format!(
                    "HTTP/1.1 204 No Content\r\nX-Holdline-Token: {token}\r\nConnection: close\r\n\r\n"
                ),
                false => {
                    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                        .to_owned()
                }
            };
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn users_of_an_application_that_nginx_asks_do_what_their_token_grants() {
    let (server, address) = (server(), free());
    let token = sign(&["--name", "ann", "--publish", "a", "--subscribe", "a"]);
    let sites = with(
        with_upgrades(block("nginx", "auth_request ")),
        &[
            ("listen 443 ssl", format!("listen {address}")),
            ("127.0.0.1:8080", server.address().to_string()),
            ("127.0.0.1:3000", application(token).to_string()),
        ],
    );
    let Some(_nginx) = nginx(&sites, address) else {
        return;
    };
    for (line, fields, expected) in [
        ("POST /channels/a", "Cookie: session=ann\r\n", 200),
        ("GET /channels/a/poll", "Cookie: session=ann\r\n", 200),
        ("GET /channels/b/poll", "Cookie: session=ann\r\n", 403),
        ("GET /channels/a/poll", "Cookie: session=bob\r\n", 401),
        ("GET /channels/a/poll", "", 401),
        ("GET /channels/a/poll", "X-Holdline-Token: x\r\n", 401),
    ] {
        assert_eq!(ask(address, line, fields), expected, "{line} {fields}");
    }
    let known = ("Cookie", "session=ann");
    streams(address, known, "Cookie: session=bob\r\n");
}

#[test]
fn users_of_haproxy_do_what_their_token_grants() {
    let (server, address) = (server(), free());
    let token = sign(&["--publish", "a", "--subscribe", "a"]);
    let text = with(
        block("haproxy", "userlist"),
        &[
            ("PASSWORD_OF_ANN", "secret".to_owned()),
            ("TOKEN_OF_ALL", token),
            (
                "bind :443 ssl crt /etc/haproxy/push.pem",
                format!("bind {address}"),
            ),
            ("127.0.0.1:8080", server.address().to_string()),
        ],
    );
    let Some(_haproxy) = run("/usr/sbin/haproxy", &["-db", "-f"], &text, address) else {
        return;
    };
    for (line, fields, expected) in [
        ("POST /channels/a", ANN, 200),
        ("GET /channels/a/poll", ANN, 200),
        ("GET /channels/b/poll", ANN, 403),
        ("GET /channels/a/poll", WRONG, 401),
        ("GET /channels/a/poll", "", 401),
    ] {
        assert_eq!(ask(address, line, fields), expected, "{line} {fields}");
    }
}
