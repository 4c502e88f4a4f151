//! Server-sent events. The event source reconnects by itself.

use std::io::Write;
use std::time::Duration;

use holdline_net::blocking::event_source::{Error, EventSource, Lost, Update};
use holdline_sse::{Config, Reason};

use super::{End, FIRST_DELAY, MAX_DELAY, Session, is_temporary, tell_lost};
use crate::transport::Transport;

/// Reads one event stream after another.
pub(super) fn read(session: &mut Session<impl Write>) -> End {
    match read_events(session) {
        Ok(()) => End::Final("the server wants no more connections".to_owned()),
        Err(end) => end,
    }
}

fn read_events(session: &mut Session<impl Write>) -> Result<(), End> {
    let headers = session.headers()?;
    let authority = session.url.url().authority();
    // `since` counts until there is a last event ID, which takes precedence.
    let target = session.target(Transport::Sse, &[("format", "json")]);
    let mut config = Config::new(format!("http://{authority}{target}"));
    config.reconnection_time = FIRST_DELAY;
    config.max_delay = MAX_DELAY;
    config.retry_status = is_temporary;
    config.limits.max_line = MAX_EVENT;
    config.limits.max_event = MAX_EVENT;
    config.ids = true;
    let headers = headers.into_iter();
    config.headers = headers
        .map(|(name, value)| (name.to_owned(), value.into_bytes()))
        .collect();
    let mut source =
        EventSource::tcp(config, session.tcp()).map_err(|error| End::Final(error.to_string()))?;
    loop {
        match source.read() {
            Ok(Some(Update::Open)) => session.connected(Transport::Sse),
            Ok(Some(Update::Event(event))) => session.receive(event.data)?,
            // `holdline.open`: a block that only gives the cursor.
            Ok(Some(Update::Id(id))) => session.cursor = Some(id.to_owned()),
            Ok(Some(Update::Lost(lost))) => tell_lost(&why(&lost, session.timeout), lost.retry_in),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(()),
            Err(Error::Failed {
                reason: Reason::Status(status),
                body,
                ..
            }) => return Err(End::status(status, None, &body)),
            Err(error) => return Err(End::Final(error.to_string())),
        }
    }
}

fn why(lost: &Lost, timeout: Duration) -> String {
    match &lost.error {
        Some(error) if error.is_timeout() => super::silence(timeout),
        Some(error) => error.to_string(),
        None => lost.reason.to_string(),
    }
}

/// The maximum size of an event in bytes: JSON may be six times as long as the text in it.
const MAX_EVENT: usize = 256 << 20;
