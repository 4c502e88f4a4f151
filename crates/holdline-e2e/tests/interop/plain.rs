//! tungstenite, which does not compress.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};

use holdline_e2e::{LIMIT, testsuite_client};
use tungstenite::handshake::server::{Request, Response};
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Error, Message, WebSocket};

use super::{Echo, messages};

#[test]
fn client_with_the_program() {
    let server = Echo::program();
    exchange_all(connect(&server), "a client of tungstenite");
}

#[test]
fn client_with_the_blocking_server() {
    let server = Echo::blocking();
    exchange_all(connect(&server), "a client of tungstenite");
}

#[test]
#[allow(clippy::result_large_err, reason = "it is tungstenite's callback")]
fn server_with_the_blocking_client() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = testsuite_client(listener.local_addr().unwrap(), "e2e").unwrap();
    let accept = |path: &str| {
        let (stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let check = |request: &Request, response: Response| {
            assert_eq!(request.uri().path(), path);
            Ok(response)
        };
        tungstenite::accept_hdr(stream, check).unwrap()
    };
    let mut count = accept("/getCaseCount");
    count.send(Message::text("1")).unwrap();
    close(count);
    exchange_all(accept("/runCase"), "a server of tungstenite");
    close(accept("/updateReports"));
    let status = client.wait("the client to end").unwrap();
    assert!(status.success(), "{status}");
}

fn connect(server: &Echo) -> WebSocket<TcpStream> {
    let stream = TcpStream::connect(server.address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let (socket, _) = tungstenite::client(server.url(), stream).unwrap();
    socket
}

fn exchange_all(mut socket: WebSocket<TcpStream>, role: &str) {
    for (number, message) in messages(role).enumerate() {
        let mut kind = match message.is_text {
            true => Data::Text,
            false => Data::Binary,
        };
        let fragments = message.fragments();
        let ping = vec![number as u8; number];
        for (at, fragment) in fragments.iter().enumerate() {
            let last = at + 1 == fragments.len();
            let frame = Frame::message(fragment.to_vec(), OpCode::Data(kind), last);
            socket.write(Message::Frame(frame)).unwrap();
            kind = Data::Continue;
            if at == 0 {
                socket.write(Message::Ping(ping.clone().into())).unwrap();
            }
        }
        socket.flush().unwrap();
        let mut pongs = 0;
        let answer = loop {
            match socket.read().unwrap() {
                Message::Pong(payload) => {
                    assert_eq!(payload, ping);
                    pongs += 1;
                }
                other => break other,
            }
        };
        message.check(answer.is_text(), &answer.into_data());
        if fragments.len() > 1 {
            assert_eq!(pongs, 1, "the ping came before the message's end");
        } else if pongs == 0 {
            assert_eq!(socket.read().unwrap(), Message::Pong(ping.into()));
        }
    }
    close(socket);
}

fn close(mut socket: WebSocket<TcpStream>) {
    socket.close(None).unwrap();
    loop {
        match socket.read() {
            Ok(Message::Close(_)) => {}
            Err(Error::ConnectionClosed) => return,
            // The other side ended first.
            Err(Error::Io(error)) if error.kind() == ErrorKind::UnexpectedEof => return,
            other => panic!("{other:?}"),
        }
    }
}
