//! A source and a server that keeps its events, with a bad network between them.

use std::time::Duration;

use bytes::BytesMut;
use holdline_sse::{
    Buffer, Config, EventBuf, EventFields, EventSource, HEARTBEAT, Item, PADDING, ReadyState,
    Request, Response, is_temporary,
};
use proptest::prelude::*;

/// What becomes of one request.
#[derive(Clone, Debug)]
enum Luck {
    Refused,
    Unavailable(Option<u32>),
    Redirected,
    /// The body is lost after so many bytes, and comes in pieces of this size. `true`: by an
    /// error rather than an end.
    Cut(usize, usize, bool),
}

fn luck() -> impl Strategy<Value = Luck> {
    prop_oneof![
        1 => Just(Luck::Refused),
        1 => prop::option::of(0..100_u32).prop_map(Luck::Unavailable),
        1 => Just(Luck::Redirected),
        6 => (0..400_usize, 1..60_usize, any::<bool>())
            .prop_map(|(len, piece, error)| Luck::Cut(len, piece, error)),
    ]
}

/// An event of the server: its type, its data and a reconnection time.
fn sent() -> impl Strategy<Value = (Option<String>, String, Option<u32>)> {
    let data = "[a-z \u{e4}:]{0,20}(\n[a-z ]{0,10}){0,2}";
    let retry = prop::option::weighted(0.2, 0..200_000_u32);
    (prop::option::of("[a-z]{1,8}"), data, retry)
}

/// The body of a response to a client that has the first `after` events.
fn body(log: &[(Option<String>, String, Option<u32>)], after: usize) -> BytesMut {
    let mut out = BytesMut::from(&PADDING[PADDING.len() - 40..]);
    for (index, (event, data, retry)) in log.iter().enumerate().skip(after) {
        let id = (index + 1).to_string();
        let fields = EventFields {
            event: event.as_deref(),
            id: Some(&id),
            data: Some(data),
            retry: retry.map(|millis| Duration::from_millis(millis.into())),
        };
        fields.encode(&mut out).expect("nothing forbidden in it");
        out.extend_from_slice(HEARTBEAT);
    }
    out
}

/// How many events the client has, as it says itself.
fn has(request: Request<'_>) -> usize {
    let id = request.headers().find(|(name, _)| *name == "Last-Event-ID");
    id.map_or(0, |(_, id)| {
        let id = str::from_utf8(id).expect("an ID of the server");
        id.parse().expect("an ID of the server")
    })
}

/// Waits for the delay to be over, and not a moment less.
fn wait(source: &mut EventSource, now: &mut Duration, most: Duration) -> Result<(), TestCaseError> {
    prop_assert_eq!(source.ready_state(), ReadyState::Connecting);
    let until = source.poll_timeout().expect("a delay");
    let delay = until - *now;
    prop_assert!(delay >= Duration::from_millis(100), "{delay:?}");
    prop_assert!(delay <= most + most / 2, "{delay:?}, {most:?}");
    source.handle_timeout(until - Duration::from_nanos(1));
    prop_assert!(source.poll_request().is_none());
    source.handle_timeout(until);
    *now = until;
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Wherever the network fails, every event arrives once and in order.
    #[test]
    fn a_bad_network_loses_nothing_and_repeats_nothing(
        log in prop::collection::vec(sent(), 0..12),
        lucks in prop::collection::vec(luck(), 0..30),
        random in any::<u32>(),
    ) {
        let mut config = Config::new("http://host/events");
        config.retry_status = is_temporary;
        config.max_redirects = 30;
        let longest = config.max_delay;
        let mut source = EventSource::new(config);
        let mut buffer = Buffer::new();
        let mut now = Duration::from_secs(1);
        let mut received = Vec::new();

        for luck in lucks.into_iter().chain([Luck::Cut(usize::MAX, 1460, false)]) {
            let after = has(source.poll_request().expect("a request is due"));
            prop_assert_eq!(after, received.len(), "it tells what it has");
            let mut most = longest;
            match luck {
                Luck::Refused => {
                    source.connection_failed(now, random);
                }
                Luck::Unavailable(seconds) => {
                    let text = seconds.map(|seconds| seconds.to_string());
                    let response = Response {
                        status: 503,
                        retry_after: text.as_deref().map(str::as_bytes),
                        ..Response::default()
                    };
                    source.receive_response(&response, now, random);
                    most = most.max(Duration::from_secs(seconds.unwrap_or(0).into()));
                }
                Luck::Redirected => {
                    let response = Response::new(307, [("Location", &b"/elsewhere"[..])]);
                    source.receive_response(&response, now, random);
                    prop_assert_eq!(source.poll_timeout(), None);
                    continue;
                }
                Luck::Cut(len, piece, error) => {
                    let headers = [("Content-Type", &b"text/event-stream"[..])];
                    let response = Response::new(200, headers);
                    let state = source.receive_response(&response, now, random);
                    prop_assert_eq!(state, ReadyState::Open);
                    let body = body(&log, after);
                    for mut input in body[..len.min(body.len())].chunks(piece) {
                        while let Some(item) = source.receive(&mut input, &mut buffer)? {
                            let Item::Event(event) = item else { continue };
                            received.push(event.to_owned());
                        }
                    }
                    if error {
                        source.connection_failed(now, random);
                    } else {
                        source.receive_eof(now, random);
                    }
                }
            }
            most = most.max(source.reconnection_time());
            wait(&mut source, &mut now, most)?;
        }

        let expected = log.iter().enumerate().map(|(index, (event, data, _))| EventBuf {
            event: event.clone().unwrap_or_else(|| "message".into()),
            data: data.clone(),
            id: (index + 1).to_string(),
        });
        prop_assert_eq!(received, expected.collect::<Vec<_>>());
    }
}
