//! What we send, others can read: requests and responses with bodies of many sizes, framed in every
//! way, and read by hyper in awkward pieces and by httparse.

use bytes::BytesMut;
use holdline_http1::{
    Buffer, ClientConfig, ClientConnection, PreChunked, RequestBody, ResponseBody, ServerConfig,
    ServerConnection,
};

use crate::dice::Dice;
use crate::hyper::{self, Message};

const SIZES: [usize; 16] = [
    0, 1, 15, 16, 17, 255, 256, 257, 4095, 4096, 4097, 65_535, 65_536, 65_537, 131_072, 300_001,
];

const TRAILERS: [(&str, &str); 2] = [("X-Sum", "6"), ("X-Empty", "")];

/// How a body is given to the connection.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// With the head.
    Whole,
    /// In pieces, with its length announced.
    Known,
    /// In pieces, as chunks.
    Chunks,
    /// As chunks whose data the caller writes itself.
    Frames,
    /// As chunks that were framed before.
    PreChunked,
}

const WAYS: [Way; 5] = [
    Way::Whole,
    Way::Known,
    Way::Chunks,
    Way::Frames,
    Way::PreChunked,
];

impl Way {
    fn is_chunked(self) -> bool {
        !matches!(self, Self::Whole | Self::Known)
    }
}

/// Pieces of a body, some of them empty.
fn pieces<'b>(body: &'b [u8], dice: &mut Dice) -> Vec<&'b [u8]> {
    let (mut rest, mut pieces) = (body, Vec::new());
    let most = dice.pick(&[1_000, 20_000, 400_000]);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(dice.below(most).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// How many bytes each read gives: few enough to cut heads, sizes and line ends.
fn cuts(dice: &mut Dice) -> Vec<usize> {
    let most = dice.pick(&[1_000, 8_000, 400_000]);
    let mut cuts: Vec<usize> = (0..5).map(|_| 1 + dice.below(most)).collect();
    cuts.extend([1, 2, 1, 3]);
    cuts
}

fn request(way: Way, body: &[u8], dice: &mut Dice) -> BytesMut {
    let mut http = ClientConnection::new(ClientConfig::default());
    let mut out = BytesMut::new();
    let fields = [("Host", "a.example"), ("X-Kind", "\tvalue with spaces")];
    if way == Way::Whole {
        http.request("POST", "/a?b", fields, body, &mut out)
            .expect("taken");
        return out;
    }
    let length = match way {
        Way::Known => RequestBody::Known(body.len() as u64),
        _ => RequestBody::Streamed,
    };
    http.send_request("POST", "/a?b", fields, length, &mut out)
        .expect("taken");
    for piece in pieces(body, dice) {
        if way != Way::Frames {
            http.send_data(piece, &mut out).expect("taken");
        } else if let Some(frame) = http.send_frame(piece.len()).expect("taken") {
            for part in [frame.before(), piece, frame.after()] {
                out.extend_from_slice(part);
            }
        }
    }
    match way.is_chunked() {
        true => http
            .send_end_with_trailers(TRAILERS, &mut out)
            .expect("taken"),
        false => http.send_end(&mut out).expect("taken"),
    }
    out
}

fn response(way: Way, body: &[u8], dice: &mut Dice) -> BytesMut {
    let mut http = ServerConnection::new(ServerConfig::default());
    let (mut out, mut buffer) = (BytesMut::new(), Buffer::new());
    let mut input = &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..];
    while http
        .receive(&mut input, &mut buffer)
        .expect("taken")
        .is_some()
    {}
    http.send_informational(103, [("Link", "</a>")], &mut out)
        .expect("taken");
    let fields = [("Content-Type", "text/plain"), ("X-Kind", "value")];
    if way == Way::Whole {
        http.respond(200, fields, body, &mut out).expect("taken");
        return out;
    }
    let length = match way {
        Way::Known => ResponseBody::Known(body.len() as u64),
        _ => ResponseBody::Streamed,
    };
    http.send_response(200, fields, length, &mut out)
        .expect("taken");
    for piece in pieces(body, dice) {
        match way {
            Way::PreChunked => {
                let bytes = http
                    .send_prechunked(&PreChunked::new(piece))
                    .expect("taken");
                out.extend_from_slice(&bytes);
            }
            Way::Frames => {
                if let Some(frame) = http.send_frame(piece.len()).expect("taken") {
                    for part in [frame.before(), piece, frame.after()] {
                        out.extend_from_slice(part);
                    }
                }
            }
            _ => http.send_data(piece, &mut out).expect("taken"),
        }
    }
    match way.is_chunked() {
        true => http
            .send_end_with_trailers(TRAILERS, &mut out)
            .expect("taken"),
        false => http.send_end(&mut out).expect("taken"),
    }
    out
}

