//! A server whose caller does anything, in any order, while the client sends anything: nothing
//! panics, a refused call changes nothing, and what was sent is always a good stream of responses,
//! at most one for each request.

use bytes::BytesMut;
use holdline_http1::{
    Buffer, Event, Limits, Linger, ReceiveError, ResponseBody, ResponseDecoder, ResponseEvent,
    SendError, ServerConfig, ServerConnection,
};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Call {
    Feed(&'static str),
    Eof,
    Poll,
    Informational(u16),
    Respond(u16, usize),
    Head(u16, ResponseBody),
    Data(usize),
    Last(usize),
    End,
    Trailers,
    Switch,
    CloseAfter,
    Abandon,
}

const INPUT: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "3\r\nabc\r\n",
    "0\r\nA: b\r\n\r\n",
    "abc",
    "GET /",
    " HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\n",
    "\n",
];

fn call() -> impl Strategy<Value = Call> {
    let status = prop::sample::select(&[100_u16, 103, 200, 204, 205, 304, 404, 500][..]);
    let body = prop_oneof![
        Just(ResponseBody::None),
        (0..4_u64).prop_map(ResponseBody::Known),
        Just(ResponseBody::Streamed),
    ];
    prop_oneof![
        8 => prop::sample::select(INPUT).prop_map(Call::Feed),
        1 => Just(Call::Eof),
        1 => Just(Call::Poll),
        1 => status.clone().prop_map(Call::Informational),
        3 => (status.clone(), 0..4_usize).prop_map(|(status, length)| Call::Respond(status, length)),
        3 => (status, body).prop_map(|(status, body)| Call::Head(status, body)),
        3 => (0..4_usize).prop_map(Call::Data),
        1 => (0..4_usize).prop_map(Call::Last),
        2 => Just(Call::End),
        1 => Just(Call::Trailers),
        1 => Just(Call::Switch),
        1 => Just(Call::CloseAfter),
        1 => Just(Call::Abandon),
    ]
}

/// What the server's caller knows.
struct Caller {
    http: ServerConnection,
    buffer: Buffer,
    pending: Vec<u8>,
    error: Option<ReceiveError>,
    /// The method of the request that is to be answered.
    method: Option<String>,
    requests: usize,
    ended: usize,
}

impl Caller {
    fn receive(&mut self) {
        let bytes = std::mem::take(&mut self.pending);
        let mut input = &bytes[..];
        loop {
            let event = self.http.receive(&mut input, &mut self.buffer);
            match event {
                Ok(None) => assert!(input.is_empty()),
                Ok(Some(Event::Paused)) => assert!(!input.is_empty()),
                Ok(Some(Event::Request { head, .. })) => {
                    assert!(self.error.is_none());
                    assert_eq!(self.requests, self.ended);
                    self.requests += 1;
                    self.method = Some(head.method().to_owned());
                    assert!(self.http.can_respond());
                    continue;
                }
                Ok(Some(Event::End { .. })) => {
                    self.ended += 1;
                    assert_eq!(self.requests, self.ended);
                    continue;
                }
                Ok(Some(_)) => continue,
                Err(error) => {
                    assert_eq!(*self.error.get_or_insert(error), error);
                    if self.requests == self.ended {
                        self.method = None;
                    }
                }
            }
            break;
        }
        self.pending = input.to_vec();
    }

    /// Runs a call. `Ok(Some(switches))`: the head of a final response was written.
    fn send(&mut self, call: &Call, out: &mut BytesMut) -> Result<Option<bool>, SendError> {
        let data = &b"xxxx"[..];
        let connect = self.method.as_deref() == Some("CONNECT");
        match call {
            Call::Informational(status) => self.http.send_informational(*status, (), out)?,
            Call::Respond(status, length) => {
                self.http.respond(*status, (), &data[..*length], out)?;
                return Ok(Some(connect && self.http.is_switched()));
            }
            Call::Head(status, body) => {
                self.http.send_response(*status, (), *body, out)?;
                return Ok(Some(connect && self.http.is_switched()));
            }
            Call::Data(length) => self.http.send_data(&data[..*length], out)?,
            Call::Last(length) => self.http.send_last_data(&data[..*length], out)?,
            Call::End => self.http.send_end(out)?,
            Call::Trailers => self.http.send_end_with_trailers([("A", "b")], out)?,
            Call::Switch => {
                self.http
                    .send_switching_protocols([("Upgrade", "x")], out)?;
                assert!(self.http.is_switched());
                return Ok(Some(true));
            }
            _ => {}
        }
        Ok(None)
    }
}

