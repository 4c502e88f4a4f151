//! What is said to the next server or client alone, and what must not be said to it.

use alloc::format;
use alloc::string::String;

use bytes::BytesMut;

use crate::{
    Buffer, ClientConfig, ClientConnection, HeaderBlock, RequestBody, ResponseBody, SendErrorKind,
    ServerConfig, ServerConnection,
};

const HOST: [(&str, &str); 1] = [("Host", "a")];

fn exchange(http: &mut ClientConnection, response: &str) {
    http.request("GET", "/", HOST, b"", &mut BytesMut::new())
        .expect("good");
    let (mut input, mut buffer) = (response.as_bytes(), Buffer::new());
    while http
        .receive(&mut input, &mut buffer)
        .expect("good")
        .is_some()
    {}
    assert!(http.is_reusable());
}

/// A server of HTTP/1.0 kept the connection, and took the chunks' size lines for the upload.
#[test]
fn an_http10_server_is_not_sent_chunks_that_it_would_store_as_data() {
    const OLD: &str = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n";
    const NEW: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let mut http = ClientConnection::new(ClientConfig::default());
    exchange(&mut http, NEW);
    exchange(&mut http, OLD);
    let mut out = BytesMut::from("before");
    let refused = http.send_request("POST", "/", HOST, RequestBody::Streamed, &mut out);
    assert_eq!(
        refused.expect_err("chunked").kind(),
        SendErrorKind::ChunkedToHttp10
    );
    assert!(http.is_reusable() && out[..] == *b"before");
    // A length can be sent, and the last response counts.
    http.clone()
        .send_request("POST", "/", HOST, RequestBody::Known(2), &mut out)
        .expect("a length");
    exchange(&mut http, NEW);
    http.send_request("POST", "/", HOST, RequestBody::Streamed, &mut out)
        .expect("it knows chunks");
}

/// Everything that such a request said went to the server behind a proxy too.
#[test]
fn fields_for_this_connection_alone_are_not_forwarded_by_a_proxy() {
    for (fields, expected) in [
        (&[("TE", "trailers")][..], Some("TE")),
        (&[("te", "")], Some("TE")),
        (&[("TE", "gzip;q=0.5"), ("Connection", "te")], None),
        (&[("TE", "trailers"), ("Connection", "close")], Some("TE")),
        (&[("Upgrade", "x"), ("TE", "trailers")], Some("Upgrade, TE")),
        (
            &[("Upgrade", "x"), ("TE", "trailers"), ("Connection", "TE")],
            Some("Upgrade"),
        ),
        (&[("Keep-Alive", "timeout=5")], Some("keep-alive")),
        (
            &[("Keep-Alive", "timeout=5"), ("Connection", "Keep-Alive")],
            None,
        ),
        (
            &[("Keep-Alive", "timeout=5"), ("Connection", "close")],
            None,
        ),
        (&[("X", "TE"), ("TEA", "x")], None),
    ] {
        let written: String = fields
            .iter()
            .map(|(n, v)| format!("{n}: {v}\r\n"))
            .collect();
        let added = expected.map_or(String::new(), |options| {
            format!("Connection: {options}\r\n")
        });
        let expected = format!("GET / HTTP/1.1\r\nHost: a\r\n{written}{added}\r\n");
        let block = HeaderBlock::new(fields.iter().copied()).expect("good");
        let mut http = ClientConnection::new(ClientConfig::default());
        let mut out = BytesMut::new();
        http.clone()
            .request("GET", "/", (HOST, fields), b"", &mut out)
            .expect("good");
        assert_eq!(out, expected);
        out.clear();
        http.request("GET", "/", (HOST, block), b"", &mut out)
            .expect("good");
        assert_eq!(out, expected, "laid out before");
    }
}

#[test]
fn te_does_not_list_what_every_recipient_takes() {
    for value in [
        "chunked",
        "trailers, Chunked",
        "chunked;q=0.1",
        "gzip , chunked ; q=1,",
    ] {
        let refused = HeaderBlock::new([("Te", value)]).expect_err("chunked");
        assert_eq!(refused.kind(), SendErrorKind::ChunkedInTe, "{value}");
        let mut http = ClientConnection::new(ClientConfig::default());
        let mut out = BytesMut::new();
        let fields = (HOST, [("TE", value)]);
        let refused = http.request("GET", "/", fields, b"", &mut out);
        assert_eq!(
            refused.expect_err("chunked").kind(),
            SendErrorKind::ChunkedInTe
        );
        assert!(out.is_empty() && http.is_reusable());
    }
    HeaderBlock::new([("TE", "x-chunked;chunked, trailers")]).expect("another coding");
}

/// The same on the other side, where `close` and what old clients need to be told come into it.
#[test]
fn a_response_has_all_its_connection_options_in_one_line() {
    for (request, fields, expected) in [
        (
            "GET / HTTP/1.1\r\nHost: a\r\n",
            &[("Upgrade", "x")][..],
            "Connection: Upgrade\r\n",
        ),
        (
            "GET / HTTP/1.0\r\n",
            &[("Upgrade", "x")],
            "Connection: close, Upgrade\r\n",
        ),
        (
            "GET / HTTP/1.0\r\nConnection: keep-alive\r\n",
            &[("Upgrade", "x"), ("Keep-Alive", "timeout=5")],
            "Connection: keep-alive, Upgrade\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\n",
            &[("Keep-Alive", "timeout=5")],
            "Connection: keep-alive\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n",
            &[("Keep-Alive", "timeout=5")],
            "Connection: close\r\n",
        ),
    ] {
        let mut http = ServerConnection::new(ServerConfig::default());
        let request = format!("{request}\r\n");
        let (mut input, mut buffer) = (request.as_bytes(), Buffer::new());
        while http
            .receive(&mut input, &mut buffer)
            .expect("good")
            .is_some()
        {}
        let mut out = BytesMut::new();
        http.send_response(426, fields, ResponseBody::None, &mut out)
            .expect("owed");
        let text = String::from_utf8(out.to_vec()).expect("UTF-8");
        assert_eq!(text.matches("Connection: ").count(), 1, "{text}");
        assert!(text.contains(expected), "{text}");
    }
}
