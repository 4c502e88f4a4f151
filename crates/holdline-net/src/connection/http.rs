//! The HTTP/1.1 part of a connection: requests in, responses out, one after the other.

mod answer;
mod ending;
mod pending;

use std::time::Duration;

use holdline_http1::{BodyLength, Buffer, Event, Linger, ServerConfig, ServerConnection};

use self::answer::{Answer, Input, Place};
use self::pending::{Pending, Step, take_end, take_piece};
use super::context::{Context, Next};
use super::core::Core;
use super::deadlines::{Deadline, after};
use crate::config::Config;
use crate::finished::End;
use crate::handler::{ConnectionId, Ending, Handler, Rejection};
use crate::output::{Body, Output};
use crate::responder::Outcome;

pub(super) struct Http<S> {
    machine: ServerConnection,
    /// The unfinished head, when there is one.
    buffer: Option<Box<Buffer>>,
    pending: Option<Pending<S>>,
    stage: Stage,
    /// A turn ended before the machine said that more must come. The end of a request may wait in it without any input.
    has_more: bool,
    /// Bytes that came since the request before.
    arrived: u32,
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
        http.linger = Linger::Drain(DRAIN);
        Self {
            machine: ServerConnection::new(http),
            buffer: None,
            pending: None,
            stage: Stage::Idle,
            has_more: false,
            arrived: 0,
        }
    }

    /// Whether a response is pending, so that nothing more is parsed before it is finished.
    pub(super) fn is_pending(&self) -> bool {
        matches!(self.pending, Some(Pending::Held(_) | Pending::Body(_)))
    }

    /// Whether the body of a response is being sent.
    pub(super) fn has_body(&self) -> bool {
        matches!(self.pending, Some(Pending::Body(_)))
    }

    /// Whether it may tell of more without another byte.
    pub(super) fn has_more(&self) -> bool {
        self.has_more && !self.is_pending()
    }

    /// Whether a request is awaited, and nothing of it is here.
    pub(super) fn is_idle(&self) -> bool {
        self.pending.is_none() && self.machine.is_idle()
    }

    /// Whether no request is here, or only a part of its head.
    pub(super) fn awaits_head(&self) -> bool {
        self.pending.is_none()
    }

    pub(super) fn has_stream(&self) -> bool {
        !matches!(self.pending, None | Some(Pending::Uploading(_)))
    }

    pub(super) fn close_after_response(&mut self) {
        self.machine.close_after_response();
    }

    pub(super) fn into_stream(self) -> Option<S> {
        self.pending.and_then(Pending::into_stream)
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
        if self.stage == Stage::Body && !core.reserved {
            core.received(used, context.config.body_timeout, context);
        }
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
        let (mut starved, mut stuck) = (false, false);
        self.has_more = false;
        while core.has_room(context) && requests < REQUESTS && !self.machine.should_close() {
            let next = match self.step(core, context, input) {
                Step::Starved => {
                    starved = true;
                    break;
                }
                Step::Partial => continue,
                Step::Stuck => {
                    core.note(context, Some(End::Failed));
                    stuck = true;
                    break;
                }
                Step::Finished => self.answered(core, context),
                Step::Request(outcome) => {
                    // Whatever follows has deadlines of its own.
                    self.stage = Stage::Pending;
                    requests += 1;
                    core.note_meter(context, std::mem::take(&mut self.arrived));
                    let next = self.take_outcome(core, outcome);
                    let answered = self.pending.is_none() && matches!(next, Next::Stay);
                    core.note(context, answered.then_some(End::Done));
                    next
                }
            };
            if self.is_pending() || !matches!(next, Next::Stay) {
                return next;
            }
        }
        self.has_more = !starved;
        self.machine
            .poll_transmit(&mut context.scratch.outgoing.bytes);
        match () {
            () if stuck => Next::Finish(Ending::Failed),
            () if self.machine.should_close() => Next::Finish(Ending::Finished),
            () => Next::Stay,
        }
    }

    fn take_outcome(&mut self, core: &mut Core, outcome: Outcome<S>) -> Next<S> {
        self.pending = Some(match outcome {
            Outcome::TakePieces(stream) => Pending::Receiving(stream),
            Outcome::Held(stream) => Pending::Held(stream),
            Outcome::Streaming(stream) => Pending::Body(stream),
            Outcome::Upgraded(upgraded) => return Next::Upgrade(upgraded),
            Outcome::TakeBody(_)
            | Outcome::Answered
            | Outcome::Unanswered
            | Outcome::Unsendable(_) => return Next::Stay,
        });
        core.wants_ready = true;
        Next::Stay
    }

    fn step<H: Handler<Stream = S>>(
        &mut self,
        core: &mut Core,
        context: &mut Context<'_, H>,
        input: &mut &[u8],
    ) -> Step<S> {
        let buffer = (self.buffer.as_deref_mut()).unwrap_or(&mut context.scratch.http);
        let mut answer = Answer {
            machine: &mut self.machine,
            outgoing: &mut context.scratch.outgoing,
            date: context.date,
            reserved: core.reserved,
        };
        let handler = &mut *context.handler;
        if self.pending.is_none() {
            // An announced length is judged with the head.
            answer.machine.set_max_body(u64::MAX);
        }
        let (whole, of_body) = (*input, answer.machine.is_receiving_body());
        let received = answer.machine.receive(input, buffer);
        let queued = core.queue.len() + answer.outgoing.len();
        let taken = Input::new(whole, input.len(), of_body, queued);
        self.arrived = self.arrived.saturating_add(taken.len() as u32);
        core.note_received(&received, answer.outgoing.len());
        let mut place = Place::of(core, context.shared, context.now);
        place.tap(handler, &received, taken, context.config);
        match received {
            Ok(None) => Step::Starved,
            Ok(Some(Event::Request { head, .. })) if !place.admit(&head) => {
                answer.reject(handler, &Rejection::TooManyFromAddress, Some(head));
                Step::Request(Outcome::Answered)
            }
            Ok(Some(Event::Request {
                head,
                body: BodyLength::None,
            })) => Step::Request(answer.request(handler, &place.request(head, &[]))),
            Ok(Some(Event::Request { head, body })) => {
                match answer.head(handler, &place.request(head, &[]), body, context.config) {
                    Outcome::TakeBody(limit) => {
                        answer.machine.set_max_body(limit);
                        self.pending = Some(Pending::upload(head, body, limit));
                        Step::Partial
                    }
                    outcome => Step::Request(outcome),
                }
            }
            Ok(Some(Event::Data(data))) => {
                take_piece(&mut self.pending, &mut answer, handler, place, data)
            }
            Ok(Some(Event::End { .. })) => take_end(&mut self.pending, &mut answer, handler, place),
            // Paused with nothing pending: nothing after this is to be parsed.
            Ok(Some(_)) => Step::Stuck,
            Err(error) => {
                let head = self.pending.as_ref().and_then(Pending::head);
                answer.reject(handler, &Rejection::Malformed(&error), head);
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

    /// Sets the deadline if we now wait for something else than before.
    fn set_stage<H>(&mut self, core: &mut Core, context: &Context<'_, H>) {
        let config = context.config;
        let stage = match &self.pending {
            Some(Pending::Uploading(_) | Pending::Receiving(_)) => Stage::Body,
            Some(Pending::Held(_) | Pending::Body(_)) => Stage::Pending,
            None if self.machine.is_idle() => Stage::Idle,
            None => Stage::Head,
        };
        if stage == self.stage {
            return;
        }
        self.stage = stage;
        if stage == Stage::Idle && core.guest.as_ref().is_some_and(|guest| guest.is_request) {
            core.guest = None;
        }
        if core.reserved && stage == Stage::Head {
            // Its time began with the connection.
            return;
        }
        core.deadlines.clear(Deadline::Protocol);
        core.deadlines.clear(Deadline::Receive);
        let (deadline, timeout) = match stage {
            Stage::Pending => return,
            Stage::Idle => (Deadline::Protocol, config.idle_timeout),
            Stage::Head => (Deadline::Protocol, config.head_timeout),
            Stage::Body if core.reserved => (
                Deadline::Receive,
                (config.reserve_timeout * RESERVED_BODY).min(config.body_timeout),
            ),
            Stage::Body => (Deadline::Receive, config.body_timeout),
        };
        core.deadlines.set(deadline, after(context.now, timeout));
    }

    /// What is awaited of the peer, and how long it may take.
    pub(super) fn timeout(&self, config: &Config) -> Option<(Deadline, Duration)> {
        match self.stage {
            Stage::Head => Some((Deadline::Protocol, config.head_timeout)),
            Stage::Body => Some((Deadline::Receive, config.body_timeout)),
            Stage::Idle | Stage::Pending => None,
        }
    }

    /// Bytes of memory for a head or a body that is not whole.
    pub(super) fn held(&self) -> usize {
        let head = self.buffer.as_ref().map_or(0, |buffer| buffer.capacity());
        head + self.pending.as_ref().map_or(0, Pending::held)
    }

    /// Lets the handler deal with the stream, if there is one.
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
            reserved: false,
        };
        let (stream, output) = match pending {
            Pending::Uploading(_) => return (None, Next::Stay),
            Pending::Receiving(stream) | Pending::Held(stream) => {
                (stream, answer.held(timer, &mut over))
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
        if let Some(stream) = self.pending.take().and_then(Pending::into_stream) {
            context.handler.closed(core.id, stream, Ending::Finished);
        }
        core.note(context, Some(End::Done));
        core.deadlines.clear(Deadline::Application);
        core.wants_ready = false;
        if self.machine.should_close() {
            return Next::Finish(Ending::Finished);
        }
        self.set_stage(core, context);
        Next::Stay
    }
}

/// How many bytes may be left of a body whose request was answered at its head, so that we receive and drop
/// them and the connection goes on.
const DRAIN: u64 = 64 * 1024;
/// How much longer than its head a body may take over a connection of the reserve.
const RESERVED_BODY: u32 = 5;
/// Requests of one read that are answered before others have their turn.
const REQUESTS: usize = 64;
