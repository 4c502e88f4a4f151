//! The seven ways to receive messages: a row and a file for each. `routes/subscribe.rs` has a row for how a request
//! is answered, and `subscribe.rs` one for how the `subscribe` command reads it. The texts below name the transports
//! that programs can use.

pub(crate) mod iframe;
pub(crate) mod jsonp;
pub(crate) mod long_poll;
mod open;
pub(crate) mod poll;
mod request;
pub(crate) mod sse;
pub(crate) mod websocket;
pub(crate) mod xhr_stream;

use std::fmt;
use std::str::FromStr;

pub(crate) use self::request::SubscribeRequest;

macro_rules! transports {
    ($($transport:ident = $name:literal,)*) => {
        /// How a subscriber receives.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(crate) enum Transport {
            $($transport,)*
        }

        impl Transport {
            pub(crate) const ALL: [Self; [$($name),*].len()] = [$(Self::$transport),*];

            /// The last segment of its path, and its name in all counters.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$transport => $name,)*
                }
            }
        }
    };
}

transports! {
    Poll = "poll",
    LongPoll = "long-poll",
    Jsonp = "jsonp",
    XhrStream = "xhr-stream",
    Iframe = "iframe",
    Sse = "sse",
    WebSocket = "websocket",
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

/// A transport that programs can use, which means one that does not need a browser.
pub(crate) fn parse_for_programs(text: &str) -> Result<Transport, String> {
    match text.parse() {
        Ok(Transport::Jsonp | Transport::Iframe) => Err(FOR_BROWSERS.to_owned()),
        Ok(transport) => Ok(transport),
        Err(()) => Err("it is poll, long-poll, xhr-stream, sse or websocket".to_owned()),
    }
}

pub(crate) const FOR_BROWSERS: &str = "jsonp and iframe are for browsers: use poll, long-poll, xhr-stream, \
    sse or websocket";
