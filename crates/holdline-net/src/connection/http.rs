//! The HTTP/1.1 part of a connection: requests in, responses out, one after the other.

use bytes::BytesMut;
use holdline_http1::{
    BodyLength, Buffer, Event, HeaderBlock, RequestHead, RequestHeadBuf, ServerConfig,
    ServerConnection,
};

use super::websocket::WebSocket;
use super::{Connection, Fate, Protocol, Turn, after};
use crate::handler::{ConnectionId, Ending, Handler, Rejection, Request};
use crate::output::{Body, Exchange, Held, Outcome, Output, ROOM, Responder, Timer};
use crate::queue::Outgoing;
use crate::server::Config;
use crate::timer::NEVER;

pub(super) struct Http<S> {
    machine: ServerConnection,
    /// The unfinished head, when there is one.
    buffer: Option<Box<Buffer>>,
    /// The unfinished request body, when there is one.
    upload: Option<Box<Upload>>,
    pending: Option<Pending<S>>,
    stage: Stage,
}

struct Upload {
    head: RequestHeadBuf,
    body: BytesMut,
}

/// A response that takes its time.
enum Pending<S> {
    Held(S),
    Body(S),
}

/// What the protocol's deadline is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Idle,
    Head,
    Body,
    Pending,
}

impl<S> Http<S> {
    pub(super) fn new(config: &Config) -> Self {
        let mut http = ServerConfig::default();
        http.limits = config.http.clone();
        Self {
            machine: ServerConnection::new(http),
            buffer: None,
            upload: None,
            pending: None,
            stage: Stage::Idle,
        }
    }

    pub(super) fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    pub(super) fn close_after_response(&mut self) {
        self.machine.close_after_response();
    }

    fn reject<H: Handler>(&mut self, turn: &mut Turn<'_, H>, rejection: &Rejection<'_>) {
        let mut answer = Answer {
            machine: &mut self.machine,
            outgoing: &mut turn.scratch.outgoing,
            date: turn.date,
            refused: false,
        };
        let head = self.upload.as_ref().map(|upload| upload.head.as_ref());
        answer.reject(turn.handler, rejection, head);
    }

    pub(super) fn into_stream(self) -> Option<S> {
        match self.pending {
            Some(Pending::Held(stream) | Pending::Body(stream)) => Some(stream),
            None => None,
        }
    }
}

