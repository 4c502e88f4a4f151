//! The ways to receive messages: a row and a file for each (for plug-in sockets that is `plug.rs`). `routes/subscribe.rs` has a row for how a request
//! is answered, and `subscribe.rs` one for how the `subscribe` command reads it.

pub(crate) mod iframe;
mod introduction;
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

            /// The last segment of its path if it has one, and its name in all counters.
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
    Socket = "socket",
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
            .find(|transport| transport.has_path() && transport.name() == name)
            .ok_or(())
    }
}

impl Transport {
    /// Whether a request can ask for it. A plug-in socket has a port of its own.
    pub(crate) fn has_path(self) -> bool {
        self != Self::Socket
    }

    fn needs_browser(self) -> bool {
        matches!(self, Self::Jsonp | Self::Iframe)
    }

    /// Those that a program can ask for.
    pub(crate) fn for_programs() -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(|transport| transport.has_path() && !transport.needs_browser())
    }

    /// Those of them that hold a connection.
    pub(crate) fn that_hold() -> impl Iterator<Item = Self> {
        Self::for_programs().filter(|&transport| transport != Self::Poll)
    }

    /// `one, two or three`
    pub(crate) fn one_of(transports: impl Iterator<Item = Self>) -> String {
        let names: Vec<_> = transports.map(Self::name).collect();
        match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
            None => String::new(),
        }
    }
}

/// A transport that a program can ask for.
pub(crate) fn parse_for_programs(text: &str) -> Result<Transport, String> {
    match text.parse::<Transport>() {
        Ok(transport) if transport.needs_browser() => Err(for_browsers()),
        Ok(transport) => Ok(transport),
        Err(()) => Err(format!(
            "it is {}",
            Transport::one_of(Transport::for_programs())
        )),
    }
}

/// What a program is told that asks for another one.
pub(crate) fn for_browsers() -> String {
    let others = Transport::ALL
        .into_iter()
        .filter(|transport| transport.needs_browser());
    let others: Vec<_> = others.map(Transport::name).collect();
    format!(
        "{} are for browsers: use {}",
        others.join(" and "),
        Transport::one_of(Transport::for_programs())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_told_which_transports_it_can_ask_for() {
        assert_eq!(parse_for_programs("sse"), Ok(Transport::Sse));
        let known = "poll, long-poll, xhr-stream, sse or websocket";
        for other in ["flash", "socket"] {
            assert_eq!(parse_for_programs(other), Err(format!("it is {known}")));
        }
        let browsers = format!("jsonp and iframe are for browsers: use {known}");
        assert_eq!(parse_for_programs("jsonp"), Err(browsers.clone()));
        assert_eq!(parse_for_programs("iframe"), Err(browsers));
    }

    /// The page of `/stats` cannot ask for the list before it has its first numbers.
    #[test]
    fn the_page_of_the_numbers_knows_each_transport() {
        let names = Transport::ALL.map(|transport| format!("\"{transport}\""));
        let line = format!("const TRANSPORTS = [{}];\n", names.join(", "));
        assert!(include_str!("pages/stats.js").contains(&line), "{line}");
    }
}
