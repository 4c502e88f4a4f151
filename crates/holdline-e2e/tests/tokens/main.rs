//! Who may do what by which token, as a client, a browser, somebody else's library and an attacker see it.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod browser;
mod client;
mod commands;
mod cookies;
mod disconnect;
mod expiry;
mod foreign;
mod keys;
mod plugged;
mod presence;
mod proxies;
mod publishing;
mod rates;
mod rights;

use holdline_e2e::{Client, Response, Server, TOKEN_KEY as KEY, sign_token};

/// What `holdline token` prints.
fn sign(arguments: &[&str]) -> String {
    sign_token(arguments).unwrap()
}

/// A server with that key.
fn start(more: &[&str]) -> Server {
    Server::start(&[&["--token-key", KEY], more].concat()).unwrap()
}

/// Sends a request without a body over a connection of its own and reads the answer. `fields` end with CRLF each.
fn ask(server: &Server, line: &str, fields: &str) -> Response {
    let mut client = Client::connect(server.address()).unwrap();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n",
        server.address()
    );
    client.send(&request).unwrap();
    let answer = client.answer(line.split(' ').next().unwrap());
    answer.unwrap_or_else(|error| panic!("{request:?}: {error}"))
}

/// The status of an answer whose body may not end.
fn status(server: &Server, line: &str, fields: &str) -> u16 {
    let mut client = Client::connect(server.address()).unwrap();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n",
        server.address()
    );
    client.send(&request).unwrap();
    client.head().unwrap().unwrap().status
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// The code of a JSON error.
fn code(answer: &Response) -> String {
    let json = answer.json().unwrap();
    json["error"]["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// The fields of a WebSocket's handshake, but for `Host`.
const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
