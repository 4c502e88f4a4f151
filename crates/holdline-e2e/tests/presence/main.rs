//! Who is there by name: what is told about it over each transport, and what it takes for a name to go.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod crowds;
mod event_source;
mod foreign;
mod members;
mod nodes;
mod pollers;
mod refused;
mod viewer;

use std::io::Write;
use std::net::{Shutdown, TcpStream};

use holdline_e2e::{Client, Server, Transport};
use serde_json::Value;

/// A request that makes its client a member, over a connection of its own.
struct Member(TcpStream);

impl Member {
    /// Comes, and waits until it is there: the first bytes of a stream, or the answer to a poll.
    fn join(server: &Server, channels: &str, transport: Transport, name: &str) -> Self {
        let mut target = format!("/channels/{channels}/{transport}?name={name}&callback=f");
        if matches!(transport, Transport::LongPoll | Transport::Jsonp) {
            target.push_str("&wait=300");
        }
        let mut socket = TcpStream::connect(server.address()).unwrap();
        let upgrade = match transport {
            Transport::WebSocket => {
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            }
            _ => "",
        };
        let request = format!("GET {target} HTTP/1.1\r\nHost: test\r\n{upgrade}\r\n");
        socket.write_all(request.as_bytes()).unwrap();
        Self(socket)
    }

    /// Goes without a word.
    fn cut(self) {
        self.0.shutdown(Shutdown::Both).unwrap();
    }
}

/// The answer to `GET /channels/CHANNEL/presence`.
fn presence(server: &Server, channel: &str) -> Value {
    get(server, &format!("/channels/{channel}/presence"))
}

/// `["ann 2", "bob 1"]`; `None` for a crowd.
fn members(server: &Server, channel: &str) -> Option<Vec<String>> {
    let presence = presence(server, channel);
    let members = presence.get("members").unwrap().as_array()?;
    let members = members.iter().map(|member| {
        assert_eq!(member.as_object().unwrap().len(), 2, "{member}");
        let (name, connections) = (&member["name"], &member["connections"]);
        format!(
            "{} {}",
            name.as_str().unwrap(),
            connections.as_u64().unwrap()
        )
    });
    Some(members.collect())
}

fn get(server: &Server, target: &str) -> Value {
    let mut client = Client::connect(server.address()).unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n");
    client.send(request).unwrap();
    let answer = client.answer("GET").unwrap();
    assert_eq!(answer.head.status, 200, "{answer:?}");
    answer.json().unwrap()
}
