//! What a fuzzer would send to a running server.

use rand::RngExt;
use rand::rngs::StdRng;

use crate::http::with_host;

/// Bytes of a few kinds: letters as in a request, bytes as in frames, anything.
#[must_use]
pub fn garbage(random: &mut StdRng) -> Vec<u8> {
    let alphabet: &[u8] = match random.random_range(0..3) {
        0 => b"GETPOST /:,;=\r\n\r\n HTTP/1.10 \t\0a",
        1 => b"\x81\x82\x88\x89\x7e\x7f\x00\xff",
        _ => &[],
    };
    let length = random.random_range(1..3000);
    (0..length)
        .map(|_| match alphabet {
            [] => random.random(),
            _ => alphabet[random.random_range(0..alphabet.len())],
        })
        .collect()
}

/// A few good requests in a row, with up to four mutations.
#[must_use]
pub fn mutated(random: &mut StdRng) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.random_range(1..4) {
        let requests = [
            "POST /channels/m?event=e&since=earliest HTTP/1.1\r\nContent-Length: 5\r\nOrigin: http://test\r\n\r\nhello",
            "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n3;a=\"b\"\r\nabc\r\n0\r\nT: u\r\n\r\n",
            "POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
            "GET /channels/m,n/poll?since=earliest HTTP/1.1\r\nLast-Event-ID: \r\n\r\n",
            "GET /channels/m/long-poll?wait=0.01 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            "GET /channels/m/jsonp?callback=a.b%5B1%5D&wait=0 HTTP/1.1\r\n\r\n",
            "GET /channels/m/sse?since=earliest HTTP/1.1\r\nAccept: text/event-stream\r\n\r\n",
            "GET /channels/m/iframe?callback=f HTTP/1.1\r\n\r\n",
            "GET /channels/m/xhr-stream HTTP/1.0\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\n\r\n",
            "GET http://test/health?a=b#c HTTP/1.1\r\n\r\n",
            "GET /echo HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\
             \u{1}\u{5}hello",
        ];
        bytes.extend(with_host(requests[random.random_range(0..requests.len())]));
    }
    for _ in 0..random.random_range(0..5) {
        let at = random.random_range(0..bytes.len());
        let end = (at + random.random_range(0..20)).min(bytes.len());
        match random.random_range(0..6) {
            0 => bytes[at] = random.random(),
            1 => bytes[at] ^= 1 << random.random_range(0..8),
            2 => bytes.insert(at, b"\r\n \t:,;\0/0"[random.random_range(0..10)]),
            3 if bytes.len() > 30 => drop(bytes.drain(at..end)),
            4 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ if at > 0 => bytes.truncate(at),
            _ => {}
        }
    }
    bytes
}
