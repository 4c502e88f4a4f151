//! A chat in axum: what one client says goes to all, encoded once.
//!
//!     cargo run -p holdline-recipes --example axum_chat
//!     (a page on http://127.0.0.1:8000/)

use std::io;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{Html, Response};
use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use holdline_websocket::codec::{Codec, CodecError, Outgoing, OwnedEvent};
use holdline_websocket::handshake::server;
use holdline_websocket::{CloseCode, Config, Connection, PreparedMessage};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_util::codec::Framed;

const PAGE: &str = "<!doctype html><meta charset=utf-8><title>Chat</title><ul></ul><form><input autofocus></form>
<script>
const socket = new WebSocket('ws://' + location.host + '/chat'), [list, form] = document.body.children
socket.onmessage = ({ data }) => {
  const line = document.createElement('li'); line.textContent = data; list.append(line) }
form.onsubmit = event => { event.preventDefault(); socket.send(form[0].value); form.reset() }
</script>";

/// What clients that are behind may be behind by, in messages. Who is behind by more is told to go.
const BACKLOG: usize = 64;

type Room = broadcast::Sender<PreparedMessage>;

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:8000").await?;
        println!("http://{}/", listener.local_addr()?);
        axum::serve(listener, chat(vec!["http://127.0.0.1:8000".into()])).await
    })
}

/// `origins` are the sites whose pages may connect.
fn chat(origins: Vec<String>) -> Router {
    let (room, _) = broadcast::channel(BACKLOG);
    let upgrade = async move |State(room): State<Room>, request| join(&origins, room, request);
    Router::new()
        .route("/", get(async || Html(PAGE)))
        .route("/chat", get(upgrade))
        .with_state(room)
}

fn join(origins: &[String], room: Room, mut request: Request) -> Response {
    let headers = request.headers().iter();
    // They are looked through several times, which the map's own iterator does not allow.
    let headers: Vec<_> = headers
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    let headers = headers.iter().copied();
    let accepted = server::accept(request.method().as_str(), headers);
    let (status, headers) = match &accepted {
        Ok(accepted) if accepted.origin_is_allowed(origins) => {
            let mut headers = accepted.response(None);
            headers.push(("Connection", "Upgrade".into()));
            (accepted.status(), headers)
        }
        Ok(_) => (403, Vec::new()),
        Err(error) => {
            let headers = error.headers().iter();
            let headers = headers.map(|&(name, value)| (name, value.to_owned()));
            (error.status(), headers.collect())
        }
    };
    if status == 101 {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            match upgrade.await {
                Ok(stream) => {
                    if let Err(error) = talk(stream, room).await {
                        eprintln!("{error}");
                    }
                }
                Err(error) => eprintln!("{error}"),
            }
        });
    }
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response
        .body(Body::empty())
        .expect("names and values from the codec")
}

async fn talk(stream: Upgraded, room: Room) -> Result<(), CodecError> {
    let codec = Codec::new(Connection::server(Config::default()));
    let mut websocket = Framed::new(TokioIo::new(stream), codec);
    let mut said = room.subscribe();
    while !websocket.codec().connection().should_close() {
        let out = tokio::select! {
            message = said.recv() => match message {
                Ok(message) => Outgoing::Prepared(message),
                Err(RecvError::Lagged(_) | RecvError::Closed) => Outgoing::Close {
                    code: CloseCode::TRY_AGAIN_LATER,
                    reason: "you are too slow".into(),
                },
            },
            event = websocket.next() => match event {
                Some(Ok(OwnedEvent::Text(text))) => {
                    // Fails only without receivers, and this client is one.
                    room.send(PreparedMessage::text(&text)).ok();
                    continue;
                }
                None => break,
                Some(_) => Outgoing::Replies, // a ping, the Close, or a rule that the peer broke
            },
        };
        websocket.send(out).await?;
    }
    websocket.close().await
}

#[cfg(test)]
mod tests {
    use holdline_net::blocking::websocket::{OwnedMessage, connect};

    use super::*;

    #[test]
    fn what_one_says_comes_to_all() {
        let serve = async |listener: TcpListener| axum::serve(listener, chat(Vec::new())).await;
        let address = holdline_recipes::start(serve).unwrap();
        let url = format!("ws://{address}/chat");
        let mut clients: Vec<_> = (0..3).map(|_| connect(&url).unwrap()).collect();
        // A client that has heard itself is in the room.
        for (speaker, _) in ["a", "b", "c"].iter().enumerate() {
            let own = OwnedMessage::Text(format!("I am {speaker}"));
            clients[speaker].send(&own).unwrap();
            while clients[speaker].next_message().unwrap() != Some(own.clone()) {}
        }
        let news = OwnedMessage::Text("héllo".repeat(30_000));
        clients[0].send(&news).unwrap();
        for client in &mut clients {
            while client.next_message().unwrap() != Some(news.clone()) {}
        }
    }
}
