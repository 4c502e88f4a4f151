//! How the bytes of each transport become messages.

use std::borrow::Cow;

use bytes::BytesMut;
use holdline_net::entropy;
use holdline_websocket::Event;
use holdline_websocket::handshake::client;
use serde::Deserialize;

use super::tally::Arrivals;
use crate::subscribe::Lines;
use crate::transport::Transport;

/// What went wrong with a connection, in a few words: errors with the same text are counted together.
pub(super) type Trouble = Cow<'static, str>;

/// One connection's decoder.
pub(super) enum Reader {
    Events {
        decoder: holdline_sse::Decoder,
        buffer: holdline_sse::Buffer,
    },
    Lines(Lines),
    Polls {
        body: Vec<u8>,
    },
    Socket {
        request: client::Request,
        socket: holdline_websocket::Connection<fn() -> [u8; 4]>,
        buffer: holdline_websocket::Buffer,
    },
}

impl Reader {
    pub(super) fn new(transport: Transport) -> Self {
        match transport {
            Transport::Sse => {
                let mut limits = holdline_sse::Limits::default();
                limits.max_line = MAX_MESSAGE;
                limits.max_event = MAX_MESSAGE;
                Self::Events {
                    decoder: holdline_sse::Decoder::new(limits),
                    buffer: holdline_sse::Buffer::new(),
                }
            }
            Transport::WebSocket => {
                let mut nonce = [0; 16];
                for part in nonce.chunks_exact_mut(4) {
                    part.copy_from_slice(&entropy::mask_key());
                }
                let mut config = holdline_websocket::Config::default();
                config.limits.max_frame = MAX_MESSAGE as u64;
                config.limits.max_message = MAX_MESSAGE as u64;
                Self::Socket {
                    request: client::Request::new(nonce),
                    socket: holdline_websocket::Connection::client(config, entropy::mask_key),
                    buffer: holdline_websocket::Buffer::new(),
                }
            }
            Transport::XhrStream => Self::Lines(Lines::default()),
            _ => Self::Polls { body: Vec::new() },
        }
    }

    /// Header fields of the first request apart from `Host`.
    pub(super) fn headers(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Socket { request, .. } => request.headers(),
            Self::Events { .. } => vec![("Accept", "text/event-stream".to_owned())],
            _ => Vec::new(),
        }
    }

    /// Takes the head of an answer. Returns whether messages come from now on.
    pub(super) fn head(&mut self, head: holdline_http1::ResponseHead<'_>) -> Result<bool, Trouble> {
        let status = head.status();
        match self {
            Self::Socket { request, .. } if status == 101 => {
                match request.verify(status, head.headers().iter()) {
                    Ok(_) => Ok(true),
                    Err(error) => Err(error.to_string().into()),
                }
            }
            Self::Events { .. } | Self::Lines(_) if status == 200 => Ok(true),
            Self::Polls { .. } if status == 200 => Ok(false),
            _ => Err(format!("it was answered with status {status}").into()),
        }
    }

    /// Takes a piece of an answer's body.
    pub(super) fn data(
        &mut self,
        mut data: &[u8],
        arrivals: &mut Arrivals<'_>,
    ) -> Result<(), Trouble> {
        match self {
            Self::Events { decoder, buffer } => loop {
                match decoder.decode(&mut data, buffer) {
                    Ok(Some(holdline_sse::Item::Event(event))) => {
                        arrivals.message(Some(event.event), event.data);
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => return Ok(()),
                    Err(_) => return Err("the server broke a rule of event streams".into()),
                }
            },
            Self::Lines(lines) => {
                let mut all_read = Ok(());
                let pushed = lines.push(data, |line| {
                    if let Err(trouble) = message(line, arrivals) {
                        all_read = Err(trouble);
                    }
                    Ok(())
                });
                match pushed {
                    Ok(()) => all_read,
                    Err(_) => Err(NO_MESSAGE.into()),
                }
            }
            Self::Polls { body } if body.len() + data.len() > MAX_MESSAGE => {
                Err("an answer is too long".into())
            }
            Self::Polls { body } => {
                body.extend_from_slice(data);
                Ok(())
            }
            Self::Socket { .. } => Ok(()),
        }
    }

    /// Takes the end of an answer. Returns the cursor for the next request.
    pub(super) fn end(&mut self, arrivals: &mut Arrivals<'_>) -> Result<String, Trouble> {
        let Self::Polls { body } = self else {
            return Err("the server ended the stream".into());
        };
        let body = std::mem::take(body);
        let answer: Answer<'_> = serde_json::from_slice(&body).map_err(|_| NO_MESSAGE)?;
        if answer.lost {
            arrivals.tally.told_lost += 1;
        }
        for message in &answer.messages {
            arrivals.message(message.event.as_deref(), &message.data);
        }
        Ok(answer.cursor)
    }

    /// Takes bytes after the upgrade. Replies are written to `out`.
    pub(super) fn frames(
        &mut self,
        mut bytes: &mut [u8],
        arrivals: &mut Arrivals<'_>,
        out: &mut BytesMut,
    ) -> Result<(), Trouble> {
        let Self::Socket { socket, buffer, .. } = self else {
            return Err("the server switched to another protocol".into());
        };
        loop {
            match socket.receive(&mut bytes, buffer) {
                Ok(Some(Event::Text(text))) => message(text, arrivals)?,
                Ok(Some(Event::Closed(reason))) => {
                    let code = reason.code;
                    return Err(format!("the server closed with code {code}").into());
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => {
                    return Err(
                        format!("the server broke a rule: {}", error.kind().description()).into(),
                    );
                }
            }
        }
        socket.poll_transmit(out);
        Ok(())
    }
}

/// Takes a message object.
fn message(json: &str, arrivals: &mut Arrivals<'_>) -> Result<(), Trouble> {
    let message: Message<'_> = serde_json::from_str(json).map_err(|_| NO_MESSAGE)?;
    arrivals.message(message.event.as_deref(), &message.data);
    Ok(())
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    event: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    cursor: String,
    #[serde(borrow)]
    messages: Vec<Message<'a>>,
    lost: bool,
}

const NO_MESSAGE: &str = "the server sent what is no message";
/// The maximum size of a message, or of an answer to a poll, in bytes.
const MAX_MESSAGE: usize = 256 << 20;
