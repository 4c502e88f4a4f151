//! Posts messages over one connection, and over another when that one is closed.
//!
//! Each message has an idempotency key. So when a connection breaks, the message is sent again, and the
//! server publishes it once. A server remembers keys for two minutes, so it is not sent again later
//! than 90 s after it was sent for the first time: then nobody knows whether it was published.

use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use holdline_net::blocking::Tcp;
use holdline_net::blocking::http::{Client, Error, Response};
use holdline_net::entropy;

use super::failure::{Failure, Refused};
use crate::channel_url::ChannelUrl;
use crate::config::PublishArguments;
use crate::report::{report, server_says};

pub(super) struct Publisher {
    url: ChannelUrl,
    target: String,
    headers: Vec<(&'static str, String)>,
    /// For how long a message is sent again after it was sent for the first time.
    retry: Duration,
    tcp: Tcp,
    http: Option<Client<TcpStream>>,
    /// There was a connection at some time.
    connected: bool,
}

/// What was tried for one message.
struct Attempts {
    key: String,
    /// It was sent whole, and no answer came.
    unknown: bool,
    retry: Duration,
    /// When it was sent for the first time, or could not be. While a machine sleeps, one of its clocks may stand still.
    begun: Option<(Instant, SystemTime)>,
    next_delay: Duration,
}

impl Publisher {
    pub(super) fn new(arguments: &PublishArguments) -> Result<Self, String> {
        let event = arguments.event.as_deref().map(|event| ("event", event));
        let mut headers = vec![("Content-Type", "text/plain; charset=utf-8".to_owned())];
        if let Some(token) = &arguments.token {
            headers.push(("Authorization", format!("Bearer {}", token.read()?)));
        }
        Ok(Self {
            target: arguments.url.target(None, event.as_slice()),
            url: arguments.url.clone(),
            headers,
            retry: arguments.retry,
            tcp: Tcp::default(),
            http: None,
            connected: false,
        })
    }

    pub(super) fn has_connected(&self) -> bool {
        self.connected
    }

    /// Publishes one message: once, however often it must be sent.
    pub(super) fn publish(&mut self, text: &[u8]) -> Result<(), Failure> {
        let mut attempts = Attempts::new(self.retry);
        while let Err(failure) = self.attempt(text, &mut attempts) {
            attempts.unknown |= failure.is_unknown();
            let delay = attempts.next_delay().max(failure.after());
            // A server that was never there is a wrong URL.
            let may_pass = self.connected && failure.may_pass(attempts.unknown);
            let again = may_pass && delay < attempts.left_from_now();
            if again {
                report(format_args!("{failure}; sending it again"));
                thread::sleep(delay);
            }
            // It may have been stopped for longer, and the server have forgotten the key.
            if !again || attempts.left_from_now().is_zero() {
                return Err(match attempts.unknown && !failure.is_unknown() {
                    true => Failure::After(Box::new(failure)),
                    false => failure,
                });
            }
        }
        Ok(())
    }

    fn attempt(&mut self, text: &[u8], attempts: &mut Attempts) -> Result<(), Failure> {
        if let Some(http) = self.http.take() {
            match self.post(http, text, attempts) {
                // It was closed while it was idle. The server does not have the whole message.
                Err(Failure::NotSent(error)) if error.is_stale() => {}
                other => return other,
            }
        }
        let http = self.connect()?;
        self.post(http, text, attempts)
    }

    fn post(
        &mut self,
        mut http: Client<TcpStream>,
        text: &[u8],
        attempts: &mut Attempts,
    ) -> Result<(), Failure> {
        let left = attempts.left();
        http.set_timeout(left);
        let key = ("Idempotency-Key", attempts.key.as_str());
        let sent = http.request("POST", &self.target, (&self.headers, [key]), text);
        sent.map_err(|error| match error {
            Error::Send(_) => Failure::Request(error),
            error => Failure::NotSent(error),
        })?;
        // From now on it may be published, and its key be there.
        let now_left = attempts.left_from_now();
        http.set_timeout(Some(
            left.map_or(ANSWER_TIME, |_| now_left.min(ANSWER_TIME)),
        ));
        let response = http.read_response().map_err(Failure::Unknown)?;
        // The status counts; the body only explains it.
        let body = http.read_body(MAX_ANSWER).unwrap_or_default();
        http.set_timeout(None);
        if http.is_reusable() {
            self.http = Some(http);
        }
        match response.status() {
            200..=299 => Ok(()),
            status => Err(Failure::Refused(Refused {
                status,
                said: server_says(status, &body),
                after: retry_after(&response),
            })),
        }
    }

    fn connect(&mut self) -> Result<Client<TcpStream>, Failure> {
        let url = self.url.url();
        let stream = self.tcp.connect(url).map_err(Failure::Connect)?;
        self.connected = true;
        Ok(Client::new(stream, url.authority()))
    }
}

impl Attempts {
    fn new(retry: Duration) -> Self {
        let [a, b, c, d] = [(); 4].map(|()| entropy::u32());
        Self {
            key: format!("{a:08x}{b:08x}{c:08x}{d:08x}"),
            unknown: false,
            retry,
            begun: None,
            next_delay: FIRST_DELAY,
        }
    }

    /// How long it may be sent again. `None` before it was sent for the first time, which may take its time.
    fn left(&self) -> Option<Duration> {
        let (steady, wall) = self.begun?;
        let gone = steady.elapsed().max(wall.elapsed().unwrap_or_default());
        Some(self.retry.saturating_sub(gone))
    }

    /// The same, counted from now on if nothing was before.
    fn left_from_now(&mut self) -> Duration {
        let now = (Instant::now(), SystemTime::now());
        self.begun.get_or_insert(now);
        self.left().unwrap_or_default()
    }

    /// Longer after each that failed, and not as long as others wait.
    fn next_delay(&mut self) -> Duration {
        let delay = self.next_delay;
        self.next_delay = (2 * delay).min(MAX_DELAY);
        delay.mul_f64(1.0 - f64::from(entropy::u32()) / f64::from(u32::MAX) / 2.0)
    }
}

/// When the server asks to come again.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.header_bytes("retry-after")?;
    let seconds = std::str::from_utf8(seconds).ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

const MAX_ANSWER: usize = 1 << 20;
/// How long the head of an answer may take, and again its body.
const ANSWER_TIME: Duration = Duration::from_secs(30);
const FIRST_DELAY: Duration = Duration::from_millis(200);
const MAX_DELAY: Duration = Duration::from_secs(5);
