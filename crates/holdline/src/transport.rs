//! The seven ways to receive messages.

use std::fmt;
use std::str::FromStr;

/// How a subscriber receives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Transport {
    Poll,
    LongPoll,
    Jsonp,
    XhrStream,
    Iframe,
    Sse,
    WebSocket,
}

impl Transport {
    pub(crate) const ALL: [Self; 7] = [
        Self::Poll,
        Self::LongPoll,
        Self::Jsonp,
        Self::XhrStream,
        Self::Iframe,
        Self::Sse,
        Self::WebSocket,
    ];

    /// The last segment of its path, and its name wherever it is counted.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::LongPoll => "long-poll",
            Self::Jsonp => "jsonp",
            Self::XhrStream => "xhr-stream",
            Self::Iframe => "iframe",
            Self::Sse => "sse",
            Self::WebSocket => "websocket",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Transport {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|transport| transport.name() == name)
            .ok_or(())
    }
}

/// A transport that a program can ask for: one that does not need a browser.
pub(crate) fn parse_for_programs(text: &str) -> Result<Transport, String> {
    match text.parse() {
        Ok(Transport::Jsonp | Transport::Iframe) => Err(FOR_BROWSERS.to_owned()),
        Ok(transport) => Ok(transport),
        Err(()) => Err("it is poll, long-poll, xhr-stream, sse or websocket".to_owned()),
    }
}

pub(crate) const FOR_BROWSERS: &str = "jsonp and iframe are for browsers: use poll, long-poll, xhr-stream, \
    sse or websocket";
