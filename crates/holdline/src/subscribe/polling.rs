//! Poll and long poll: one answer after another over one connection.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use holdline_net::blocking::http::{Client, Error, Response};
use serde::Deserialize;

use super::{End, FIRST_DELAY, Message, Session, check_coding};
use crate::names;
use crate::transport::Transport;

/// Asks again and again, with a pause of `interval`.
pub(super) fn poll(session: &mut Session<impl Write>, interval: Duration) -> End {
    let mut poller = Poller::new(Transport::Poll);
    loop {
        match poller.ask(session, Transport::Poll, &[]) {
            // The server cuts off a large answer: the next one has the rest.
            Ok(answer) if answer.length >= CUT => {}
            Ok(_) => thread::sleep(interval),
            Err(end) => return end,
        }
    }
}

/// Asks, and waits until the server has something to answer.
pub(super) fn long_poll(session: &mut Session<impl Write>) -> End {
    let mut poller = Poller::new(Transport::LongPoll);
    // The server must answer before its silence looks like a dead connection.
    let wait = (session.timeout / 2)
        .min(Duration::from_secs(25))
        .as_secs_f64();
    let wait = format!("{wait:.3}");
    loop {
        // Without a cursor, a cut during the first wait would lose messages. So ask for a cursor first.
        let begun = Instant::now();
        let asked = match session.cursor {
            None => poller.ask(session, Transport::Poll, &[]),
            Some(_) => poller.ask(session, Transport::LongPoll, &[("wait", &wait)]),
        };
        match asked {
            // If a server does not hold the request, don't flood it with requests.
            Ok(answer) if answer.is_empty => {
                thread::sleep(FIRST_DELAY.saturating_sub(begun.elapsed()));
            }
            Ok(_) => {}
            Err(end) => return end,
        }
    }
}

/// `{"cursor":CURSOR,"messages":[…],"lost":BOOL}`, and `"presence":TOKEN` if that was asked for.
#[derive(Debug, Deserialize)]
struct Answer {
    cursor: String,
    messages: Vec<Message>,
    lost: bool,
    presence: Option<String>,
}

/// What an answer was like.
struct Answered {
    /// Its size in bytes.
    length: usize,
    /// It held no message.
    is_empty: bool,
}

struct Poller {
    http: Option<Client<TcpStream>>,
    /// The transport, until it was reported as open.
    untold: Option<Transport>,
}

impl Poller {
    fn new(transport: Transport) -> Self {
        Self {
            http: None,
            untold: Some(transport),
        }
    }

    /// Makes one request.
    fn ask(
        &mut self,
        session: &mut Session<impl Write>,
        transport: Transport,
        query: &[(&str, &str)],
    ) -> Result<Answered, End> {
        let target = session.target(transport, query);
        let (response, body) = self.get(session, &target)?;
        if response.status() != 200 {
            return Err(End::refused(&response, &body));
        }
        check_coding(&response)?;
        if let Some(transport) = self.untold.take() {
            session.connected(transport);
        }
        let is_empty = take(session, &body)?;
        // An answer is a success, whatever it contains.
        session.failures = 0;
        Ok(Answered {
            length: body.len(),
            is_empty,
        })
    }

    fn get(
        &mut self,
        session: &mut Session<impl Write>,
        target: &str,
    ) -> Result<(Response, Vec<u8>), End> {
        let headers = session.headers()?;
        let failed = |error| match error {
            error @ Error::BodyTooLong { .. } => End::Final(error.to_string()),
            error => session.failed(error),
        };
        if let Some(mut http) = self.http.take() {
            match exchange(&mut http, target, &headers) {
                // A server may close a connection at any time. Asking again does no harm.
                Err(Error::Stale(_) | Error::Receive(_)) => {}
                Err(Error::Io(error)) if error.kind() != ErrorKind::TimedOut => {}
                answer => {
                    self.http = Some(http).filter(Client::is_reusable);
                    return answer.map_err(failed);
                }
            }
        }
        let url = session.url.url();
        let stream = session.tcp().connect(url).map_err(End::lost)?;
        let mut http = Client::new(stream, url.authority());
        let answer = exchange(&mut http, target, &headers).map_err(failed)?;
        self.http = Some(http).filter(Client::is_reusable);
        Ok(answer)
    }
}

fn exchange(
    http: &mut Client<TcpStream>,
    target: &str,
    headers: &[(&str, String)],
) -> Result<(Response, Vec<u8>), Error> {
    http.request("GET", target, headers, b"")?;
    let response = http.read_response()?;
    Ok((response, http.read_body(MAX_ANSWER)?))
}

/// Prints the messages of an answer, and returns whether there were none.
pub(super) fn take(session: &mut Session<impl Write>, body: &[u8]) -> Result<bool, End> {
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|error| End::Final(format!("the server's answer cannot be read: {error}")))?;
    if answer.lost {
        // If there was a loss, a client that resumes from it must not miss the messages after it.
        let id = match answer.messages.is_empty() {
            true => answer.cursor.clone(),
            false => session
                .cursor
                .clone()
                .unwrap_or_else(|| answer.cursor.clone()),
        };
        session.message(Message {
            id,
            channel: session.url.names(),
            event: Some(names::LOST.to_owned()),
            data: String::new(),
        })?;
    }
    let is_empty = answer.messages.is_empty();
    for message in answer.messages {
        session.message(message)?;
    }
    session.cursor = Some(answer.cursor);
    if answer.presence.is_some() {
        session.presence = answer.presence;
    }
    Ok(is_empty)
}

/// An answer of at least this size may have been cut off.
const CUT: usize = 256 << 10;
const MAX_ANSWER: usize = 256 << 20;