impl<S> Connection<S> {
    /// Takes what can be taken of `input` and returns how much that was.
    pub(super) fn http_input<H: Handler<Stream = S>>(
        &mut self,
        turn: &mut Turn<'_, H>,
        input: &[u8],
    ) -> usize {
        let Protocol::Http(http) = &mut self.protocol else {
            return 0;
        };
        let mut rest = input;
        let mut stuck = false;
        let mut outcome = None;
        let mut requests = 0;
        while self.queue.len() + turn.scratch.outgoing.len() < ROOM && requests < REQUESTS {
            let buffer = match &mut http.buffer {
                Some(buffer) => &mut **buffer,
                None => &mut turn.scratch.http,
            };
            let mut answer = Answer {
                machine: &mut http.machine,
                outgoing: &mut turn.scratch.outgoing,
                date: turn.date,
                refused: self.refused,
            };
            let upload;
            let request = match answer.machine.receive(&mut rest, buffer) {
                Ok(None) => break,
                Ok(Some(Event::Request {
                    head,
                    body: BodyLength::None,
                })) => Request {
                    head,
                    body: &[],
                    connection: self.id,
                    peer: self.peer,
                },
                Ok(Some(Event::Request { head, .. })) => {
                    let head = head.to_owned();
                    http.upload = Some(Box::new(Upload {
                        head,
                        body: BytesMut::new(),
                    }));
                    continue;
                }
                Ok(Some(Event::Data(data))) => {
                    if let Some(upload) = &mut http.upload {
                        upload.body.extend_from_slice(data);
                    }
                    continue;
                }
                Ok(Some(Event::End { .. })) => match http.upload.take() {
                    Some(whole) => {
                        upload = whole;
                        Request {
                            head: upload.head.as_ref(),
                            body: &upload.body,
                            connection: self.id,
                            peer: self.peer,
                        }
                    }
                    None => continue,
                },
                Ok(Some(_)) => {
                    stuck = true;
                    break;
                }
                Err(error) => {
                    let head = http.upload.as_ref().map(|upload| upload.head.as_ref());
                    answer.reject(turn.handler, &Rejection::Malformed(&error), head);
                    stuck = true;
                    break;
                }
            };
            let answered = answer.request(turn.handler, &request);
            http.stage = Stage::Pending;
            requests += 1;
            if !matches!(answered, Outcome::Answered) {
                outcome = Some(answered);
                break;
            }
        }
        let used = input.len() - rest.len();
        match outcome {
            Some(Outcome::Held(stream)) => http.pending = Some(Pending::Held(stream)),
            Some(Outcome::Streaming(stream)) => http.pending = Some(Pending::Body(stream)),
            Some(Outcome::Upgraded(machine, stream)) => {
                self.wants_ready = true;
                self.phase = NEVER;
                self.protocol = Protocol::WebSocket(WebSocket::new(machine, stream));
                return used;
            }
            Some(Outcome::Answered | Outcome::Unanswered | Outcome::Unsendable(_)) | None => {
                http.machine.poll_transmit(&mut turn.scratch.outgoing.bytes);
                // Paused with nothing pending: nothing after this is to be parsed.
                if stuck || http.machine.should_close() {
                    self.finish(turn, Ending::Finished);
                    return input.len();
                }
            }
        }
        if http.is_pending() {
            self.wants_ready = true;
        }
        if http.buffer.is_none() && !turn.scratch.http.is_empty() {
            http.buffer = Some(Box::new(std::mem::take(&mut turn.scratch.http)));
        } else if http.buffer.as_ref().is_some_and(|buffer| buffer.is_empty()) {
            http.buffer = None;
        }
        self.http_stage(turn);
        used
    }

    /// Sets the deadline when something else is awaited than before.
    fn http_stage<H>(&mut self, turn: &Turn<'_, H>) {
        let Protocol::Http(http) = &mut self.protocol else {
            return;
        };
        let (stage, timeout) = if http.pending.is_some() {
            (Stage::Pending, None)
        } else if http.upload.is_some() {
            (Stage::Body, Some(turn.config.body_timeout))
        } else if http.machine.is_idle() {
            (Stage::Idle, Some(turn.config.idle_timeout))
        } else {
            (Stage::Head, Some(turn.config.head_timeout))
        };
        if stage != http.stage {
            http.stage = stage;
            self.phase = timeout.map_or(NEVER, |timeout| after(turn.now, timeout));
        }
    }

    /// The peer has shut down its side while no response is pending.
    pub(super) fn http_eof<H: Handler<Stream = S>>(
        &mut self,
        turn: &mut Turn<'_, H>,
    ) -> Result<(), Fate> {
        let Protocol::Http(http) = &mut self.protocol else {
            return Ok(());
        };
        if let Err(error) = http.machine.receive_eof() {
            http.reject(turn, &Rejection::Malformed(&error));
        }
        self.finish(turn, Ending::Finished);
        Ok(())
    }

    pub(super) fn http_timed_out<H: Handler<Stream = S>>(
        &mut self,
        turn: &mut Turn<'_, H>,
    ) -> Result<(), Fate> {
        let Protocol::Http(http) = &mut self.protocol else {
            return Ok(());
        };
        if !self.queue.is_empty() {
            // It is still being answered: how long that may take is the stall's business.
            self.phase = after(turn.now, turn.config.head_timeout);
            return Ok(());
        }
        match http.stage {
            Stage::Idle => return Err(Fate::Close(Ending::Finished)),
            Stage::Pending => return Ok(()),
            Stage::Head | Stage::Body => {
                http.machine.abandon_request();
                http.reject(turn, &Rejection::Timeout);
            }
        }
        self.finish(turn, Ending::TimedOut);
        Ok(())
    }

