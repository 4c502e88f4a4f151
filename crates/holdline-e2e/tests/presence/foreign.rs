//! Who comes and goes, as clients that are not ours are told: reqwest-eventsource and tungstenite.

use std::net::TcpStream;
use std::time::Duration;

use futures_util::StreamExt;
use holdline_e2e::{Client, LIMIT, Server, Transport, publish};
use reqwest_eventsource::{Event, EventSource};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use super::Member;

/// What a client is told: the type, the data as JSON or as it is, and the id.
type Told = (String, Value, String);

const LINGER: [&str; 2] = ["--presence-linger", "100ms"];

fn named(names: &[&str]) -> Value {
    json!({"channel": "a", "names": names})
}

fn parsed(data: &str) -> Value {
    serde_json::from_str(data).unwrap_or_else(|_| data.into())
}

/// The next event that is not the first of a stream or a heartbeat.
async fn next(source: &mut EventSource) -> Told {
    let find = async {
        loop {
            match source.next().await.expect("it goes on") {
                Ok(Event::Message(event))
                    if !["holdline.open", "holdline.heartbeat"].contains(&event.event.as_str()) =>
                {
                    return (event.event, parsed(&event.data), event.id);
                }
                _ => {}
            }
        }
    };
    tokio::time::timeout(LIMIT, find).await.unwrap()
}

#[tokio::test]
async fn another_ones_event_source_is_told_who_is_there_who_comes_and_who_goes() {
    let server = Server::start(&LINGER).unwrap();
    let url = server.url("/channels/a/sse?presence=true");
    let mut source = EventSource::get(&url);
    let (kind, members, _) = next(&mut source).await;
    assert_eq!(kind, "holdline.members");
    assert_eq!(members, named(&[]));
    let bob = Member::join(&server, "a", Transport::LongPoll, "bob");
    let (kind, who, _) = next(&mut source).await;
    assert_eq!((kind.as_str(), who), ("holdline.join", named(&["bob"])));
    // Who comes later is told who is there.
    let mut late = EventSource::get(&url);
    let (kind, who, _) = next(&mut late).await;
    assert_eq!((kind.as_str(), who), ("holdline.members", named(&["bob"])));
    late.close();
    bob.cut();
    let (kind, who, _) = next(&mut source).await;
    assert_eq!((kind.as_str(), who), ("holdline.leave", named(&["bob"])));
    let mut client = Client::connect(server.address()).unwrap();
    let id = publish(&mut client, "a", "text").unwrap();
    let expected = ("message".to_owned(), json!("text"), id);
    assert_eq!(next(&mut source).await, expected);
    source.close();
}

/// The next message that is not a heartbeat.
fn read(socket: &mut WebSocket<TcpStream>) -> Value {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            let message: Value = serde_json::from_str(text.as_str()).unwrap();
            if message["event"] != "holdline.heartbeat" {
                return message;
            }
        }
    }
}

#[test]
fn another_ones_websocket_is_told_who_is_there_who_comes_and_who_goes() {
    let server = Server::start(&LINGER).unwrap();
    let stream = TcpStream::connect(server.address()).unwrap();
    let limit = Some(Duration::from_secs(30));
    stream.set_read_timeout(limit).unwrap();
    let path = "/channels/a/websocket?presence=true";
    let url = format!("ws://{}{path}", server.address());
    let mut socket = tungstenite::client(url, stream).unwrap().0;
    assert_eq!(read(&mut socket)["event"], "holdline.open");
    let members = read(&mut socket);
    assert_eq!(members["event"], "holdline.members", "{members}");
    assert_eq!(parsed(members["data"].as_str().unwrap()), named(&[]));
    let bob = Member::join(&server, "a", Transport::Sse, "bob");
    for kind in ["holdline.join", "holdline.leave"] {
        if kind == "holdline.leave" {
            bob.0.shutdown(std::net::Shutdown::Both).unwrap();
        }
        let told = read(&mut socket);
        assert_eq!(told["event"], kind, "{told}");
        assert_eq!(parsed(told["data"].as_str().unwrap()), named(&["bob"]));
        assert_eq!(told["channel"], "a");
    }
    let mut client = Client::connect(server.address()).unwrap();
    let id = publish(&mut client, "a", "text").unwrap();
    let message = read(&mut socket);
    assert_eq!(
        (&message["id"], &message["data"]),
        (&json!(id), &json!("text"))
    );
    socket.close(None).unwrap();
}
