//! `holdline publish`: posts a message, or each line of standard input.

use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

use holdline_net::blocking::Tcp;
use holdline_net::blocking::http::{Client, Error};

use crate::channel_url::ChannelUrl;
use crate::config::PublishArguments;

/// Publishes until the input ends. The exit code is 1 if anything could not be published.
pub(crate) fn run(arguments: &PublishArguments) -> ExitCode {
    let mut publisher = match Publisher::new(arguments) {
        Ok(publisher) => publisher,
        Err(error) => {
            report(format_args!("{error}"));
            return ExitCode::FAILURE;
        }
    };
    match arguments.text.as_deref() {
        None | Some("-") => publish_lines(&mut publisher, io::stdin().lock()),
        Some(text) => match publisher.publish(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                report(format_args!("{failure}"));
                ExitCode::FAILURE
            }
        },
    }
}

/// Publishes each line as soon as it is complete. If one line fails, the next ones are still tried, unless no
/// connection was ever made.
fn publish_lines(publisher: &mut Publisher, mut input: impl BufRead) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let mut bounded = (&mut input).take(MAX_LINE);
        let failure = match bounded.read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) if bounded.limit() == 0 && !line.ends_with(b"\n") => {
                let rest = skip_line(&mut input);
                rest.err()
                    .map(Failure::Input)
                    .or(Some(Failure::LineTooLong))
            }
            Ok(_) => {
                let text = line.strip_suffix(b"\n").unwrap_or(&line);
                let text = text.strip_suffix(b"\r").unwrap_or(text);
                publisher.publish(text).err()
            }
            Err(error) => Some(Failure::Input(error)),
        };
        if let Some(failure) = failure {
            report(format_args!("line {number}: {failure}"));
            code = ExitCode::FAILURE;
            let never_connected = matches!(failure, Failure::Connect(_)) && !publisher.connected;
            if never_connected || matches!(failure, Failure::Input(_)) {
                break;
            }
        }
    }
    code
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let block = match input.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            other => other?,
        };
        let end = block.iter().position(|&byte| byte == b'\n');
        let length = end.map_or(block.len(), |at| at + 1);
        input.consume(length);
        if end.is_some() || length == 0 {
            return Ok(());
        }
    }
}

/// Posts messages over one connection, and over a new one if that is closed.
struct Publisher {
    url: ChannelUrl,
    target: String,
    headers: Vec<(&'static str, String)>,
    tcp: Tcp,
    http: Option<Client<TcpStream>>,
    /// Whether there has been a connection.
    connected: bool,
}

impl Publisher {
    fn new(arguments: &PublishArguments) -> Result<Self, String> {
        let event = arguments.event.as_deref().map(|event| ("event", event));
        let mut headers = vec![("Content-Type", "text/plain; charset=utf-8".to_owned())];
        if let Some(token) = &arguments.token {
            headers.push(("Authorization", format!("Bearer {}", token.read()?)));
        }
        Ok(Self {
            target: arguments.url.target(None, event.as_slice()),
            url: arguments.url.clone(),
            headers,
            tcp: Tcp::default(),
            http: None,
            connected: false,
        })
    }

    fn publish(&mut self, text: &[u8]) -> Result<(), Failure> {
        if let Some(http) = self.http.take() {
            match self.post(http, text) {
                // The connection was closed while it was idle, so the server does not have the whole message.
                Err(Failure::NotSent(error)) if error.is_stale() => {}
                other => return other,
            }
        }
        let http = self.connect()?;
        self.post(http, text)
    }

    fn post(&mut self, mut http: Client<TcpStream>, text: &[u8]) -> Result<(), Failure> {
        let sent = http.request("POST", &self.target, &self.headers, text);
        sent.map_err(|error| match error {
            Error::Send(_) => Failure::Request(error),
            error => Failure::NotSent(error),
        })?;
        http.set_timeout(Some(ANSWER_TIME));
        let response = http.read_response().map_err(Failure::Unknown)?;
        // The status decides; the body only explains it.
        let body = http.read_body(MAX_ANSWER).unwrap_or_default();
        http.set_timeout(None);
        if http.is_reusable() {
            self.http = Some(http);
        }
        match response.status() {
            200..=299 => Ok(()),
            status => Err(Failure::Refused(server_says(status, &body))),
        }
    }

    fn connect(&mut self) -> Result<Client<TcpStream>, Failure> {
        let url = self.url.url();
        let stream = self.tcp.connect(url).map_err(Failure::Connect)?;
        self.connected = true;
        Ok(Client::new(stream, url.authority()))
    }
}

/// What the server says in an answer that is not a success: the message of its JSON error, otherwise the text.
pub(crate) fn server_says(status: u16, body: &[u8]) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let message = json
        .as_ref()
        .and_then(|json| json.pointer("/error/message"));
    let text = String::from_utf8_lossy(body);
    let text = match message.and_then(serde_json::Value::as_str) {
        Some(message) => message,
        None => text.lines().next().unwrap_or_default(),
    };
    let mut said = format!("the server answered {status}");
    if !text.is_empty() {
        said.push_str(": ");
        // A server must not be able to control the terminal.
        said.extend(text.chars().take(300).filter(|c| !c.is_control()));
    }
    said
}

/// Prints a line on standard error.
pub(crate) fn report(message: std::fmt::Arguments<'_>) {
    // If standard error is closed, nobody wants to know.
    let _ = writeln!(io::stderr(), "holdline: {message}");
}

/// Why a message was not published, or may not have been.
#[derive(Debug)]
enum Failure {
    Connect(io::Error),
    /// The arguments cannot be sent.
    Request(Error),
    /// The request could not be sent completely.
    NotSent(Error),
    /// The request was sent, but no answer came.
    Unknown(Error),
    /// The server answered with an error.
    Refused(String),
    Input(io::Error),
    LineTooLong,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "cannot connect: {error}"),
            Self::Request(error) => write!(f, "it cannot be sent: {error}"),
            Self::NotSent(error) if error.is_timeout() => {
                f.write_str("the server took too long to receive it")
            }
            Self::NotSent(error) => write!(f, "it was not sent: {error}"),
            Self::Unknown(error) if error.is_timeout() => f.write_str(
                "no answer came in time, so it may have been published or not; it is not sent again",
            ),
            Self::Unknown(error) => write!(
                f,
                "no answer came, so it may have been published or not; it is not sent again ({error})"
            ),
            Self::Refused(said) => f.write_str(said),
            Self::Input(error) => write!(f, "cannot read standard input: {error}"),
            Self::LineTooLong => write!(f, "it has more than {MAX_LINE} bytes"),
        }
    }
}

/// The maximum length of a line, in bytes. By default servers accept less.
const MAX_LINE: u64 = 64 << 20;
const MAX_ANSWER: usize = 1 << 20;
/// The time limit for the head of an answer, and again for its body.
const ANSWER_TIME: Duration = Duration::from_secs(30);