/// What httparse makes of a message: its fields, and the body by hand with its chunk sizes.
fn by_httparse(bytes: &[u8], is_request: bool) -> (Vec<u8>, usize, usize) {
    let mut table = [httparse::EMPTY_HEADER; 20];
    let (end, headers) = match is_request {
        true => {
            let mut request = httparse::Request::new(&mut table);
            let end = request.parse(bytes).expect("a head").unwrap();
            (end, request.headers)
        }
        false => {
            let mut response = httparse::Response::new(&mut table);
            let end = response.parse(bytes).expect("a head").unwrap();
            (end, response.headers)
        }
    };
    let value = |name: &str| {
        let field = headers.iter().find(|field| field.name == name)?;
        std::str::from_utf8(field.value).ok()
    };
    let rest = &bytes[end..];
    if let Some(length) = value("Content-Length") {
        let (body, rest) = rest.split_at(length.parse().expect("a number"));
        return (body.to_vec(), 0, rest.len());
    }
    assert_eq!(value("Transfer-Encoding"), Some("chunked"));
    let (mut body, mut rest) = (Vec::new(), rest);
    loop {
        let status = httparse::parse_chunk_size(rest).expect("a size");
        let (line, size) = status.unwrap();
        rest = &rest[line..];
        if size == 0 {
            break;
        }
        let (data, after) = rest.split_at(size as usize);
        body.extend_from_slice(data);
        rest = after.strip_prefix(b"\r\n").expect("the end of a chunk");
    }
    let mut table = [httparse::EMPTY_HEADER; 20];
    let (end, trailers) = httparse::parse_headers(rest, &mut table)
        .expect("trailers")
        .unwrap();
    (body, trailers.len(), rest.len() - end)
}

fn assert_read(message: &Message, way: Way, body: &[u8]) {
    let size = body.len();
    assert!(
        message.body == body,
        "{way:?}, {size} bytes: not the same body"
    );
    let expected = hyper::own(TRAILERS.into_iter().map(|(n, v)| (n, v.as_bytes())));
    match way.is_chunked() {
        true => assert_eq!(message.trailers, expected, "{way:?}, {size} bytes"),
        false => assert!(message.trailers.is_empty()),
    }
    let kind = message.fields.iter().find(|field| field.0 == "x-kind");
    assert!(kind.is_some_and(|field| field.1.starts_with(b"value")));
}

#[test]
fn hyper_and_httparse_read_the_requests_that_we_send() {
    let mut dice = Dice::new();
    for size in SIZES {
        let body = dice.bytes(size);
        for way in WAYS.into_iter().filter(|&way| way != Way::PreChunked) {
            let bytes = request(way, &body, &mut dice);
            let read = hyper::requests(&bytes, &cuts(&mut dice));
            assert_eq!(read.len(), 1, "{way:?}, {size} bytes");
            assert_eq!((&*read[0].method, &*read[0].target), ("POST", "/a?b"));
            assert_read(&read[0], way, &body);
            let trailers = if way.is_chunked() { TRAILERS.len() } else { 0 };
            let by_httparse = by_httparse(&bytes, true);
            assert!(
                by_httparse == (body.clone(), trailers, 0),
                "{way:?}, {size} bytes"
            );
        }
    }
}

#[test]
fn hyper_and_httparse_read_the_responses_that_we_send() {
    let mut dice = Dice::new();
    for size in SIZES {
        let body = dice.bytes(size);
        for way in WAYS {
            let bytes = response(way, &body, &mut dice);
            let read = hyper::response("GET", &bytes, &cuts(&mut dice)).expect("a response");
            assert_eq!(&*read.target, "200");
            assert_read(&read, way, &body);
            // After the 103.
            let end = bytes
                .windows(4)
                .position(|end| end == b"\r\n\r\n")
                .expect("a head");
            let trailers = if way.is_chunked() { TRAILERS.len() } else { 0 };
            let by_httparse = by_httparse(&bytes[end + 4..], false);
            assert!(
                by_httparse == (body.clone(), trailers, 0),
                "{way:?}, {size} bytes"
            );
        }
    }
}
