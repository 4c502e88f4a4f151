//! `holdline subscribe`: prints each message as a line of JSON, whatever happens to the connection.
//!
//! A transport makes one connection and reads it to its [`End`]; this file keeps the cursor, prints,
//! and decides how to go on. The cursor moves when a message was printed, so that the next
//! connection goes on right after it.

mod polling;
mod sse;
mod stream;
mod websocket;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use holdline_net::blocking::{Tcp, http};
use holdline_net::entropy;
use serde::{Deserialize, Serialize};

use crate::channel_url::ChannelUrl;
use crate::config::SubscribeArguments;
use crate::names;
use crate::publish::{report, server_says};
use crate::transport::Transport;

/// Prints until there is a reason to stop. The exit code is 1 when the server's answer is final.
pub(crate) fn run(arguments: &SubscribeArguments) -> ExitCode {
    let mut session = Session::new(arguments, io::stdout().lock());
    loop {
        let end = match arguments.transport {
            Transport::Poll => polling::poll(&mut session, arguments.interval),
            Transport::LongPoll => polling::long_poll(&mut session),
            Transport::XhrStream => stream::read(&mut session),
            Transport::Sse => sse::read(&mut session),
            Transport::WebSocket => websocket::read(&mut session),
            Transport::Jsonp | Transport::Iframe => End::Final(FOR_BROWSERS.to_owned()),
        };
        match end {
            End::Done => return ExitCode::SUCCESS,
            End::Final(why) => {
                report(format_args!("{why}"));
                return ExitCode::FAILURE;
            }
            End::Lost { why, after } => session.wait(&why, after),
        }
    }
}

/// A transport that can be asked for: one that does not need a browser.
pub(crate) fn parse_transport(text: &str) -> Result<Transport, String> {
    match text.parse() {
        Ok(Transport::Jsonp | Transport::Iframe) => Err(FOR_BROWSERS.to_owned()),
        Ok(transport) => Ok(transport),
        Err(()) => Err("it is poll, long-poll, xhr-stream, sse or websocket".to_owned()),
    }
}

/// A message object, as every transport carries it.
#[derive(Debug, Deserialize, Serialize)]
struct Message {
    id: String,
    channel: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    data: String,
}

/// How a connection ended.
#[derive(Debug, PartialEq)]
enum End {
    /// All that was asked for is printed, or nobody reads any more.
    Done,
    /// Trying again would not help.
    Final(String),
    /// There may be another one.
    Lost {
        why: String,
        /// The server asks to wait this long.
        after: Option<Duration>,
    },
}

impl End {
    fn lost(why: impl ToString) -> Self {
        Self::Lost {
            why: why.to_string(),
            after: None,
        }
    }

    /// What an HTTP answer that is not the one hoped for means.
    fn refused(status: u16, retry_after: Option<&str>, body: &[u8]) -> Self {
        let why = server_says(status, body);
        match is_temporary(status) {
            true => Self::Lost {
                why,
                after: retry_after
                    .and_then(|seconds| seconds.trim().parse().ok())
                    .map(Duration::from_secs),
            },
            false => Self::Final(why),
        }
    }
}

/// Statuses after which another attempt may succeed.
fn is_temporary(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// What outlives a connection.
#[derive(Debug)]
struct Session<W> {
    url: ChannelUrl,
    /// After the last message that was printed; before the first, what was asked for.
    cursor: Option<String>,
    /// How many messages are to be printed yet.
    left: Option<u64>,
    /// A server that sends nothing for so long is gone.
    timeout: Duration,
    /// Attempts since something came.
    failures: u32,
    out: W,
}

impl<W: Write> Session<W> {
    fn new(arguments: &SubscribeArguments, out: W) -> Self {
        Self {
            url: arguments.url.clone(),
            cursor: arguments.since.clone(),
            left: arguments.count,
            timeout: arguments.timeout,
            failures: 0,
            out,
        }
    }

    fn tcp(&self) -> Tcp {
        Tcp {
            read_timeout: Some(self.timeout),
            ..Tcp::default()
        }
    }

    /// The target of the next request.
    fn target(&self, transport: Transport, query: &[(&str, &str)]) -> String {
        let mut query = query.to_vec();
        if let Some(cursor) = &self.cursor {
            query.push(("since", cursor));
        }
        self.url.target(Some(transport.name()), &query)
    }

    /// The server has answered as it should.
    fn connected(&mut self, transport: Transport) {
        self.failures = 0;
        report(format_args!("{} is open over {transport}", self.url));
    }

    /// Takes a message object: prints it, unless it only tells the place.
    fn receive(&mut self, json: &str) -> Result<(), End> {
        // Skipping what cannot be read would lose it in silence.
        let message: Message = serde_json::from_str(json)
            .map_err(|error| End::Final(format!("the server sent no message object: {error}")))?;
        self.message(message)
    }

    fn message(&mut self, message: Message) -> Result<(), End> {
        self.failures = 0;
        match message.event.as_deref() {
            Some(names::OPEN) => {}
            Some(names::LOST) => {
                self.print(&message)?;
                report(format_args!("messages before {} are lost", message.id));
            }
            _ => {
                self.print(&message)?;
                if let Some(left) = &mut self.left {
                    *left = left.saturating_sub(1);
                }
            }
        }
        self.cursor = Some(message.id);
        match self.left {
            Some(0) => Err(End::Done),
            _ => Ok(()),
        }
    }

    fn print(&mut self, message: &Message) -> Result<(), End> {
        let line = serde_json::to_string(message).map_err(|error| End::Final(error.to_string()))?;
        let written = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
        written.map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => End::Done,
            _ => End::Final(format!("cannot write: {error}")),
        })
    }

    /// Nothing came for too long.
    fn silent(&self) -> End {
        End::lost(silence(self.timeout))
    }

    /// What a failure of HTTP means.
    fn failed(&self, error: http::Error) -> End {
        match error {
            error @ http::Error::Send(_) => End::Final(error.to_string()),
            error if error.is_timeout() => self.silent(),
            error => End::lost(error),
        }
    }

    /// Waits before the next attempt: longer after each that failed, and not as long as others do.
    fn wait(&mut self, why: &str, after: Option<Duration>) {
        let exponent = self.failures.min(10);
        self.failures += 1;
        let delay = (FIRST_DELAY * (1 << exponent))
            .min(MAX_DELAY)
            .max(after.unwrap_or_default());
        let jitter = delay.mul_f64(f64::from(entropy::u32()) / f64::from(u32::MAX) / 2.0);
        tell_lost(why, delay + jitter);
        thread::sleep(delay + jitter);
    }
}

fn silence(timeout: Duration) -> String {
    format!("the server was silent for {} s", timeout.as_secs_f64())
}

fn tell_lost(why: &str, delay: Duration) {
    report(format_args!(
        "{why}; trying again in {:.1} s",
        delay.as_secs_f64()
    ));
}

/// Bytes of an answer that tells what is wrong.
const MAX_BODY: usize = 64 << 10;
const FIRST_DELAY: Duration = Duration::from_millis(250);
const MAX_DELAY: Duration = Duration::from_secs(30);
const FOR_BROWSERS: &str = "jsonp and iframe are for browsers: use poll, long-poll, xhr-stream, \
    sse or websocket";

#[cfg(test)]
mod tests;
