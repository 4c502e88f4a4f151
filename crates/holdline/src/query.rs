//! The query of a request, and checks that nothing in it is misunderstood.

use std::borrow::Cow;
use std::time::Duration;

use holdline::event_stream::Opening;
use holdline_comet::Since;
use holdline_http1::RequestHead;

use crate::lives::parse_cursor;
use crate::meters::MeterId;
use crate::percent;
use crate::reply::Reply;

/// The query of a target, percent-decoded.
#[derive(Debug, Default)]
pub(crate) struct Query<'r> {
    pairs: Vec<(Cow<'r, str>, Cow<'r, str>)>,
    meter: Option<MeterId>,
}

impl<'r> Query<'r> {
    /// Parses the query. A misspelt parameter of this server would be ignored silently, and the client would get
    /// something other than it asked for. So it is refused, and so is a parameter that appears twice.
    pub(crate) fn parse(head: &RequestHead<'r>) -> Result<Self, Reply> {
        let query = head.query().unwrap_or_default();
        if let Err(error) = percent::decode(query) {
            return Err(Reply::error(
                400,
                "bad_query",
                &format!("the query {error}"),
            ));
        }
        let mut query = Self {
            pairs: form_urlencoded::parse(query.as_bytes()).collect(),
            meter: None,
        };
        for (at, (name, _)) in query.pairs.iter().enumerate() {
            if let Some(known) = near_miss(name) {
                let message = format!("a parameter of the query looks like `{known}`: write it so");
                return Err(Reply::error(400, "bad_parameter", &message));
            }
            let before = &query.pairs[..at];
            if ONCE.contains(&&**name) && before.iter().any(|(other, _)| other == name) {
                let message = format!("`{name}` appears more than once in the query");
                return Err(Reply::error(400, "repeated_parameter", &message));
            }
        }
        if let Some(text) = query.value("meter") {
            let message = "`meter` is 16 hexadecimal digits";
            let id = MeterId::parse(text);
            query.meter = Some(id.ok_or_else(|| Reply::error(400, "bad_meter", message))?);
        }
        Ok(query)
    }

    /// What a client gives in another form than that of a URL.
    pub(crate) fn of(pairs: Vec<(Cow<'r, str>, Cow<'r, str>)>) -> Self {
        Self { pairs, meter: None }
    }

    /// The first value of that name.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_ref())
    }

    /// Where a subscriber wants to continue. A client that reconnects sends its place as its last event ID, so that
    /// takes precedence over the `since` that its page started with.
    pub(crate) fn since(&self, head: &RequestHead<'_>) -> Result<Since, String> {
        if head.headers().get_all("last-event-id").count() > 1 {
            return Err("Last-Event-ID is repeated: a client has one place".to_owned());
        }
        let opening = Opening::of(head);
        since(opening.last_event_id().or_else(|| self.value("since")))
    }

    /// The same of a client that has no header fields.
    pub(crate) fn plain_since(&self) -> Result<Since, String> {
        since(self.value("since"))
    }

    /// Whose requests this one is counted with.
    pub(crate) fn meter(&self) -> Option<MeterId> {
        self.meter
    }

    /// `wait`: how many seconds to hold a request. It may have a fraction.
    pub(crate) fn wait(&self, default: Duration) -> Result<Duration, &'static str> {
        let Some(text) = self.value("wait") else {
            return Ok(default);
        };
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
        match text.parse::<f64>() {
            Ok(seconds) if plain => Ok(Duration::from_secs_f64(seconds.min(MAX_WAIT))),
            _ => Err("`wait` is a number of seconds, such as 25 or 0.5"),
        }
    }
}

/// Where a subscriber wants to continue.
fn since(text: Option<&str>) -> Result<Since, String> {
    match text {
        None => Ok(Since::Now),
        Some("earliest") => Ok(Since::Earliest),
        Some(text) => parse_cursor(text).map(Since::Cursor),
    }
}

/// The parameter that a name is probably meant to be: it differs only in case, hyphens and underscores.
fn near_miss(name: &str) -> Option<&'static str> {
    if ONCE.contains(&name) || OF_POLYFILLS.contains(&name) {
        return None;
    }
    let known = ONCE.iter().chain(&OF_POLYFILLS);
    known.copied().find(|known| folded(known).eq(folded(name)))
}

/// A name without hyphens and underscores, in lower case.
fn folded(name: &str) -> impl Iterator<Item = u8> {
    let letters = name.bytes().filter(|byte| !matches!(byte, b'-' | b'_'));
    letters.map(|byte| byte.to_ascii_lowercase())
}

/// This server's own parameters. Each may appear at most once in a query.
const ONCE: [&str; 16] = [
    "since",
    "last_event_id",
    "event",
    "wait",
    "callback",
    "format",
    "padding",
    "heartbeat",
    "token",
    "sub",
    "tick",
    "name",
    "presence",
    "meter",
    "cmd",
    "message",
];
/// Parameters that polyfills append to the URL of the page, which may already have them. The last one counts
/// ([`Opening`]).
const OF_POLYFILLS: [&str; 3] = ["lastEventId", "evs_last_event_id", "evs_preamble"];
/// The maximum time in seconds that a request is held, whatever it asks for: a proxy would cut it sooner.
const MAX_WAIT: f64 = 300.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_like_ours_are_named_as_ours() {
        for (name, known) in [
            ("Since", "since"),
            ("SINCE", "since"),
            ("_since", "since"),
            ("Last-Event-ID", "last_event_id"),
            ("last-event-id", "last_event_id"),
            ("lasteventid", "last_event_id"),
            ("LastEventId", "last_event_id"),
            ("last_event_ID", "last_event_id"),
            ("evs-last-event-id", "evs_last_event_id"),
            ("Callback", "callback"),
            ("Token", "token"),
            ("wAit", "wait"),
            ("Name", "name"),
            ("PRESENCE", "presence"),
        ] {
            assert_eq!(near_miss(name), Some(known), "{name}");
        }
        for name in ONCE.iter().chain(&OF_POLYFILLS) {
            assert_eq!(near_miss(name), None, "{name}");
        }
        for name in ["", "_", "r", "t", "sinces", "event_type", &"-".repeat(9000)] {
            assert_eq!(near_miss(name), None, "{name}");
        }
    }
}
