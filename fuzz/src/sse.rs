//! Event streams.

mod client;
mod naive;
mod session;

use bytes::BytesMut;
use holdline_sse::{
    Buffer, DecodeErrorKind, Decoder, EventBuf, EventFields, Item, ItemBuf, Limits,
};

pub use self::client::client;
pub use self::session::session;

use crate::cuts::{Cuts, seed};

type Outcome = (
    Vec<ItemBuf>,
    Option<(DecodeErrorKind, u64)>,
    String,
    Option<EventBuf>,
);

/// However a stream is cut, the items, the error, the last event ID and the event that is cut by
/// the end are the same; and they are what a naive decoder finds, as far as the limits let us go.
pub fn decoder(data: &[u8]) {
    let (seed, stream) = seed(data);
    let mut limits = Limits::default();
    if seed % 2 == 1 {
        limits.max_line = 40;
        limits.max_event = 100;
    }
    if seed % 4 == 2 {
        // So small that every line meets one.
        limits.max_line = usize::from(seed >> 2) % 4;
        limits.max_event = usize::from(seed >> 4) % 4;
    }
    let whole = decode(limits, std::iter::once(stream));
    assert_eq!(whole, decode(limits, Cuts::new(stream, seed)));
    if stream.len() <= MOST_FOR_ALL_CUTS {
        for at in 0..stream.len() {
            let (first, second) = stream.split_at(at);
            assert_eq!(
                whole,
                decode(limits, [first, second].into_iter()),
                "cut at {at}"
            );
        }
    }

    let (items, error, last_event_id, _) = whole;
    let naive = naive::decode(stream);
    if error.is_some() {
        // A comment or a time of many digits that is longer than a line may be is skipped.
        let mut all = naive.items.iter();
        assert!(
            items.iter().all(|item| all.any(|naive| naive == item)),
            "{items:?}"
        );
        return;
    }
    let is_within = |item: &ItemBuf| match item {
        ItemBuf::Comment(_) | ItemBuf::Retry(_) => limits == Limits::default(),
        _ => true,
    };
    let within = |items: Vec<ItemBuf>| items.into_iter().filter(is_within).collect::<Vec<_>>();
    assert_eq!(within(items), within(naive.items));
    assert_eq!(last_event_id, naive.last_event_id.unwrap_or_default());
}

/// A stream of at most so many bytes is cut in two at each place.
const MOST_FOR_ALL_CUTS: usize = 64;

/// Whatever stands in the fields of an event, it comes out as one event with the same content,
/// line ends normalised.
pub fn round_trip(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.split('|');
    let (event, id, data) = (parts.next(), parts.next(), parts.next());
    let fields = EventFields {
        event,
        id,
        data,
        retry: None,
    };
    let mut out = BytesMut::from(&b"data: before\n\n"[..]);
    let before = out.len();
    let Err(_) = fields.encode(&mut out) else {
        let items = decode(Limits::default(), std::iter::once(&out[..])).0;
        let Some(data) = data else {
            let told = matches!(items.get(1), None | Some(ItemBuf::Id(_)));
            assert!(told && items.len() <= 2, "{items:?}");
            return;
        };
        let [_, ItemBuf::Event(got)] = &items[..] else {
            panic!("{items:?}")
        };
        let normal = data.replace("\r\n", "\n").replace('\r', "\n");
        assert_eq!(got.data, normal);
        assert_eq!(got.id, id.unwrap_or_default());
        let kind = event.filter(|event| !event.is_empty()).unwrap_or("message");
        assert_eq!(got.event, kind);
        return;
    };
    assert_eq!(out.len(), before, "nothing is written on an error");
    let bad = |text: Option<&str>| text.is_some_and(|text| text.contains(['\r', '\n', '\0']));
    assert!(bad(event) || bad(id));
}

fn decode<'a>(limits: Limits, pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = Decoder::new(limits).with_comments().with_retry().with_ids();
    let mut buffer = Buffer::new();
    let mut items = Vec::new();
    let mut error = None;
    'stream: for piece in pieces {
        let mut input = piece;
        loop {
            match decoder.decode(&mut input, &mut buffer) {
                Ok(Some(item)) => items.push(Item::to_owned(&item)),
                Ok(None) => break,
                Err(stop) => {
                    error = Some((stop.kind(), stop.at()));
                    assert!(input.is_empty(), "an error takes the whole input");
                    assert!(stop.at() <= decoder.position());
                    let mut more = &b"data: x\n\n"[..];
                    assert_eq!(decoder.decode(&mut more, &mut buffer), Err(stop));
                    assert!(more.is_empty(), "and every input after it");
                    break 'stream;
                }
            }
        }
        assert!(input.is_empty(), "None means that all was taken");
    }
    let cut = decoder.cut_event(&mut buffer).map(|event| event.to_owned());
    (items, error, decoder.last_event_id().to_owned(), cut)
}
