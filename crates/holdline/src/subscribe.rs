//! `holdline subscribe`: prints each message as a line of JSON, whatever happens to the connection.
//!
//! A transport makes one connection and reads it to its [`End`]. This file keeps the cursor, prints, and decides how
//! to continue. The cursor moves once a message was printed, so the next connection continues right after it.

mod polling;
mod sse;
mod stream;
mod websocket;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use holdline_net::blocking::{Tcp, http};
use holdline_net::entropy;
use serde::{Deserialize, Serialize};

pub(crate) use self::stream::Lines;
use crate::channel_url::ChannelUrl;
use crate::config::{SecretSource, SubscribeArguments};
use crate::names;
use crate::report::{report, server_says};
use crate::transport::{Transport, for_browsers};

/// Prints until there is a reason to stop. The exit code is 1 if the server's answer is final.
pub(crate) fn run(arguments: &SubscribeArguments) -> ExitCode {
    let mut session = Session::new(arguments, io::stdout().lock());
    loop {
        let end = match arguments.transport {
            Transport::Poll => polling::poll(&mut session, arguments.interval),
            Transport::LongPoll => polling::long_poll(&mut session),
            Transport::XhrStream => stream::read(&mut session),
            Transport::Sse => sse::read(&mut session),
            Transport::WebSocket => websocket::read(&mut session),
            Transport::Jsonp | Transport::Iframe | Transport::Socket => End::Final(for_browsers()),
        };
        match end {
            End::Done => return ExitCode::SUCCESS,
            // It may have been given another one meanwhile.
            End::Unauthorized(why) if session.has_another_token() => session.wait(&why, None),
            End::Final(why) | End::Unauthorized(why) => {
                report(format_args!("{why}"));
                return ExitCode::FAILURE;
            }
            End::Lost { why, after } => session.wait(&why, after),
        }
    }
}

/// A message object, as sent by every transport.
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
pub(crate) enum End {
    /// Everything asked for is printed, or nobody reads the output any more.
    Done,
    /// Trying again would not help.
    Final(String),
    /// Trying again would not help with the same token.
    Unauthorized(String),
    /// Another connection may work.
    Lost {
        why: String,
        /// How long the server asks to wait.
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

    /// The meaning of an unexpected HTTP answer.
    fn refused(response: &http::Response, body: &[u8]) -> Self {
        let after = retry_after(response.headers());
        Self::status(response.status(), after, body)
    }

    fn status(status: u16, after: Option<Duration>, body: &[u8]) -> Self {
        let why = server_says(status, body);
        match status {
            401 => Self::Unauthorized(why),
            _ if is_temporary(status) => Self::Lost { why, after },
            _ => Self::Final(why),
        }
    }
}

/// How long a response asks to wait, at most one hour.
fn retry_after<'h>(headers: impl Iterator<Item = (&'h str, &'h [u8])>) -> Option<Duration> {
    let mut seen = holdline_sse::Response::new(0, headers);
    // The moment from which a date is counted.
    let now = httpdate::fmt_http_date(SystemTime::now());
    seen.date = seen.date.or(Some(now.as_bytes()));
    Some(seen.retry_after()?.min(MAX_SERVER_DELAY))
}

/// Checks that a body has no content coding, because none was asked for.
fn check_coding(response: &http::Response) -> Result<(), End> {
    match holdline_sse::Response::new(response.status(), response.headers()).is_encoded() {
        true => Err(End::Final(
            "the answer is compressed or otherwise encoded, which was not asked for".to_owned(),
        )),
        false => Ok(()),
    }
}

