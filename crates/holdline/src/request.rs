//! What a request asks for, read from its target and header fields.

use std::borrow::Cow;
use std::time::Duration;

use holdline::event_stream::Opening;
use holdline_comet::{Cursor, Since};
use holdline_http1::RequestHead;

use crate::pages::{self, Asset};
use crate::transport::Transport;

/// What a path names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Resource<'r> {
    /// `*`, which only OPTIONS may name.
    Server,
    File(&'static Asset),
    Health,
    Stats,
    StatsStream,
    Metrics,
    Echo,
    Box,
    /// A channel name, still percent-encoded.
    Channel(&'r str),
    Presence(&'r str),
    /// One channel name or several, still percent-encoded.
    Subscribe(&'r str, Transport),
}

impl<'r> Resource<'r> {
    pub(crate) fn parse(head: &RequestHead<'r>) -> Option<Self> {
        let path = head.path();
        if head.target() == "*" {
            return Some(Self::Server);
        }
        if let Some(asset) = pages::find(path) {
            return Some(Self::File(asset));
        }
        Some(match path {
            "/health" => Self::Health,
            "/stats" => Self::Stats,
            "/stats/sse" => Self::StatsStream,
            "/metrics" => Self::Metrics,
            "/echo" => Self::Echo,
            "/demo/box" => Self::Box,
            _ => {
                let mut segments = path.strip_prefix("/channels/")?.split('/');
                let names = segments.next()?;
                let resource = match segments.next() {
                    None => Self::Channel(names),
                    Some("presence") => Self::Presence(names),
                    Some(transport) => Self::Subscribe(names, transport.parse().ok()?),
                };
                if segments.next().is_some() {
                    return None;
                }
                resource
            }
        })
    }

    /// The methods it answers, as `Allow` lists them.
    pub(crate) fn allow(&self) -> &'static str {
        match self {
            Self::Server => "GET, HEAD, POST, OPTIONS",
            Self::Channel(_) => "POST, OPTIONS",
            Self::Box => "GET, HEAD, POST, OPTIONS",
            // A handshake is a GET, and a HEAD of it would say nothing.
            Self::Echo => "GET, POST, OPTIONS",
            Self::Subscribe(_, Transport::WebSocket) => "GET, OPTIONS",
            _ => "GET, HEAD, OPTIONS",
        }
    }

    pub(crate) fn allows(&self, method: &str) -> bool {
        let allowed = match self {
            Self::Server => "OPTIONS",
            _ => self.allow(),
        };
        allowed.split(", ").any(|allowed| allowed == method)
    }
}

/// The methods of RFC 9110 §9.3 and RFC 5789, without CONNECT: this is no proxy. Any other is not
/// implemented anywhere here, which is another answer (501) than not being allowed for a resource (405).
pub(crate) const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH",
];

/// The query of a target, percent-decoded.
#[derive(Debug)]
pub(crate) struct Query<'r> {
    pairs: Vec<(Cow<'r, str>, Cow<'r, str>)>,
}

impl<'r> Query<'r> {
    pub(crate) fn parse(head: &RequestHead<'r>) -> Self {
        let query = head.query().unwrap_or_default();
        Self {
            pairs: form_urlencoded::parse(query.as_bytes()).collect(),
        }
    }

    /// The first value of that name.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_ref())
    }

    /// Where a subscriber wants to go on. A client that reconnects shows its place as a last event
    /// ID, which therefore goes before the `since` that its page began with.
    pub(crate) fn since(&self, head: &RequestHead<'_>) -> Result<Since, String> {
        let opening = Opening::of(head);
        let Some(text) = opening.last_event_id().or_else(|| self.value("since")) else {
            return Ok(Since::Now);
        };
        match text {
            "earliest" => Ok(Since::Earliest),
            text => match text.parse::<Cursor>() {
                Ok(cursor) => Ok(Since::Cursor(cursor)),
                Err(error) => Err(format!("this is no cursor: {error}")),
            },
        }
    }

    /// `wait`: how many seconds to hold a request, with a fraction if need be.
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

/// Seconds that a request is held at most, whatever it asks for: a proxy would cut it sooner.
const MAX_WAIT: f64 = 300.0;
