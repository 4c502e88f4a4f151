//! What `ClientConfig::lenient` may take, and what it may not.

use bytes::BytesMut;
use holdline_http1::{
    BodyLength, Buffer, ClientConfig, ClientConnection, ReceiveError, RequestBody, ResponseEvent,
    ResponseHead, Version,
};

use super::stream::{Machine, Next, Outcome, feed, however_cut};
use super::{limits, method};
use crate::cuts::seed;

/// A lenient client takes what a strict one takes, as the same, and goes on only behind that; what it takes
/// has one meaning; and a connection on which leniency was needed is not reused. However it is cut.
pub fn lenient(data: &[u8]) {
    let (seed, stream) = seed(data);
    let mut config = ClientConfig::lenient();
    config.limits = limits(seed);
    let all = however_cut(|| Client::new(&config, method(seed)), stream, seed);
    let [(lenient, taken), ..] = all;
    // Folded lines have one meaning, and are no reason to close.
    config.lenient = false;
    let mut strict = Client::new(&config, method(seed));
    let refused = feed(&mut strict, std::iter::once(stream));
    if refused.error.is_none() {
        assert_eq!(taken, refused);
        assert_eq!(lenient.end, strict.end);
        return;
    }
    assert_begins(&taken, &refused);
    if let Some(end) = lenient.end {
        assert!(!end.is_reusable && end.is_over, "{taken:?}");
    }
}

/// A client that has sent one request, and takes its response.
struct Client {
    http: ClientConnection,
    buffer: Buffer,
    method: &'static str,
    end: Option<End>,
}

/// What becomes of the connection, as it was told with the end of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End {
    is_reusable: bool,
    /// Or switched to another protocol, which is no reuse.
    is_over: bool,
}

impl Client {
    fn new(config: &ClientConfig, method: &'static str) -> Self {
        let mut http = ClientConnection::new(config.clone());
        let (target, host) = match method {
            "CONNECT" => ("a:443", None),
            _ => ("/", Some([("Host", "a")])),
        };
        http.send_request(
            method,
            target,
            host,
            RequestBody::None,
            &mut BytesMut::new(),
        )
        .expect("a good request");
        Self {
            http,
            buffer: Buffer::new(),
            method,
            end: None,
        }
    }

    fn ended(&mut self) {
        self.end = Some(End {
            is_reusable: self.http.is_reusable(),
            is_over: self.http.should_close() || self.http.is_switched(),
        });
    }
}

impl Machine for Client {
    fn next(&mut self, input: &mut &[u8], outcome: &mut Outcome) -> Result<Next, ReceiveError> {
        match self.http.receive(input, &mut self.buffer)? {
            None => return Ok(Next::Drained),
            Some(ResponseEvent::Paused) => return Ok(Next::Stop),
            Some(ResponseEvent::Data(data)) => outcome.data(data),
            Some(event) => {
                outcome.push(format!("{event:?}"));
                match event {
                    ResponseEvent::Response { head, body } => {
                        assert_one_meaning(&head, body, self.method);
                    }
                    ResponseEvent::End { .. } => {
                        self.ended();
                        return Ok(Next::Stop);
                    }
                    _ => {}
                }
            }
        }
        Ok(Next::Item)
    }

    fn eof(&mut self, outcome: &mut Outcome) -> Result<(), ReceiveError> {
        if let Some(end) = self.http.receive_eof()? {
            outcome.push(format!("{end:?}"));
            self.ended();
        }
        Ok(())
    }
}

/// What was taken begins with what a strict reader had taken before it refused the rest.
fn assert_begins(taken: &Outcome, refused: &Outcome) {
    assert!(
        taken.items.len() >= refused.items.len(),
        "{taken:?} {refused:?}"
    );
    for (one, other) in taken.items.iter().zip(&refused.items) {
        // Of data the strict one may have had less.
        let is_same = one == other || (other.starts_with("data ") && one.starts_with(other));
        assert!(is_same, "{one} {other}");
    }
}

/// RFC 9112 §6.3, told once more and naively: whoever reads the framing fields of a response that was taken
/// finds one body.
fn assert_one_meaning(head: &ResponseHead<'_>, body: BodyLength, method: &str) {
    let has_none = match (method, head.status()) {
        ("HEAD", _) | (_, 100..=199 | 204 | 304) => true,
        (method, status) => method == "CONNECT" && (200..300).contains(&status),
    };
    if has_none {
        assert_eq!(body, BodyLength::None);
        return;
    }
    let lists = head.headers().get_all("transfer-encoding");
    let codings: Vec<String> = lists
        .flat_map(|value| value.split(|&byte| byte == b','))
        .map(|coding| String::from_utf8_lossy(coding.trim_ascii()).to_lowercase())
        .filter(|coding| coding != "identity")
        .collect();
    let lengths: Vec<&[u8]> = head.headers().get_all("content-length").collect();
    let expected = match (&codings[..], &lengths[..]) {
        ([], []) => BodyLength::UntilClose,
        ([], [first, others @ ..]) => {
            let length = number(first);
            assert!(others.iter().all(|other| number(other) == length));
            match length {
                0 => BodyLength::None,
                length => BodyLength::Known(length),
            }
        }
        ([only], []) if only == "chunked" => {
            assert_ne!(head.version(), Version::Http10, "{head:?}");
            BodyLength::Chunked
        }
        _ => panic!("it means two things: {head:?}"),
    };
    assert_eq!(body, expected, "{head:?}");
}

fn number(value: &[u8]) -> u64 {
    assert!(
        value.iter().all(u8::is_ascii_digit),
        "{}",
        value.escape_ascii()
    );
    let text = std::str::from_utf8(value).expect("digits");
    text.parse().expect("a length")
}