/// Checks a stream of responses to these methods.
fn check(stream: &[u8], methods: &[String]) {
    let mut decoder = ResponseDecoder::new(Limits::default());
    let mut buffer = Buffer::new();
    let mut input = stream;
    let mut methods = methods.iter();
    let mut next = methods.next();
    decoder.expect(next.map_or("GET", |method| method));
    loop {
        let event = decoder.decode(&mut input, &mut buffer);
        match event.unwrap_or_else(|error| panic!("{error}: {}", stream.escape_ascii())) {
            None => break,
            Some(ResponseEvent::Response { .. }) => {
                assert!(
                    next.is_some(),
                    "one response too many: {}",
                    stream.escape_ascii()
                );
                next = methods.next();
            }
            Some(ResponseEvent::End { .. }) => {
                decoder.expect(next.map_or("GET", |method| method));
            }
            Some(ResponseEvent::Paused) => panic!("after the last: {}", stream.escape_ascii()),
            Some(_) => {}
        }
    }
    assert!(
        next.is_none(),
        "a response is missing: {}",
        stream.escape_ascii()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_caller_sends_a_good_stream(
        calls in prop::collection::vec(call(), 1..40),
        drain in any::<bool>(),
    ) {
        let mut config = ServerConfig::default();
        config.linger = if drain { Linger::Drain(4) } else { Linger::Close };
        let mut caller = Caller {
            http: ServerConnection::new(config),
            buffer: Buffer::new(),
            pending: Vec::new(),
            error: None,
            method: None,
            requests: 0,
            ended: 0,
        };
        let mut out = BytesMut::new();
        let mut methods = Vec::new();
        for call in calls {
            let before = out.len();
            let idle = caller.http.is_idle();
            match &call {
                Call::Feed(bytes) => {
                    caller.pending.extend_from_slice(bytes.as_bytes());
                    caller.receive();
                }
                Call::Eof => {
                    if caller.pending.is_empty() {
                        match caller.http.receive_eof() {
                            Ok(Some(event)) => {
                                prop_assert!(matches!(event, Event::End { .. }), "{:?}", event);
                                caller.ended += 1;
                            }
                            Ok(None) => {}
                            Err(error) => {
                                prop_assert_eq!(*caller.error.get_or_insert(error), error);
                            }
                        }
                    }
                }
                Call::Poll => {
                    let sent = caller.http.poll_transmit(&mut out);
                    prop_assert_eq!(sent, out.len() > before);
                }
                Call::CloseAfter => caller.http.close_after_response(),
                Call::Abandon => {
                    if !idle {
                        caller.http.abandon_request();
                    }
                }
                call => {
                    let could = caller.http.can_respond();
                    match caller.send(call, &mut out) {
                        Ok(Some(_)) => {
                            prop_assert!(could && !caller.http.can_respond());
                            methods.push(caller.method.take().unwrap_or_else(|| "GET".into()));
                        }
                        Ok(None) => {}
                        Err(_) => prop_assert_eq!(out.len(), before),
                    }
                    // What waited behind a finished response comes now.
                    caller.receive();
                }
            }
            prop_assert!(methods.len() <= caller.requests + 1);
            prop_assert!(!(caller.http.should_close() && caller.http.can_respond()));
            prop_assert!(!(caller.http.should_close() && caller.http.is_switched()));
        }
        check(&out, &methods);
    }
}
