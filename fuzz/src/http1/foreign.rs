//! hyper, which is not ours, about whole messages: lengths, chunks, trailers, and what follows them.

#[path = "../../../crates/holdline-http1/tests/foreign/framing.rs"]
mod framing;
#[path = "../../../crates/holdline-http1/tests/foreign/hyper.rs"]
mod hyper;

use holdline_http1::{Buffer, Limits, ResponseDecoder, ResponseEvent};

use self::hyper::{Message, Reason, own};
use crate::cuts::seed;

/// Every request that we take, hyper's server takes and frames in the same way; or, with an odd seed, every response that we
/// take to a GET, HEAD, CONNECT or POST, hyper's client. What does not agree has a name in a list of reasons.
pub fn hyper(data: &[u8]) {
    let (seed, stream) = seed(data);
    let explained = match seed & 1 {
        0 => framing::unexplained(stream),
        _ => unexplained_response(super::method(seed), stream),
    };
    if let Err(what) = explained {
        panic!("{what}");
    }
}

/// Why a response that we take is not the same there.
const REASONS: &[Reason] = &[
    (
        "minor version",
        "RFC 9110 §2.5: a minor version above one's own is processed as the highest that one knows. hyper refuses it",
        |ours, theirs| theirs.is_none() && ours.minor > 1,
    ),
    framing::TRAILERS,
];

fn unexplained_response(method: &str, bytes: &[u8]) -> Result<(), String> {
    let Some(ours) = take_response(method, bytes) else {
        return Ok(());
    };
    let theirs = hyper::response(method, bytes, &[]);
    if theirs.as_ref() == Some(&ours)
        || REASONS
            .iter()
            .any(|(_, _, holds)| holds(&ours, theirs.as_ref()))
    {
        return Ok(());
    }
    Err(format!("{ours:?}\nhyper: {theirs:?}"))
}

/// The first final response, if we take it to its end.
fn take_response(method: &str, bytes: &[u8]) -> Option<Message> {
    let mut decoder = ResponseDecoder::new(Limits::default());
    decoder.expect(method);
    let (mut buffer, mut input, mut message) = (Buffer::new(), bytes, Message::default());
    // Of the heads before the final one, a minor version that hyper does not know.
    let mut newer = 0;
    loop {
        let event = match decoder.decode(&mut input, &mut buffer).ok()? {
            Some(event) => event,
            None => decoder.decode_eof().ok()??,
        };
        match event {
            ResponseEvent::Informational(head) if head.version().minor() > 1 => {
                newer = head.version().minor();
            }
            ResponseEvent::Response { head, .. } => {
                message = Message {
                    method: method.into(),
                    target: head.status().to_string(),
                    minor: head.version().minor().max(newer),
                    fields: own(head.headers().iter()),
                    ..Message::default()
                };
            }
            ResponseEvent::Data(data) => message.body.extend_from_slice(data),
            ResponseEvent::End { trailers } => {
                message.trailers = own(trailers.iter());
                return Some(message);
            }
            ResponseEvent::Paused => return (!message.target.is_empty()).then_some(message),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each reason is met, so that none outlives what it explains.
    #[test]
    fn the_reasons_are_needed() {
        let cases = [
            (
                "minor version",
                "HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n",
            ),
            (
                "trailers",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nSet-Cookie: a\r\nX: 1\r\n\r\n",
            ),
        ];
        assert_eq!(cases.len(), REASONS.len());
        for (name, stream) in cases {
            let ours = take_response("GET", stream.as_bytes()).expect(name);
            let theirs = hyper::response("GET", stream.as_bytes(), &[]);
            assert_ne!(theirs.as_ref(), Some(&ours), "{name}");
            let (_, why, holds) = REASONS.iter().find(|reason| reason.0 == name).expect(name);
            assert!(holds(&ours, theirs.as_ref()), "{name}: {why}");
        }
    }

    #[test]
    fn both_take_what_is_plain() {
        let stream = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: 1\r\n\r\n2\r\nhi\r\n0\r\nY: 2\r\n\r\n";
        let ours = take_response("GET", stream).expect("a response");
        assert_eq!(hyper::response("GET", stream, &[]).as_ref(), Some(&ours));
        assert_eq!((&*ours.body, ours.trailers.len()), (&b"hi"[..], 1));
    }
}