    /// The server stops; the handler has had its say.
    pub(super) fn http_stop<H: Handler<Stream = S>>(
        &mut self,
        turn: &mut Turn<'_, H>,
    ) -> Result<(), Fate> {
        let Protocol::Http(http) = &mut self.protocol else {
            return Ok(());
        };
        match &http.pending {
            None if http.machine.is_idle() => {}
            // A request is on its way: it is answered, and then the connection closes.
            None => return Ok(()),
            Some(Pending::Held(_)) => http.reject(turn, &Rejection::Stopping),
            Some(Pending::Body(_)) => {
                if let Err(error) = http.machine.send_end(&mut turn.scratch.outgoing.bytes) {
                    tracing::debug!(%error, "a body could not be ended");
                }
            }
        }
        self.finish(turn, Ending::Stopped);
        Ok(())
    }

    pub(super) fn http_call<H: Handler<Stream = S>, R>(
        &mut self,
        turn: &mut Turn<'_, H>,
        call: impl FnOnce(&mut H, ConnectionId, &mut S, Output<'_>) -> R,
    ) -> Option<R> {
        let Protocol::Http(http) = &mut self.protocol else {
            return None;
        };
        let mut over = false;
        let timer = Timer {
            at: &mut self.timer,
            now: turn.now,
        };
        let machine = &mut http.machine;
        let outgoing = &mut turn.scratch.outgoing;
        let result = match http.pending.as_mut()? {
            Pending::Held(stream) => {
                let exchange = Exchange {
                    machine,
                    outgoing,
                    date: turn.date,
                    request_head: None,
                };
                let held = Held {
                    exchange,
                    timer,
                    over: &mut over,
                };
                call(turn.handler, self.id, stream, Output::Held(held))
            }
            Pending::Body(stream) => {
                let queued = self.queue.len();
                let body = Body {
                    machine,
                    outgoing,
                    timer,
                    over: &mut over,
                    queued,
                };
                call(turn.handler, self.id, stream, Output::Body(body))
            }
        };
        if over {
            if let Some(Pending::Held(stream) | Pending::Body(stream)) = http.pending.take() {
                turn.handler.closed(self.id, stream, Ending::Finished);
            }
            self.timer = NEVER;
            self.wants_ready = false;
            if http.machine.should_close() {
                self.finish(turn, Ending::Finished);
            } else {
                self.http_stage(turn);
            }
        }
        Some(result)
    }
}

/// What it takes to answer a request.
struct Answer<'a> {
    machine: &'a mut ServerConnection,
    outgoing: &'a mut Outgoing,
    date: &'a HeaderBlock,
    refused: bool,
}

impl Answer<'_> {
    fn request<H: Handler>(
        &mut self,
        handler: &mut H,
        request: &Request<'_>,
    ) -> Outcome<H::Stream> {
        if self.refused {
            self.reject(handler, &Rejection::TooManyConnections, Some(request.head));
            return Outcome::Answered;
        }
        let mut outcome = Outcome::Unanswered;
        let responder = Responder {
            exchange: self.exchange(Some(request.head)),
            outcome: &mut outcome,
        };
        handler.request(request, responder);
        match outcome {
            Outcome::Unanswered => {
                self.reject(handler, &Rejection::Unanswered, Some(request.head));
            }
            Outcome::Unsendable(stream) => {
                self.reject(handler, &Rejection::Unanswered, Some(request.head));
                handler.closed(request.connection, stream, Ending::Failed);
            }
            outcome => return outcome,
        }
        Outcome::Answered
    }

    /// Answers with an error if an answer is possible. The connection is to be closed after it.
    fn reject<H: Handler>(
        &mut self,
        handler: &mut H,
        rejection: &Rejection<'_>,
        head: Option<RequestHead<'_>>,
    ) {
        self.machine.close_after_response();
        if let Err(error) = handler.reject(rejection, &mut self.exchange(head)) {
            tracing::debug!(%error, %rejection, "closing without a response");
        }
    }

    fn exchange<'e>(&'e mut self, request_head: Option<RequestHead<'e>>) -> Exchange<'e> {
        Exchange {
            machine: self.machine,
            outgoing: self.outgoing,
            date: self.date,
            request_head,
        }
    }
}

/// Requests of one read that are answered before others have their turn.
const REQUESTS: usize = 64;
