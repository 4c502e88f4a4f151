//! Whatever a network does.

use std::time::Duration;

use holdline_sse::{Buffer, EventSource, ReadyState, Response, is_temporary};
use proptest::prelude::*;

use super::{ZERO, config};

/// What a network may do, in any order.
#[derive(Clone, Debug)]
enum Act {
    Request,
    Response(u16, bool, Option<&'static str>),
    Bytes(&'static [u8]),
    Eof,
    Failed,
    Time(u64),
    Close,
}

fn act() -> impl Strategy<Value = Act> {
    let code = prop_oneof![
        Just(200),
        Just(204),
        Just(302),
        Just(307),
        Just(503),
        any::<u16>()
    ];
    let location = prop::option::of(prop_oneof![Just("/x"), Just("http://other/"), Just("ftp:")]);
    let bytes = prop_oneof![
        Just(&b"data: a\n\n"[..]),
        Just(&b"id: 5\n"[..]),
        Just(&b"\n\r"[..]),
        Just(&b"retry: 1\n"[..]),
        Just(&b"data: 0123456789"[..]),
    ];
    prop_oneof![
        6 => Just(Act::Request),
        6 => (code, any::<bool>(), location).prop_map(|(code, is, to)| Act::Response(code, is, to)),
        6 => bytes.prop_map(Act::Bytes),
        3 => Just(Act::Eof),
        3 => Just(Act::Failed),
        6 => (0..100_000_u64).prop_map(Act::Time),
        1 => Just(Act::Close),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Whatever happens in whatever order, the source is never stuck: when it is connecting it
    /// wants to send a request, waits for a response, or waits for a time. Closed is closed.
    #[test]
    fn any_network_leaves_the_source_in_a_sound_state(
        acts in prop::collection::vec(act(), 0..60), random in any::<u32>(),
    ) {
        let mut config = config();
        config.limits.max_line = 8;
        config.retry_status = is_temporary;
        let mut source = EventSource::new(config);
        let mut buffer = Buffer::new();
        let mut now = ZERO;
        let mut sent = false;
        for act in acts {
            let before = source.ready_state();
            match act {
                Act::Request => sent |= source.poll_request().is_some(),
                Act::Response(code, is_stream, location) => {
                    let response = Response {
                        status: code,
                        content_type: is_stream.then_some(b"text/event-stream"),
                        location: location.map(str::as_bytes),
                        ..Response::default()
                    };
                    source.receive_response(&response, now, random);
                    sent = false;
                }
                Act::Bytes(bytes) => {
                    let mut input = bytes;
                    while let Ok(Some(_)) = source.receive(&mut input, &mut buffer) {}
                }
                Act::Eof => {
                    source.receive_eof(now, random);
                    sent = false;
                }
                Act::Failed => {
                    source.connection_failed(now, random);
                    sent = false;
                }
                Act::Time(millis) => {
                    now += Duration::from_millis(millis);
                    source.handle_timeout(now);
                }
                Act::Close => source.close(),
            }
            let state = source.ready_state();
            prop_assert!(before != ReadyState::Closed || state == ReadyState::Closed);
            let wants = source.clone().poll_request().is_some();
            let waits = source.poll_timeout().is_some();
            let connecting = state == ReadyState::Connecting;
            prop_assert_eq!(u8::from(wants) + u8::from(waits) + u8::from(sent && connecting),
                u8::from(connecting));
            prop_assert_eq!(source.reason().is_some() || connecting, state != ReadyState::Open);
        }
    }
}
