//! Both codecs over a stream in memory.
#![cfg(feature = "tokio-util")]

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, SinkExt, StreamExt};
use holdline_http1::codec::{
    ClientCodec, CodecError, OwnedEvent, OwnedResponseEvent, SendRequest, SendResponse, ServerCodec,
};
use holdline_http1::{
    BodyLength, HeaderBlock, PreChunked, PreparedResponse, ReceiveErrorKind, RequestBody,
    ResponseBody, SendErrorKind,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_util::codec::{Decoder, Encoder, Framed};

type Client = Framed<DuplexStream, ClientCodec>;
type Server = Framed<DuplexStream, ServerCodec>;

fn pair(room: usize) -> (Client, Server) {
    let (client, server) = duplex(room);
    (
        Framed::new(client, ClientCodec::default()),
        Framed::new(server, ServerCodec::default()),
    )
}

fn block<const N: usize>(fields: [(&str, &str); N]) -> HeaderBlock {
    HeaderBlock::new(fields).expect("good fields")
}

fn get(target: &str) -> SendRequest {
    SendRequest::Whole {
        method: "GET".into(),
        target: target.into(),
        headers: block([("Host", "a")]),
        body: Bytes::new(),
    }
}

fn ok(body: &'static str) -> SendResponse {
    SendResponse::Whole {
        status: 200,
        headers: block([]),
        body: Bytes::from_static(body.as_bytes()),
    }
}

/// The server: when a body is complete, sends it back in the same pieces, with its trailers.
async fn echo(mut http: Server) -> Result<(), CodecError> {
    let mut pieces = Vec::new();
    while let Some(item) = http.next().await {
        match item? {
            OwnedEvent::Request { head, .. } => {
                assert!(head.as_ref().expects_continue());
                let (status, headers) = (100, block([]));
                http.send(SendResponse::Informational { status, headers })
                    .await?;
            }
            OwnedEvent::Data(data) => pieces.push(data),
            OwnedEvent::End { trailers } => {
                assert_eq!(trailers.as_ref().get_str("x-sum"), Some("6"));
                http.feed(SendResponse::Head {
                    status: 200,
                    headers: block([("X-Kind", "echo")]),
                    body: ResponseBody::Streamed,
                })
                .await?;
                for data in pieces.drain(..) {
                    http.feed(SendResponse::PreChunked(PreChunked::new(&data)))
                        .await?;
                }
                let trailers = block([("X-Sum", "6")]);
                http.send(SendResponse::End { trailers }).await?;
            }
            other => panic!("{other:?}"),
        }
    }
    http.close().await
}

#[tokio::test(flavor = "current_thread")]
async fn an_exchange_goes_both_ways_in_any_pieces() {
    for room in [1, 7, 4096] {
        let (mut http, server) = pair(room);
        let client = async {
            http.send(SendRequest::Head {
                method: "POST".into(),
                target: "/echo".into(),
                headers: block([("Host", "a"), ("Expect", "100-continue")]),
                body: RequestBody::Streamed,
            })
            .await?;
            let item = http.next().await.expect("an item")?;
            assert!(matches!(&item, OwnedResponseEvent::Informational(head)
                if head.as_ref().status() == 100));
            for part in ["abc", "def"] {
                http.send(SendRequest::Data(part.into())).await?;
            }
            let trailers = block([("X-Sum", "6")]);
            http.send(SendRequest::End { trailers }).await?;
            let mut body = Vec::new();
            loop {
                match http.next().await.expect("an item")? {
                    OwnedResponseEvent::Response { head, body } => {
                        assert_eq!(head.as_ref().headers().get_str("x-kind"), Some("echo"));
                        assert_eq!(body, BodyLength::Chunked);
                    }
                    OwnedResponseEvent::Data(data) => body.extend_from_slice(&data),
                    OwnedResponseEvent::End { trailers } => {
                        assert_eq!(trailers.as_ref().get_str("x-sum"), Some("6"));
                        break;
                    }
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(body, b"abcdef");
            assert!(http.codec().connection().is_reusable());
            drop(http);
            Ok::<_, CodecError>(())
        };
        let (client, server) = tokio::join!(client, echo(server));
        client.expect("the client");
        server.expect("the server");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn pipelined_requests_are_answered_in_turn() {
    let (mut client, server) = duplex(4096);
    let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    client
        .write_all(request.repeat(3).as_bytes())
        .await
        .expect("sent");
    client.shutdown().await.expect("shut");
    let mut http = Framed::new(server, ServerCodec::default());
    let mut count = 0;
    while let Some(item) = http.next().await {
        if let OwnedEvent::End { .. } = item.expect("good") {
            count += 1;
            http.send(ok("hi")).await.expect("sent");
        }
    }
    http.close().await.expect("closed");
    let mut text = String::new();
    client.read_to_string(&mut text).await.expect("read");
    assert_eq!((count, text.matches("\r\n\r\nhi").count()), (3, 3));
}

#[tokio::test(flavor = "current_thread")]
async fn a_prepared_response_is_shared_by_its_connections() {
    let prepared = PreparedResponse::new(200, [("Server", "s")], b"hello").expect("good");
    let prepared = Arc::new(prepared);
    for (method, body) in [("GET", "hello"), ("HEAD", "")] {
        let (mut client, server) = duplex(4096);
        let request = format!("{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        client.write_all(request.as_bytes()).await.expect("sent");
        let mut http = Framed::new(server, ServerCodec::default());
        while !http.codec().connection().should_close() {
            if let Some(Ok(OwnedEvent::End { .. })) = http.next().await {
                let prepared = SendResponse::Prepared(prepared.clone());
                http.send(prepared).await.expect("sent");
            }
        }
        http.close().await.expect("closed");
        let mut text = String::new();
        client.read_to_string(&mut text).await.expect("read");
        let head = "HTTP/1.1 200 OK\r\nServer: s\r\nContent-Length: 5\r\nConnection: close\r\n\r\n";
        assert_eq!(text, [head, body].concat());
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_bad_request_is_answered_and_nothing_behind_it() {
    let (mut client, server) = duplex(4096);
    let bad = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi\
               GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
    client.write_all(bad.as_bytes()).await.expect("sent");
    let mut http = Framed::new(server, ServerCodec::default());
    let error = http.next().await.expect("an item").expect_err("bad");
    let CodecError::Receive(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.kind(), ReceiveErrorKind::DuplicateContentLength);
    let (status, headers) = (error.status(), block([]));
    let answer = SendResponse::Whole {
        status,
        headers,
        body: Bytes::new(),
    };
    http.send(answer).await.expect("sent");
    assert!(http.codec().connection().should_close());
    assert!(http.next().await.is_none());
    let again = http.next().now_or_never();
    assert!(!matches!(again, Some(Some(Ok(_)))), "{again:?}");
    http.close().await.expect("closed");
    let mut text = String::new();
    client.read_to_string(&mut text).await.expect("read");
    assert_eq!(text.matches("HTTP/1.1 ").count(), 1);
    assert!(text.starts_with("HTTP/1.1 400 "));
}

#[tokio::test(flavor = "current_thread")]
async fn the_end_of_the_stream_ends_a_body_or_breaks_it() {
    for (response, good) in [
        ("HTTP/1.1 200 OK\r\n\r\nhi", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", false),
    ] {
        let (client, mut server) = duplex(4096);
        let mut http = Framed::new(client, ClientCodec::default());
        http.send(get("/")).await.expect("sent");
        server.write_all(response.as_bytes()).await.expect("sent");
        server.shutdown().await.expect("shut");
        let items: Vec<_> = http.by_ref().collect().await;
        assert!(matches!(&items[1], Ok(OwnedResponseEvent::Data(data)) if data == "hi"));
        match &items[2] {
            Ok(OwnedResponseEvent::End { .. }) => assert!(good),
            Err(CodecError::Receive(error)) => {
                assert!(!good);
                assert_eq!(error.kind(), ReceiveErrorKind::TruncatedBody);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(items.len(), 3);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_request_that_ends_in_its_body_is_an_error_and_not_the_end() {
    let (mut client, server) = duplex(4096);
    let mut http = Framed::new(server, ServerCodec::default());
    let request = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab";
    client.write_all(request).await.expect("sent");
    client.shutdown().await.expect("shut");
    let items: Vec<_> = http.by_ref().collect().await;
    assert!(matches!(&items[0], Ok(OwnedEvent::Request { .. })));
    assert!(matches!(&items[1], Ok(OwnedEvent::Data(data)) if data == "ab"));
    match &items[2..] {
        [Err(CodecError::Receive(error))] => {
            assert_eq!(error.kind(), ReceiveErrorKind::TruncatedBody);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "current_thread")]
async fn an_upgrade_leaves_the_bytes_that_follow() {
    let (mut client, server) = pair(4096);
    let headers = block([
        ("Host", "a"),
        ("Connection", "Upgrade"),
        ("Upgrade", "echo"),
    ]);
    let (method, target) = ("GET".into(), "/".into());
    let request = SendRequest::Whole {
        method,
        target,
        headers,
        body: Bytes::new(),
    };
    client.send(request).await.expect("sent");
    client.get_mut().write_all(b"first").await.expect("sent");
    let mut server = server;
    while let Some(item) = server.next().await {
        if let OwnedEvent::End { .. } = item.expect("good") {
            break;
        }
    }
    let headers = block([("Upgrade", "echo")]);
    server
        .send(SendResponse::SwitchingProtocols { headers })
        .await
        .expect("sent");
    assert!(server.codec().connection().is_switched());
    assert_eq!(&server.into_parts().read_buf[..], b"first");
    let item = client.next().await.expect("an item").expect("good");
    assert!(matches!(item, OwnedResponseEvent::Response { .. }));
    assert!(client.codec().connection().is_switched());
}

#[test]
fn mistakes_write_nothing_and_waiting_bytes_are_bounded() {
    let (mut codec, mut out) = (ServerCodec::default(), BytesMut::new());
    let error = codec.encode(ok("hi"), &mut out).expect_err("no request");
    let CodecError::Send(error) = error else {
        panic!("{error}");
    };
    assert_eq!((error.kind(), out.len()), (SendErrorKind::NoRequest, 0));

    let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut input = BytesMut::from(request.repeat(1000).as_str());
    for _ in 0..2 {
        assert!(codec.decode(&mut input).expect("good").is_some());
    }
    let error = codec.decode(&mut input).expect_err("not answered");
    assert!(matches!(error, CodecError::Flooded));
    // The answer makes way.
    codec.encode(ok("hi"), &mut out).expect("sent");
    assert!(codec.decode(&mut input).expect("good").is_some());

    // What comes when the connection closes is dropped.
    codec.connection_mut().close_after_response();
    codec.encode(ok("hi"), &mut out).expect("sent");
    while codec.decode(&mut input).expect("good").is_some() {}
    assert!(codec.connection().should_close() && input.is_empty());
}

#[test]
fn after_an_error_nothing_of_what_still_comes_is_kept() {
    let (mut server, mut client) = (ServerCodec::default(), ClientCodec::default());
    let mut src = BytesMut::from("GET / HTTP/1.1\nHost: a\n\n");
    for _ in 0..3 {
        let error = server.decode(&mut src).expect_err("a bare line feed");
        assert!(matches!(error, CodecError::Receive(error) if error.at() == 14));
        assert!(src.is_empty(), "{src:?}");
        src.extend_from_slice(&[b'x'; 1000]);
    }
    // Of the server's own direction nothing is lost: it can answer.
    let mut out = BytesMut::new();
    server.encode(ok("no"), &mut out).expect("owed");

    client.encode(get("/"), &mut BytesMut::new()).expect("good");
    for _ in 0..3 {
        let mut src = BytesMut::from("HTTP/1.1 2OO OK\r\n\r\n");
        assert!(
            client.decode(&mut src).is_err() && src.is_empty(),
            "{src:?}"
        );
    }
}