/// Whether another attempt may succeed after this status.
fn is_temporary(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// State that outlives a connection.
#[derive(Debug)]
struct Session<W> {
    url: ChannelUrl,
    /// The cursor after the last printed message. Before the first one, what was asked for.
    cursor: Option<String>,
    name: Option<String>,
    /// What to ask for about members, if anything: `true`, or after a poll what its answer had.
    presence: Option<String>,
    token: Option<SecretSource>,
    /// The token that was shown last.
    shown: Option<String>,
    /// How many messages are still to be printed.
    left: Option<u64>,
    /// A server that sends nothing for this long is considered gone.
    timeout: Duration,
    /// Attempts since the last useful one: it brought a message, or lived longer than the delay before it.
    failures: u32,
    /// When the current stream was opened.
    opened: Option<Instant>,
    out: W,
}

impl<W: Write> Session<W> {
    fn new(arguments: &SubscribeArguments, out: W) -> Self {
        Self {
            url: arguments.url.clone(),
            cursor: arguments.since.clone(),
            name: arguments.name.clone(),
            presence: arguments.presence.then(|| "true".to_owned()),
            token: arguments.token.clone(),
            shown: None,
            left: arguments.count,
            timeout: arguments.timeout,
            failures: 0,
            opened: None,
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
        if let Some(name) = &self.name {
            query.push(("name", name));
        }
        if let Some(presence) = &self.presence {
            query.push(("presence", presence));
        }
        self.url.target(Some(transport.name()), &query)
    }

    /// Header fields of the next request. (An event source adds its own.) A token in a file is read each time: it may
    /// have been replaced before it ends.
    fn headers(&mut self) -> Result<Vec<(&'static str, String)>, End> {
        let token = self.token.as_ref().map(SecretSource::read).transpose();
        self.shown = token.map_err(End::Final)?;
        let shown = self.shown.iter();
        let shown = shown.map(|token| ("Authorization", format!("Bearer {token}")));
        let coding = ("Accept-Encoding", "identity".to_owned());
        Ok([coding].into_iter().chain(shown).collect())
    }

    /// Whether there is another token by now than the one that was shown.
    fn has_another_token(&self) -> bool {
        let token = self.token.as_ref().map(SecretSource::read);
        token.is_some_and(|token| token.is_ok() && token.ok() != self.shown)
    }

    /// The server has answered properly. That alone does not count as success: it may end the stream at once every
    /// time.
    fn connected(&mut self, transport: Transport) {
        self.opened = Some(Instant::now());
        report(format_args!("{} is open over {transport}", self.url));
    }

    /// Takes a message object and prints it, unless it only gives the cursor.
    fn receive(&mut self, json: &str) -> Result<(), End> {
        // Skipping what cannot be read would silently lose it.
        let message: Message = serde_json::from_str(json)
            .map_err(|error| End::Final(format!("the server sent no message object: {error}")))?;
        self.message(message)
    }

    fn message(&mut self, message: Message) -> Result<(), End> {
        match message.event.as_deref() {
            Some(names::OPEN) => {}
            Some(names::EXPIRED) => {
                self.cursor = Some(message.id);
                return Err(End::lost("the token has expired"));
            }
            // Not messages of the channel.
            Some(names::MEMBERS | names::JOIN | names::LEAVE) => self.print(&message)?,
            Some(names::LOST) => {
                self.failures = 0;
                self.print(&message)?;
                report(format_args!("messages before {} are lost", message.id));
            }
            _ => {
                self.failures = 0;
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

    /// Nothing arrived for too long.
    fn silent(&self) -> End {
        End::lost(silence(self.timeout))
    }

    /// The meaning of an HTTP failure.
    fn failed(&self, error: http::Error) -> End {
        match error {
            error @ http::Error::Send(_) => End::Final(error.to_string()),
            error if error.is_timeout() => self.silent(),
            error => End::lost(error),
        }
    }

    /// Waits before the next attempt: longer after each failure, and not as long as other clients.
    fn wait(&mut self, why: &str, after: Option<Duration>) {
        let delay = self.next_delay().max(after.unwrap_or_default());
        let jitter = delay.mul_f64(f64::from(entropy::u32()) / f64::from(u32::MAX) / 2.0);
        tell_lost(why, delay + jitter);
        thread::sleep(delay + jitter);
    }

    /// The minimum delay before the next attempt.
    fn next_delay(&mut self) -> Duration {
        let before = backed_off(self.failures.saturating_sub(1));
        if let Some(opened) = self.opened.take()
            && opened.elapsed() >= before
        {
            self.failures = 0;
        }
        let delay = backed_off(self.failures);
        self.failures += 1;
        delay
    }
}

/// The delay after this many failures.
fn backed_off(failures: u32) -> Duration {
    (FIRST_DELAY * (1 << failures.min(10))).min(MAX_DELAY)
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

/// The maximum size in bytes of an answer that explains an error.
const MAX_BODY: usize = 64 << 10;
const FIRST_DELAY: Duration = Duration::from_millis(250);
const MAX_DELAY: Duration = Duration::from_secs(30);
/// The longest delay that a server may ask for.
const MAX_SERVER_DELAY: Duration = Duration::from_secs(60 * 60);

#[cfg(test)]
mod tests;
