//! The `EventSource` state, without a network: what it asks for, and when.

mod any_network;
mod closing;
mod delays;
mod platform;
mod reconnecting;
mod redirects;
mod request;
mod response;
mod unfinished;

use std::time::Duration;

use holdline_sse::{Buffer, Config, EventSource, Item, ReadyState, Request, Response};

pub(crate) const ZERO: Duration = Duration::ZERO;

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn config() -> Config {
    Config::new("http://host/events")
}

pub(crate) fn stream() -> Response<'static> {
    Response::new(200, [("Content-Type", &b"text/event-stream"[..])])
}

pub(crate) fn status(status: u16) -> Response<'static> {
    Response::new(status, [])
}

pub(crate) fn redirect(status: u16, location: &str) -> Response<'_> {
    Response::new(status, [("location", location.as_bytes())])
}

/// A source whose first request was sent.
pub(crate) fn requested(config: Config) -> EventSource {
    let mut source = EventSource::new(config);
    assert!(source.poll_request().is_some());
    source
}

pub(crate) fn opened(config: Config) -> EventSource {
    let mut source = requested(config);
    assert_eq!(
        source.receive_response(&stream(), ZERO, 0),
        ReadyState::Open
    );
    source
}

/// Feeds `bytes` and gives the data of the events.
pub(crate) fn feed(source: &mut EventSource, bytes: &[u8]) -> Vec<String> {
    let mut buffer = Buffer::new();
    let mut input = bytes;
    let mut data = Vec::new();
    while let Ok(Some(item)) = source.receive(&mut input, &mut buffer) {
        if let Item::Event(event) = item {
            data.push(event.data.to_owned());
        }
    }
    data
}

pub(crate) fn headers(request: Request<'_>) -> Vec<(&str, String)> {
    let show = |(name, value)| (name, String::from_utf8_lossy(value).into_owned());
    request.headers().map(show).collect()
}

fn last_event_id(source: &mut EventSource) -> Option<Vec<u8>> {
    let request = source.poll_request().expect("a request");
    let mut headers = request.headers();
    let found = headers.find(|(name, _)| *name == "Last-Event-ID");
    found.map(|(_, value)| value.to_vec())
}
