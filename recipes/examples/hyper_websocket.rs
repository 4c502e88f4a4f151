//! A WebSocket echo behind hyper: hyper reads the request and writes the 101, the codec has the rest.
//!
//!     cargo run -p holdline-recipes --example hyper_websocket
//!     (ws://127.0.0.1:8000/)

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use holdline_websocket::codec::{Codec, CodecError, Outgoing, OwnedEvent};
use holdline_websocket::handshake::server;
use holdline_websocket::{Config, Connection};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_util::codec::Framed;

/// The sites whose pages may connect. Clients that are no browsers have no origin, and may.
const ORIGINS: [&str; 1] = ["http://127.0.0.1:8000"];

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:8000").await?;
        println!("ws://{}/", listener.local_addr()?);
        serve(listener).await
    })
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let http = hyper::server::conn::http1::Builder::new();
            let connection = http.serve_connection(TokioIo::new(stream), service_fn(answer));
            // Without this hyper keeps the connection for itself.
            if let Err(error) = connection.with_upgrades().await {
                eprintln!("{error}");
            }
        });
    }
}

async fn answer(mut request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    let headers = request.headers().iter();
    // They are looked through several times, which the map's own iterator does not allow.
    let headers: Vec<_> = headers
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    let headers = headers.iter().copied();
    let mut response = Response::builder();
    match server::accept(request.method().as_str(), headers) {
        Ok(accepted) if accepted.origin_is_allowed(&ORIGINS) => {
            response = response.status(accepted.status());
            response = response.header("Connection", "Upgrade");
            for (name, value) in accepted.response(None) {
                response = response.header(name, value);
            }
            let upgrade = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                match upgrade.await {
                    Ok(stream) => {
                        if let Err(error) = echo(stream).await {
                            eprintln!("{error}");
                        }
                    }
                    Err(error) => eprintln!("{error}"),
                }
            });
        }
        // A page of another site.
        Ok(_) => response = response.status(403),
        Err(error) => {
            response = response.status(error.status());
            for &(name, value) in error.headers() {
                response = response.header(name, value);
            }
        }
    }
    Ok(response
        .body(Empty::new())
        .expect("names and values from the codec"))
}

/// What the client sent with its request is in `stream`, too: hyper sees to it.
async fn echo(stream: Upgraded) -> Result<(), CodecError> {
    let codec = Codec::new(Connection::server(Config::default()));
    let mut websocket = Framed::new(TokioIo::new(stream), codec);
    while let Some(event) = websocket.next().await {
        let answer = match event {
            Ok(OwnedEvent::Text(text)) => Outgoing::Text(text),
            Ok(OwnedEvent::Binary(data)) => Outgoing::Binary(data),
            _ => Outgoing::Replies, // a ping, the Close, or a rule that the peer broke
        };
        websocket.send(answer).await?;
        if websocket.codec().connection().should_close() {
            break;
        }
    }
    websocket.close().await
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use holdline_net::blocking::websocket::{OwnedMessage, connect};
    use holdline_recipes::start;

    use super::*;

    #[test]
    fn messages_of_all_sizes_come_back() {
        let mut websocket = connect(&format!("ws://{}/", start(serve).unwrap())).unwrap();
        for size in [0, 1, 125, 126, 65_535, 65_536, 300_000] {
            let message = OwnedMessage::Binary(vec![7; size]);
            websocket.send(&message).unwrap();
            assert_eq!(websocket.next_message().unwrap(), Some(message));
        }
        websocket.close().unwrap();
    }

    #[test]
    fn pages_of_other_sites_and_plain_requests_are_refused() {
        let address = start(serve).unwrap();
        let ask = |headers: &str| {
            let mut stream = TcpStream::connect(address).unwrap();
            write!(stream, "GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n").unwrap();
            let mut status = [0; 12];
            stream.read_exact(&mut status).unwrap();
            String::from_utf8(status.to_vec()).unwrap()
        };
        let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        assert_eq!(ask(upgrade), "HTTP/1.1 101");
        let foreign = format!("{upgrade}Origin: https://evil.test\r\n");
        assert_eq!(ask(&foreign), "HTTP/1.1 403");
        assert_eq!(ask(""), "HTTP/1.1 426");
    }
}
