//! The tester as a client.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tungstenite::handshake::derive_accept_key;

use super::frame::Role;
use super::run::run;
use super::wire::Wire;
use super::{Case, Extension, Failure};

/// Runs all cases against what serves `target`, on several connections at a time.
#[must_use]
pub fn test_server(address: SocketAddr, target: &str, cases: &[Case]) -> Vec<Failure> {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::SeqCst);
                    let Some(case) = cases.get(at) else {
                        return;
                    };
                    if let Err(what) = test(address, target, case) {
                        let failure = Failure {
                            number: at + 1,
                            case: format!("{case:?}"),
                            what,
                        };
                        if let Ok(mut failures) = failures.lock() {
                            failures.push(failure);
                        }
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap_or_default();
    failures.sort_by_key(|failure| failure.number);
    failures
}

fn test(address: SocketAddr, target: &str, case: &Case) -> Result<(), String> {
    let offer = case.deflate.map(|parameters| parameters.offer());
    let offers: Vec<&str> = offer.iter().map(String::as_str).collect();
    let opened = handshake_of_server(address, target, &offers)?;
    let agreed = match case.deflate {
        Some(parameters) => Some(parameters.agree(&opened.extensions)?),
        None if opened.extensions.is_empty() => None,
        None => return Err("the server agreed to extensions that were not offered".into()),
    };
    let inflater = agreed.map(|agreed| agreed.inflater());
    let mut wire = Wire::new(opened.stream, Role::Client, opened.unread, inflater);
    let script = (case.script)(agreed.unwrap_or_default());
    run(&mut wire, Role::Client, script)
}

/// A connection after the handshake.
#[derive(Debug)]
pub struct Opened {
    /// The connection.
    pub stream: TcpStream,
    /// What came after the head.
    pub unread: Vec<u8>,
    /// What the server agreed to.
    pub extensions: Vec<Extension>,
}

/// Opens a WebSocket and offers extensions, each in a field line of its own.
///
/// # Errors
/// What is wrong with the server's answer (§4.1).
pub fn handshake_of_server(
    address: SocketAddr,
    target: &str,
    offers: &[&str],
) -> Result<Opened, String> {
    let broken = |error: std::io::Error| format!("the handshake: {error}");
    let mut stream = TcpStream::connect(address).map_err(broken)?;
    stream.set_nodelay(true).map_err(broken)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(broken)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(broken)?;
    let key = "AQIDBAUGBwgJCgsMDQ4PEA==";
    let mut request = format!(
        "GET {target} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
    );
    for offer in offers {
        request.push_str(&format!("Sec-WebSocket-Extensions: {offer}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).map_err(broken)?;
    let (head, unread) = read_head(&mut stream).map_err(broken)?;
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default();
    let field = |name: &str| fields(&head, name).join(", ");
    let good = status.starts_with("HTTP/1.1 101 ")
        && field("upgrade").eq_ignore_ascii_case("websocket")
        && field("connection").eq_ignore_ascii_case("upgrade")
        && field("sec-websocket-accept") == derive_accept_key(key.as_bytes())
        && field("sec-websocket-protocol").is_empty();
    if !good {
        return Err(format!("the server's handshake (§4.1):\n{head}"));
    }
    Ok(Opened {
        stream,
        unread,
        extensions: Extension::parse(&field("sec-websocket-extensions")),
    })
}

/// A head, and what came after it.
pub(super) fn read_head(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut block = [0; 4096];
    loop {
        let n = stream.read(&mut block)?;
        if n == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend(&block[..n]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let unread = bytes.split_off(end + 4);
            let head = String::from_utf8_lossy(&bytes).into_owned();
            return Ok((head, unread));
        }
    }
}

/// The values of all field lines with this name, which is in lower case.
pub(super) fn fields<'h>(head: &'h str, name: &str) -> Vec<&'h str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines
        .filter(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
        .collect()
}

/// Timeout for one read. Only a failure takes this long.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

const WORKERS: usize = 4;
