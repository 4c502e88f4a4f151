//! Who is let in, as a client, a page of another site and an attacker see it.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod browser;
mod cross_site;
mod full;
mod host;
mod nginx;
mod secrets;
mod switches;

use holdline_e2e::{Client, Response, Server};

/// Sends bytes over a connection of their own and reads the answer.
fn ask(server: &Server, request: &str) -> Response {
    let mut client = Client::connect(server.address()).unwrap();
    client.send(request).unwrap();
    let method = request.split(' ').next().unwrap();
    let answer = client.answer(method);
    answer.unwrap_or_else(|error| panic!("{request:?}: {error}"))
}

/// The code of a JSON error.
fn code(answer: &Response) -> String {
    let json = answer.json().unwrap();
    json["error"]["code"].as_str().unwrap().to_owned()
}

/// How many messages the channel `a` has.
fn kept(server: &Server) -> usize {
    let answer = ask(
        server,
        "GET /channels/a/poll?since=earliest HTTP/1.1\r\nHost: test\r\n\r\n",
    );
    answer.json().unwrap()["messages"].as_array().unwrap().len()
}

/// The fields of a WebSocket's handshake, but for `Host`.
const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
