//! What one side of a connection must know of the other, and what an upgrade leads to.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};

use holdline_http1::{Headers, RequestHead, ResponseHead};
use holdline_websocket::hixie76::{self, Answer, Challenge};
use holdline_websocket::{ClientKey, Deflate};

/// Who sent some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

impl Side {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// What was said so far.
#[derive(Debug, Default)]
pub(super) struct Talk {
    /// The methods of requests that have no response yet. `None` if only one side is seen.
    requests: Option<VecDeque<String>>,
    /// Of the last request.
    pub(super) target: Option<String>,
    /// The method of requests that are not seen.
    method: String,
    /// The key of the WebSocket handshake.
    pub(super) key: Option<ClientKey>,
    /// The challenge of the old handshake, and its last eight bytes.
    pub(super) challenge: Option<(Challenge, Option<[u8; 8]>)>,
    /// Compression that the client offers to use.
    offered: Option<Deflate>,
    /// Compression that the user says was agreed on.
    deflate: Option<Deflate>,
    /// Set when the server agreed to go on with another protocol.
    switched: Option<Protocol>,
    /// Bytes that messages may still have, as they are when nothing is compressed. `None` for no limit.
    room: Option<usize>,
}

/// What follows a message.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// Another message of HTTP.
    Message,
    /// If the server agrees, what follows is this.
    Perhaps(Protocol),
    To(Protocol),
}

/// What follows an upgrade.
#[derive(Clone, Debug)]
pub(super) enum Protocol {
    WebSocket(Option<Deflate>),
    Hixie76,
    /// Nothing that can be decoded here.
    Other(String),
}

impl Talk {
    /// Of one side, the client's requests being known by their method alone.
    pub(super) fn one_sided(method: &str, deflate: Option<Deflate>) -> Self {
        Self {
            method: method.to_owned(),
            deflate,
            ..Self::default()
        }
    }

    /// Of both sides.
    pub(super) fn two_sided(deflate: Option<Deflate>) -> Self {
        Self {
            requests: Some(VecDeque::new()),
            deflate,
            ..Self::default()
        }
    }

    /// Of messages that have so many bytes together, as they are when nothing is compressed.
    pub(super) fn within(self, room: Option<usize>) -> Self {
        Self { room, ..self }
    }

    /// Notes a message.
    pub(super) fn message(&mut self, length: usize) -> io::Result<()> {
        let Some(room) = &mut self.room else {
            return Ok(());
        };
        *room = room.checked_sub(length).ok_or(ErrorKind::StorageFull)?;
        Ok(())
    }

    /// Notes a request, and tells what may follow it.
    pub(super) fn request(&mut self, head: &RequestHead<'_>) -> Option<Change> {
        if let Some(requests) = &mut self.requests
            && requests.len() < MAX_PIPELINED
        {
            requests.push_back(head.method().to_owned());
            self.target = Some(head.target().to_owned());
        }
        let headers = head.headers();
        let protocol = if hixie76::is_offered(headers.iter()) {
            let key = |name| headers.get(name).unwrap_or_default();
            let (key1, key2) = (key("sec-websocket-key1"), key("sec-websocket-key2"));
            self.challenge = Challenge::parse(key1, key2).map(|challenge| (challenge, None));
            return Some(Change::To(Protocol::Hixie76));
        } else if head.is_upgrade("websocket") {
            self.key = headers.get("sec-websocket-key").and_then(ClientKey::parse);
            self.offered = extensions(headers)
                .contains("permessage-deflate")
                .then(|| Deflate::from_answer("permessage-deflate"))
                .flatten();
            // A client's messages can be read with the longest window and with context, whatever is agreed on.
            Protocol::WebSocket(self.deflate.or(self.offered))
        } else if head.method() == "CONNECT" {
            Protocol::Other("the tunnel's".to_owned())
        } else if let Some(name) = upgrade(headers) {
            Protocol::Other(name)
        } else {
            return None;
        };
        Some(Change::Perhaps(protocol))
    }

    /// The method of the request that the next response answers.
    pub(super) fn next_method(&mut self) -> String {
        match &mut self.requests {
            Some(requests) => requests.pop_front().unwrap_or_else(|| "GET".to_owned()),
            None => self.method.clone(),
        }
    }

    /// Notes a final response or a 101, and tells what follows it.
    pub(super) fn response(&mut self, head: &ResponseHead<'_>, method: &str) -> Option<Change> {
        let headers = head.headers();
        let protocol = match head.status() {
            101 if headers.get("sec-websocket-location").is_some() => Protocol::Hixie76,
            101 if headers.contains_token("upgrade", "websocket") => {
                let agreed = Deflate::from_answer(&extensions(headers));
                Protocol::WebSocket(self.deflate.or(agreed))
            }
            101 => Protocol::Other(upgrade(headers).unwrap_or_default()),
            200..300 if method == "CONNECT" => Protocol::Other("the tunnel's".to_owned()),
            _ => return None,
        };
        self.switched = Some(protocol.clone());
        Some(Change::To(protocol))
    }

    /// The protocol that the server agreed to.
    pub(super) const fn switched(&self) -> Option<&Protocol> {
        self.switched.as_ref()
    }

    /// What proves that the server read the old handshake.
    pub(super) fn answer(&self) -> Option<Answer> {
        let (challenge, body) = self.challenge.as_ref()?;
        Some(challenge.answer((*body)?))
    }
}

/// The value of `Upgrade`, as text.
fn upgrade(headers: Headers<'_>) -> Option<String> {
    let value = headers.get("upgrade")?;
    Some(value.escape_ascii().to_string())
}

/// All lines of `Sec-WebSocket-Extensions` as one.
fn extensions(headers: Headers<'_>) -> String {
    let lines: Vec<_> = headers
        .get_all("sec-websocket-extensions")
        .map(String::from_utf8_lossy)
        .collect();
    lines.join(", ")
}

/// Requests without a response whose methods are remembered.
const MAX_PIPELINED: usize = 1000;
