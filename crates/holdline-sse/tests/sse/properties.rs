//! What holds for every string.

use std::time::Duration;

use bytes::BytesMut;
use holdline_sse::{Decoder, EventFields, ItemBuf, Limits, encode_comment};
use proptest::prelude::*;

use crate::harness::{decoder, run};

/// Strings of the characters that mean something, mixed with any others.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-z]{1,4}",
        3 => prop_oneof![Just("\n"), Just("\r"), Just("\r\n")].prop_map(String::from),
        2 => prop_oneof![Just(":"), Just(" "), Just("\0"), Just("\u{feff}"), Just("data: x"),
                         Just("id: 9"), Just("retry: 1"), Just("event: y")].prop_map(String::from),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

fn fields() -> impl Strategy<Value = (Option<String>, Option<String>, Option<String>, Option<u64>)>
{
    (
        prop::option::of(text()),
        prop::option::of(text()),
        prop::option::of(text()),
        prop::option::of(any::<u64>()),
    )
}

/// The one thing that sending changes.
fn normalised(data: &str) -> String {
    data.replace("\r\n", "\n").replace('\r', "\n")
}

fn refused(text: &Option<String>) -> bool {
    text.as_ref()
        .is_some_and(|text| text.contains(['\r', '\n', '\0']))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Encode, then decode: newline normalisation and nothing else. In particular, no string in
    /// any field begins another field or another event: the items are exactly these.
    #[test]
    fn sending_is_newline_normalisation(
        blocks in prop::collection::vec(fields(), 1..4), cut in 1_usize..9,
    ) {
        let mut out = BytesMut::new();
        let mut expected = Vec::new();
        let mut last_id = String::new();
        for (event, id, data, retry) in &blocks {
            let fields = EventFields {
                event: event.as_deref(),
                id: id.as_deref(),
                data: data.as_deref(),
                retry: retry.map(Duration::from_millis),
            };
            let before = out.clone();
            if fields.encode(&mut out).is_err() {
                prop_assert!(refused(event) || refused(id));
                prop_assert_eq!(&before, &out);
                continue;
            }
            prop_assert!(!refused(event) && !refused(id));
            if let Some(retry) = retry {
                expected.push(ItemBuf::Retry(Duration::from_millis(*retry)));
            }
            if let Some(id) = id {
                last_id.clone_from(id);
            }
            if let Some(data) = data {
                let event = event.as_deref().filter(|event| !event.is_empty());
                expected.push(crate::harness::event(
                    event.unwrap_or("message"),
                    &normalised(data),
                    &last_id,
                ));
            } else if id.is_some() {
                expected.push(ItemBuf::Id(last_id.clone()));
            }
        }
        let whole = run(decoder(Limits::default()), [&out[..]]);
        prop_assert_eq!(whole.items(), expected);
        prop_assert!(whole.is_between_events);
        prop_assert_eq!(whole, run(decoder(Limits::default()), out.chunks(cut)));
    }

    /// A comment is never seen by a receiver that did not ask for it.
    #[test]
    fn a_comment_is_only_a_comment(text in text()) {
        let mut out = BytesMut::from("data: a\n\n");
        encode_comment(&text, &mut out);
        let trace = run(Decoder::default(), [&out[..]]);
        prop_assert_eq!(trace.events().len(), 1);
        prop_assert_eq!(trace.last_event_id, "");
        let all = run(decoder(Limits::default()), [&out[..]]).items();
        let joined = all.into_iter().skip(1).map(|item| match item {
            ItemBuf::Comment(text) => text,
            other => panic!("{other:?}"),
        });
        prop_assert_eq!(joined.collect::<Vec<_>>().join("\n"), normalised(&text));
    }

    /// Long lines, cut into pieces short and long, with a limit before or after their end.
    #[test]
    fn a_long_line_is_the_same_in_pieces(
        start in prop_oneof![Just("data:"), Just("data: x\ndata: "), Just("event: "), Just("id: "),
                             Just(": "), Just("other: ")],
        value in prop::collection::vec(prop_oneof![200 => 32..127_u8, 1 => any::<u8>()], 0..900),
        end in prop_oneof![Just("\n"), Just("\r"), Just("\r\n"), Just("")],
        max_line in 400..1000_usize, max_event in 400..1000_usize, cut in 1..300_usize,
    ) {
        let stream = [start.as_bytes(), &value, end.as_bytes(), b"data: y\n\n"].concat();
        let mut limits = Limits::default();
        limits.max_line = max_line;
        limits.max_event = max_event;
        let whole = run(decoder(limits), [&stream[..]]);
        prop_assert_eq!(&whole, &run(decoder(limits), stream.chunks(cut)));
        let (first, rest) = stream.split_at(cut.min(stream.len()));
        prop_assert_eq!(&whole, &run(decoder(limits), [first, rest]));
    }

    /// Any bytes, cut anywhere.
    #[test]
    fn splits_change_nothing(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 1_usize..40) {
        let whole = run(decoder(Limits::default()), [&bytes[..]]);
        prop_assert_eq!(&whole, &run(decoder(Limits::default()), bytes.chunks(cut)));
        prop_assert_eq!(&whole, &run(decoder(Limits::default()), bytes.chunks(1)));
    }
}
