//! The HTTP/1.1 part of a connection: requests in, responses out, one after the other.

mod answer;

use bytes::BytesMut;
use holdline_http1::{
    BodyLength, Buffer, Event, RequestHead, RequestHeadBuf, ServerConfig, ServerConnection,
};

use self::answer::Answer;
use super::context::{Context, Driven, Next};
use super::core::Core;
use super::deadlines::{Deadline, after};
use crate::config::Config;
use crate::handler::{ConnectionId, Ending, Handler, Rejection, Request};
use crate::output::{Body, Held, Outcome, Output};

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

/// What one call of the machine came to.
enum Step<S> {
    /// All input was taken.
    Starved,
    /// A part of a request was taken, and more belongs to it.
    Partial,
    /// A request was given to the handler, which did this with it.
    Request(Outcome<S>),
    /// Nothing after this can be parsed.
    Stuck,
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

    pub(super) fn into_stream(self) -> Option<S> {
        match self.pending {
            Some(Pending::Held(stream) | Pending::Body(stream)) => Some(stream),
            None => None,
        }
    }

    /// Takes what can be taken of `input`.
    pub(super) fn receive<H: Handler<Stream = S>>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
        input: &mut &mut [u8],
    ) -> Next<S> {
        let mut rest = &**input;
        let next = self.requests(core, context, &mut rest);
        let used = input.len() - rest.len();
        *input = std::mem::take(input).get_mut(used..).unwrap_or_default();
        match next {
            Next::Stay => {
                self.keep_unfinished(context);
                self.set_stage(core, context);
            }
            // Nothing after this is to be parsed.
            Next::Finish(_) => *input = &mut [],
            Next::Upgrade(..) => {}
        }
        next
    }

    fn requests<H: Handler<Stream = S>>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
        input: &mut &[u8],
    ) -> Next<S> {
        let mut requests = 0;
        let mut stuck = false;
        while core.has_room(context) && requests < REQUESTS {
            match self.step(core, context, input) {
                Step::Starved => break,
                Step::Partial => {}
                Step::Stuck => {
                    stuck = true;
                    break;
                }
                Step::Request(outcome) => {
                    // Whatever follows has deadlines of its own.
                    self.stage = Stage::Pending;
                    requests += 1;
                    match outcome {
                        Outcome::Answered | Outcome::Unanswered | Outcome::Unsendable(_) => {}
                        Outcome::Held(stream) => self.pending = Some(Pending::Held(stream)),
                        Outcome::Streaming(stream) => self.pending = Some(Pending::Body(stream)),
                        Outcome::Upgraded(machine, stream) => {
                            return Next::Upgrade(machine, stream);
                        }
                    }
                }
            }
            if self.is_pending() {
                core.wants_ready = true;
                return Next::Stay;
            }
        }
        self.machine
            .poll_transmit(&mut context.scratch.outgoing.bytes);
        if stuck || self.machine.should_close() {
            return Next::Finish(Ending::Finished);
        }
        Next::Stay
    }

    fn step<H: Handler<Stream = S>>(
        &mut self,
        core: &Core,
        context: &mut Context<'_, H>,
        input: &mut &[u8],
    ) -> Step<S> {
        let buffer = match &mut self.buffer {
            Some(buffer) => &mut **buffer,
            None => &mut context.scratch.http,
        };
        let mut answer = Answer {
            machine: &mut self.machine,
            outgoing: &mut context.scratch.outgoing,
            date: context.date,
            refused: core.refused,
        };
        match answer.machine.receive(input, buffer) {
            Ok(None) => Step::Starved,
            Ok(Some(Event::Request {
                head,
                body: BodyLength::None,
            })) => Step::Request(answer.request(context.handler, &whole(core, head, &[]))),
            Ok(Some(Event::Request { head, .. })) => {
                self.upload = Some(Box::new(Upload {
                    head: head.to_owned(),
                    body: BytesMut::new(),
                }));
                Step::Partial
            }
            Ok(Some(Event::Data(data))) => {
                if let Some(upload) = &mut self.upload {
                    upload.body.extend_from_slice(data);
                }
                Step::Partial
            }
            Ok(Some(Event::End { .. })) => match self.upload.take() {
                Some(upload) => {
                    let request = whole(core, upload.head.as_ref(), &upload.body);
                    Step::Request(answer.request(context.handler, &request))
                }
                None => Step::Partial,
            },
            // Paused with nothing pending: nothing after this is to be parsed.
            Ok(Some(_)) => Step::Stuck,
            Err(error) => {
                let head = self.upload.as_ref().map(|upload| upload.head.as_ref());
                answer.reject(context.handler, &Rejection::Malformed(&error), head);
                Step::Stuck
            }
        }
    }

    /// An unfinished head stays with its connection; nothing else keeps a buffer.
    fn keep_unfinished<H>(&mut self, context: &mut Context<'_, H>) {
        let shared = &mut context.scratch.http;
        if self.buffer.is_none() && !shared.is_empty() {
            self.buffer = Some(Box::new(std::mem::take(shared)));
        } else if self.buffer.as_ref().is_some_and(|buffer| buffer.is_empty()) {
            self.buffer = None;
        }
    }

    /// Sets the deadline when something else is awaited than before.
    fn set_stage<H>(&mut self, core: &mut Core, context: &Context<'_, H>) {
        let config = context.config;
        let (stage, timeout) = if self.pending.is_some() {
            (Stage::Pending, None)
        } else if self.upload.is_some() {
            (Stage::Body, Some(config.body_timeout))
        } else if self.machine.is_idle() {
            (Stage::Idle, Some(config.idle_timeout))
        } else {
            (Stage::Head, Some(config.head_timeout))
        };
        if stage == self.stage {
            return;
        }
        self.stage = stage;
        match timeout {
            Some(timeout) => core
                .deadlines
                .set(Deadline::Protocol, after(context.now, timeout)),
            None => core.deadlines.clear(Deadline::Protocol),
        }
    }

    /// The peer has shut down its side while no response is pending.
    pub(super) fn eof<H: Handler<Stream = S>>(&mut self, context: &mut Context<'_, H>) -> Next<S> {
        if let Err(error) = self.machine.receive_eof() {
            self.reject(context, &Rejection::Malformed(&error));
        }
        Next::Finish(Ending::Finished)
    }

    pub(super) fn timed_out<H: Handler<Stream = S>>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
    ) -> Result<Next<S>, Driven> {
        if !core.queue.is_empty() {
            // It is still being answered: how long that may take is another deadline's business.
            let at = after(context.now, context.config.head_timeout);
            core.deadlines.set(Deadline::Protocol, at);
            return Ok(Next::Stay);
        }
        match self.stage {
            Stage::Idle => Err(Driven::Close(Ending::Finished)),
            Stage::Pending => Ok(Next::Stay),
            Stage::Head | Stage::Body => {
                self.machine.abandon_request();
                self.reject(context, &Rejection::Timeout);
                Ok(Next::Finish(Ending::TimedOut))
            }
        }
    }

    /// The server stops, and the handler was told.
    pub(super) fn stop<H: Handler<Stream = S>>(&mut self, context: &mut Context<'_, H>) -> Next<S> {
        match &self.pending {
            None if self.machine.is_idle() => {}
            // A request is on its way: it is answered, and then the connection closes.
            None => return Next::Stay,
            Some(Pending::Held(_)) => self.reject(context, &Rejection::Stopping),
            Some(Pending::Body(_)) => {
                if let Err(error) = self.machine.send_end(&mut context.scratch.outgoing.bytes) {
                    tracing::debug!(%error, "a body could not be ended");
                }
            }
        }
        Next::Finish(Ending::Stopped)
    }

    /// Has the handler deal with the stream, if there is one.
    pub(super) fn call<H: Handler<Stream = S>, R>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
        call: impl FnOnce(&mut H, ConnectionId, &mut S, Output<'_>) -> R,
    ) -> (Option<R>, Next<S>) {
        let Some(pending) = &mut self.pending else {
            return (None, Next::Stay);
        };
        let mut over = false;
        let (id, queued) = (core.id, core.queue.len());
        let timer = core.timer(context.now);
        let mut answer = Answer {
            machine: &mut self.machine,
            outgoing: &mut context.scratch.outgoing,
            date: context.date,
            refused: false,
        };
        let (stream, output) = match pending {
            Pending::Held(stream) => {
                let exchange = answer.exchange(None);
                let over = &mut over;
                let held = Held {
                    exchange,
                    timer,
                    over,
                };
                (stream, Output::Held(held))
            }
            Pending::Body(stream) => {
                let body = Body {
                    machine: answer.machine,
                    outgoing: answer.outgoing,
                    timer,
                    over: &mut over,
                    queued,
                };
                (stream, Output::Body(body))
            }
        };
        let result = call(context.handler, id, stream, output);
        let next = match over {
            true => self.answered(core, context),
            false => Next::Stay,
        };
        (Some(result), next)
    }

    /// The handler has finished the response that was pending.
    fn answered<H: Handler<Stream = S>>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
    ) -> Next<S> {
        if let Some(Pending::Held(stream) | Pending::Body(stream)) = self.pending.take() {
            context.handler.closed(core.id, stream, Ending::Finished);
        }
        core.deadlines.clear(Deadline::Application);
        core.wants_ready = false;
        if self.machine.should_close() {
            return Next::Finish(Ending::Finished);
        }
        self.set_stage(core, context);
        Next::Stay
    }

    fn reject<H: Handler>(&mut self, context: &mut Context<'_, H>, rejection: &Rejection<'_>) {
        let mut answer = Answer {
            machine: &mut self.machine,
            outgoing: &mut context.scratch.outgoing,
            date: context.date,
            refused: false,
        };
        let head = self.upload.as_ref().map(|upload| upload.head.as_ref());
        answer.reject(context.handler, rejection, head);
    }
}

fn whole<'a>(core: &Core, head: RequestHead<'a>, body: &'a [u8]) -> Request<'a> {
    Request {
        head,
        body,
        connection: core.id,
        peer: core.peer,
    }
}

/// Requests of one read that are answered before others have their turn.
const REQUESTS: usize = 64;
