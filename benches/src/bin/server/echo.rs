//! WebSocket messages sent back as they came.

use std::io;
use std::net::TcpListener;
use std::thread;

use futures_util::{SinkExt, StreamExt};
use holdline_net::{ConnectionId, Handler, Message, Output, Progress, Request, Responder};
use holdline_websocket::{AcceptKey, Config, handshake};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{ANY_PORT, announce, serve_holdline, serve_tokio};

pub(crate) fn holdline() -> io::Result<()> {
    serve_holdline(|_| Echo)
}

struct Echo;

impl Handler for Echo {
    type Stream = ();

    fn request(&mut self, request: &Request<'_>, responder: Responder<'_, ()>) {
        let head = &request.head;
        let handshake = handshake::server::accept(head.method(), head.headers().iter());
        let handshake = handshake.expect("a handshake");
        responder
            .upgrade_websocket(handshake.response(None), Config::default(), ())
            .expect("an upgrade");
    }

    fn ready(&mut self, _: ConnectionId, (): &mut (), _: Output<'_>) -> Progress {
        Progress::Idle
    }

    fn message(&mut self, _: ConnectionId, (): &mut (), message: Message<'_>, output: Output<'_>) {
        if let (Output::WebSocket(mut websocket), Message::Binary(data)) = (output, message) {
            websocket.send_binary(data).expect("open");
        }
    }
}

/// A thread for each connection.
pub(crate) fn tungstenite() -> io::Result<()> {
    let listener = TcpListener::bind(ANY_PORT)?;
    announce(listener.local_addr()?)?;
    for stream in listener.incoming() {
        let stream = stream?;
        stream.set_nodelay(true)?;
        thread::spawn(move || {
            let mut websocket = tungstenite::accept(stream).expect("a handshake");
            while let Ok(message) = websocket.read() {
                if websocket.send(message).is_err() {
                    break;
                }
            }
        });
    }
    Ok(())
}

pub(crate) fn tokio_tungstenite() -> io::Result<()> {
    serve_tokio(async |listener| {
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                let websocket = tokio_tungstenite::accept_async(stream).await;
                let mut websocket = websocket.expect("a handshake");
                while let Some(Ok(message)) = websocket.next().await {
                    if websocket.send(message).await.is_err() {
                        break;
                    }
                }
            });
        }
    })
}

/// Straight on the socket, without the detour over hyper that its own upgrade makes.
pub(crate) fn fastwebsockets() -> io::Result<()> {
    use fastwebsockets::{FragmentCollector, OpCode, Role, WebSocket};
    serve_tokio(async |listener| {
        loop {
            let (mut stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                shake_hands(&mut stream).await.expect("a handshake");
                let websocket = WebSocket::after_handshake(stream, Role::Server);
                let mut websocket = FragmentCollector::new(websocket);
                while let Ok(frame) = websocket.read_frame().await {
                    if frame.opcode == OpCode::Close || websocket.write_frame(frame).await.is_err()
                    {
                        break;
                    }
                }
            });
        }
    })
}

/// Takes the key from a request that is known to be one.
async fn shake_hands(stream: &mut tokio::net::TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_buf(&mut head).await?;
    }
    let head = String::from_utf8_lossy(&head);
    let (_, after) = head
        .split_once("Sec-WebSocket-Key: ")
        .ok_or(io::ErrorKind::InvalidData)?;
    let (key, _) = after.split_once("\r\n").ok_or(io::ErrorKind::InvalidData)?;
    let accept = AcceptKey::new(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await
}
