//! Wherever a request is taken, hyper's server takes it too and frames it in the same way: the
//! same requests, bodies and trailers, and the same bytes left. Where it does not, a named reason
//! says why we are right. The fuzz crate compiles this file, too.

use bytes::BytesMut;
use holdline_http1::{
    Buffer, ClientConfig, ClientConnection, Event, Headers, Limits, RequestBody, RequestDecoder,
};
use hyper::Uri;

use super::hyper::{Message, Reason, lists, own, requests};

/// Why a request that we take is not the same there.
pub(crate) const REASONS: &[Reason] = &[
    (
        "target",
        "RFC 9112 §3.2: the target ends at the first space, so its end is not in doubt. Browsers send \
         bytes that the type Uri does not hold; here the target is given as it came",
        |ours, theirs| theirs.is_none() && ours.target.parse::<Uri>().is_err(),
    ),
    (
        "minor version",
        "RFC 9110 §2.5: a minor version above one's own is processed as the highest that one knows. \
         hyper refuses it",
        |ours, theirs| theirs.is_none() && ours.minor > 1,
    ),
    TRAILERS,
];

/// Why a message of either kind that we take has fewer trailers here.
pub(crate) const TRAILERS: Reason = (
    "trailers",
    "RFC 9110 §6.5.1: \"many fields cannot be processed outside the header section\". Such a field is left out here, \
     as our own sender is refused it; hyper hands it on",
    |ours, theirs| {
        theirs.is_some_and(|theirs| {
            let mut trailers = theirs.trailers.clone();
            trailers.retain(|(name, _)| may_be_trailer(name));
            (&ours.fields, &ours.body) == (&theirs.fields, &theirs.body)
                && ours.trailers == trailers
        })
    },
);

/// Whether we would send a field in a trailer section.
fn may_be_trailer(name: &str) -> bool {
    let mut http = ClientConnection::new(ClientConfig::default());
    let mut out = BytesMut::new();
    let sent = http.send_request(
        "POST",
        "/",
        [("Host", "a")],
        RequestBody::Streamed,
        &mut out,
    );
    sent.and_then(|()| http.send_end_with_trailers([(name, "x")], &mut out))
        .is_ok()
}

/// Why they see a request behind our last one.
pub(crate) const END_REASONS: &[Reason] = &[(
    "close beside obs-text",
    "RFC 9112 §9.3: \"If the close connection option is present, the connection will not persist\". \
     hyper passes over a Connection line that has a byte from 0x80, and `close` with it",
    |last, next| {
        let obs_text = |(name, value): &(String, Vec<u8>)| {
            name == "connection" && !value.is_ascii() && lists(value, "close")
        };
        next.is_some() && last.fields.iter().any(obs_text)
    },
)];

fn ours(headers: Headers<'_>) -> Vec<(String, Vec<u8>)> {
    own(headers.iter())
}

/// The complete requests that we take, and whether the stream broke a rule or was cut short.
pub(crate) fn take(bytes: &[u8]) -> (Vec<Message>, bool) {
    let mut decoder = RequestDecoder::new(Limits::default());
    let (mut buffer, mut input) = (Buffer::new(), bytes);
    let (mut taken, mut message) = (Vec::new(), Message::default());
    loop {
        match decoder.decode(&mut input, &mut buffer) {
            Ok(Some(Event::Request { head, .. })) => {
                message = Message {
                    method: head.method().into(),
                    target: head.target().into(),
                    minor: head.version().minor(),
                    fields: ours(head.headers()),
                    ..Message::default()
                };
            }
            Ok(Some(Event::Data(data))) => message.body.extend_from_slice(data),
            Ok(Some(Event::End { trailers })) => {
                message.trailers = ours(trailers);
                taken.push(std::mem::take(&mut message));
            }
            Ok(Some(_)) => return (taken, false),
            Ok(None) => return (taken, decoder.decode_eof().is_err()),
            Err(_) => return (taken, true),
        }
    }
}

/// What does not agree, and is not explained.
pub(crate) fn unexplained(bytes: &[u8]) -> Result<(), String> {
    let (ours, broken) = take(bytes);
    let theirs = requests(bytes, &[]);
    for (index, ours) in ours.iter().enumerate() {
        let other = theirs.get(index);
        // `Uri` writes the path that absolute-form may leave out.
        let mut same = ours.clone();
        if let Ok(uri) = ours.target.parse::<Uri>() {
            same.target = uri.to_string();
        }
        if other == Some(&same) {
            continue;
        }
        return match REASONS.iter().any(|(_, _, holds)| holds(ours, other)) {
            true => Ok(()),
            false => Err(format!("{ours:?}\nhyper: {other:?}")),
        };
    }
    // When we broke off, what they make of the rest is theirs. Else nobody may see more in it.
    let next = theirs.get(ours.len());
    let explained = |last| END_REASONS.iter().any(|(_, _, holds)| holds(last, next));
    if broken || next.is_none() || ours.last().is_some_and(explained) {
        return Ok(());
    }
    Err(format!("hyper goes on with {next:?}"))
}
