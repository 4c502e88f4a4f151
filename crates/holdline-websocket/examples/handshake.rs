//! A client and a server in memory: the handshake in heads of `holdline-http1`, and then the rest of the same slice
//! goes to the WebSocket.
//!
//! `cargo run -p holdline-websocket --example handshake`

use std::error::Error;

use bytes::BytesMut;
use holdline_http1::{
    ClientConfig, ClientConnection, Event as HttpEvent, RequestBody, ResponseBody, ResponseEvent,
    ServerConfig, ServerConnection,
};
use holdline_websocket::{
    Buffer, Config, Connection, Event,
    handshake::{client, server},
};

fn main() -> Result<(), Box<dyn Error>> {
    let (request, mut asked) = ask()?;
    // The client's first message comes in the same read as its request.
    let mut wire = request.to_vec();
    wire.extend(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    let mut reply = serve(&mut wire)?;
    println!("{}", reply.escape_ascii());
    let text = understand(&mut asked, &mut reply)?;
    println!("the server said: {text}");
    Ok(())
}

/// The client's request, and what is needed to check the answer.
fn ask() -> Result<(BytesMut, Asked), Box<dyn Error>> {
    let mut request = client::Request::new(*b"the sample nonce"); // 16 random bytes in a real client
    request.offer_protocol("echo")?;
    let mut http = ClientConnection::new(ClientConfig::default());
    let mut headers = request.headers();
    headers.insert(0, ("Host", "example.com".into()));
    let mut out = BytesMut::new();
    http.send_request("GET", "/chat", headers, RequestBody::None, &mut out)?;
    Ok((out, (request, http)))
}

type Asked = (client::Request, ClientConnection);

/// What a server does with the bytes of one read, and what it writes.
fn serve(block: &mut [u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut out = BytesMut::new();
    let mut http = ServerConnection::new(ServerConfig::default());
    let mut http_buffer = holdline_http1::Buffer::new();
    let mut input = &*block;
    let Some(HttpEvent::Request { head, .. }) = http.receive(&mut input, &mut http_buffer)? else {
        return Ok(Vec::new());
    };
    let rest = input.len();
    match server::accept(head.method(), head.headers().iter()) {
        Ok(request) if request.origin_is_allowed(&["https://example.com"]) => {
            let protocol = request.choose_protocol(&["echo"]);
            http.send_switching_protocols(request.response(protocol), &mut out)?;
        }
        Ok(_) => http.send_response(403, (), ResponseBody::None, &mut out)?,
        Err(error) => {
            http.send_response(
                error.status(),
                error.headers(),
                ResponseBody::None,
                &mut out,
            )?;
        }
    }
    if http.is_switched() {
        let mut websocket = Connection::server(Config::default());
        let mut buffer = Buffer::new();
        // What followed the request in the slice belongs to the new protocol.
        let from = block.len() - rest;
        let mut input = &mut block[from..];
        while let Some(event) = websocket.receive(&mut input, &mut buffer)? {
            if let Event::Text(text) = event {
                websocket.send_text(text, &mut out)?;
            }
            websocket.poll_transmit(&mut out);
        }
    }
    Ok(out.to_vec())
}

/// What a client makes of one read: it checks the response, and finds the first message after it.
fn understand((request, http): &mut Asked, block: &mut [u8]) -> Result<String, Box<dyn Error>> {
    let mut http_buffer = holdline_http1::Buffer::new();
    let mut input = &*block;
    let event = http.receive(&mut input, &mut http_buffer)?;
    let Some(ResponseEvent::Response { head, .. }) = event else {
        return Err("no response".into());
    };
    let accepted = request.verify(head.status(), head.headers().iter())?;
    println!("subprotocol: {:?}", accepted.protocol);
    let from = block.len() - input.len();
    let mut websocket = Connection::client(Config::default(), || [1, 2, 3, 4]); // random keys
    let mut buffer = Buffer::new();
    match websocket.receive(&mut &mut block[from..], &mut buffer)? {
        Some(Event::Text(text)) => Ok(text.into()),
        other => Err(format!("{other:?}").into()),
    }
}

#[test]
fn the_first_message_may_come_with_the_request() {
    let (request, mut asked) = ask().unwrap();
    let mut wire = request.to_vec();
    wire.extend(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    let mut reply = serve(&mut wire).unwrap();
    assert!(reply.starts_with(b"HTTP/1.1 101 "));
    assert!(reply.ends_with(b"\r\n\r\n\x81\x05Hello"));
    assert_eq!(understand(&mut asked, &mut reply).unwrap(), "Hello");
}

#[test]
fn a_foreign_origin_and_a_plain_request_are_refused() {
    let (request, _) = ask().unwrap();
    let text = String::from_utf8(request.to_vec()).unwrap();
    let foreign = text.replace("Host:", "Origin: https://evil.test\r\nHost:");
    let reply = serve(&mut foreign.into_bytes()).unwrap();
    assert!(reply.starts_with(b"HTTP/1.1 403 "));
    let mut plain = b"GET /chat HTTP/1.1\r\nHost: example.com\r\n\r\n".to_vec();
    assert!(serve(&mut plain).unwrap().starts_with(b"HTTP/1.1 426 "));
}
