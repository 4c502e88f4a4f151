//! What one end sends the other end receives, however the bytes are cut, and however they are
//! damaged the outcome does not depend on the cut.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bytes::BytesMut;
use proptest::prelude::*;

use crate::tests::harness::{Decoder, Responses, assert_same, feed};
use crate::{
    Buffer, ClientConfig, ClientConnection, Event, Headers, PreChunked, RequestBody, ResponseBody,
    ResponseEvent, ServerConfig, ServerConnection,
};

/// A message as a sender means it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Message {
    start: String,
    fields: Vec<(String, Vec<u8>)>,
    pieces: Vec<Vec<u8>>,
    trailers: Vec<(String, Vec<u8>)>,
    streamed: bool,
}

impl Message {
    fn body(&self) -> Vec<u8> {
        self.pieces.concat()
    }
}

fn fields() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let value = "[!-~\u{e9}]([ \t!-~\u{e9}]{0,20}[!-~])?|".prop_map(String::into_bytes);
    prop::collection::vec(("X-[!#$%&'*+.^_`|~0-9A-Za-z-]{0,12}", value), 0..6)
}

fn message(start: impl Strategy<Value = String>) -> impl Strategy<Value = Message> {
    (
        start,
        fields(),
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..4),
        fields(),
        any::<bool>(),
    )
        .prop_map(|(start, fields, pieces, trailers, streamed)| Message {
            start,
            fields,
            pieces,
            trailers: if streamed { trailers } else { Vec::new() },
            streamed,
        })
}

fn exchange() -> impl Strategy<Value = (Message, Message)> {
    let request = message("/[a-z0-9/?&=%!]{0,30}".prop_map(String::from));
    let response = message(
        (200..600_u16)
            .prop_filter("has a body", |status| ![204, 205, 304].contains(status))
            .prop_map(|status| status.to_string()),
    );
    (request, response)
}

/// Cuts `bytes` at places that follow from `cuts`.
fn cut<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = bytes;
    let mut pieces = Vec::new();
    for size in cuts {
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

fn send_request(http: &mut ClientConnection, request: &Message, out: &mut BytesMut) {
    let headers = ([("Host", "a")], &request.fields);
    let body = match request.streamed {
        true => RequestBody::Streamed,
        false => RequestBody::Known(request.body().len() as u64),
    };
    http.send_request("POST", &request.start, headers, body, out)
        .expect("head");
    for piece in &request.pieces {
        http.send_data(piece, out).expect("data");
    }
    http.send_end_with_trailers(&request.trailers, out)
        .expect("end");
}

fn send_response(http: &mut ServerConnection, response: &Message, out: &mut BytesMut) {
    let body = match response.streamed {
        true => ResponseBody::Streamed,
        false => ResponseBody::Known(response.body().len() as u64),
    };
    let status = response.start.parse().expect("a number");
    http.send_response(status, &response.fields, body, out)
        .expect("head");
    for piece in &response.pieces {
        let shared = PreChunked::new(piece);
        out.extend_from_slice(&http.send_prechunked(&shared).expect("data"));
    }
    http.send_end_with_trailers(&response.trailers, out)
        .expect("end");
}

/// The fields that the sender gave, without those that the connection adds.
fn own(headers: Headers<'_>) -> Vec<(String, Vec<u8>)> {
    headers
        .iter()
        .filter(|(name, _)| name.starts_with("X-"))
        .map(|(name, value)| (name.to_owned(), value.to_vec()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_client_and_a_server_understand_each_other(
        exchanges in prop::collection::vec(exchange(), 1..4),
        cuts in prop::collection::vec(0..40_usize, 0..60),
    ) {
        let mut client = ClientConnection::new(ClientConfig::default());
        let mut server = ServerConnection::new(ServerConfig::default());
        let (mut up, mut down) = (Buffer::new(), Buffer::new());
        for (request, response) in &exchanges {
            let mut out = BytesMut::new();
            send_request(&mut client, request, &mut out);

            let mut seen = Message { streamed: request.streamed, ..Message::default() };
            let mut ended = false;
            for mut piece in cut(&out, &cuts) {
                while let Some(event) = server.receive(&mut piece, &mut up).expect("good") {
                    match event {
                        Event::Request { head, .. } => {
                            seen.start = head.target().to_owned();
                            seen.fields = own(head.headers());
                        }
                        Event::Data(data) => seen.pieces.push(data.to_vec()),
                        Event::End { trailers } => {
                            seen.trailers = own(trailers);
                            ended = true;
                        }
                        _ => prop_assert!(false, "nothing is left"),
                    }
                }
            }
            prop_assert!(ended);
            prop_assert_eq!(seen.body(), request.body());
            seen.pieces.clone_from(&request.pieces);
            prop_assert_eq!(&seen, request);

            let mut out = BytesMut::new();
            send_response(&mut server, response, &mut out);
            let mut seen = Message { streamed: response.streamed, ..Message::default() };
            for mut piece in cut(&out, &cuts) {
                while let Some(event) = client.receive(&mut piece, &mut down).expect("good") {
                    match event {
                        ResponseEvent::Response { head, .. } => {
                            seen.start = head.status().to_string();
                            seen.fields = own(head.headers());
                        }
                        ResponseEvent::Data(data) => seen.pieces.push(data.to_vec()),
                        ResponseEvent::End { trailers } => seen.trailers = own(trailers),
                        _ => prop_assert!(false, "nothing is left"),
                    }
                }
            }
            prop_assert_eq!(seen.body(), response.body());
            seen.pieces.clone_from(&response.pieces);
            prop_assert_eq!(&seen, response);
            prop_assert!(client.is_reusable() && server.is_idle());
            prop_assert!(up.is_empty() && down.is_empty());
        }
    }

    #[test]
    fn damage_is_found_at_the_same_place_however_it_is_cut(
        exchanges in prop::collection::vec(exchange(), 1..3),
        cuts in prop::collection::vec(0..40_usize, 0..60),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
        for (request, response) in &exchanges {
            let mut client = ClientConnection::new(ClientConfig::default());
            send_request(&mut client, request, &mut up);
            let mut server = ServerConnection::new(ServerConfig::default());
            let mut get = &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..];
            let mut buffer = Buffer::new();
            while server.receive(&mut get, &mut buffer).expect("good").is_some() {}
            send_response(&mut server, response, &mut down);
        }
        for (index, byte) in damage {
            let place = index.index(up.len());
            up[place] = byte;
            let place = index.index(down.len());
            down[place] = byte;
        }
        let whole = feed(Decoder::new(), &[&up], false);
        for pieces in [cut(&up, &cuts), up.chunks(1).collect()] {
            assert_same(Decoder::new(), &pieces, false, &whole);
        }
        let whole = feed(Responses::new(), &[&down], false);
        for pieces in [cut(&down, &cuts), down.chunks(1).collect()] {
            assert_same(Responses::new(), &pieces, false, &whole);
        }
    }
}
