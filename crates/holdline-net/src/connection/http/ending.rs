//! How a request ends that is not answered as others are: its time is over, there is no room, its client has left, or the
//! server stops.

use super::super::context::{Context, Driven, Next};
use super::super::core::Core;
use super::super::deadlines::{Deadline, after};
use super::answer::Answer;
use super::pending::Pending;
use super::{Http, Stage};
use crate::finished::{End, Late};
use crate::handler::{Ending, Handler, Rejection};

impl<S> Http<S> {
    /// There is no room for the rest of a request.
    pub(in crate::connection) fn shed<H: Handler<Stream = S>>(
        &mut self,
        context: &mut Context<'_, H>,
    ) -> Result<Next<S>, Driven> {
        match self.stage {
            Stage::Head | Stage::Body => {
                self.machine.abandon_request();
                self.reject(context, &Rejection::NoRoom);
                Ok(Next::Finish(Ending::NoRoom))
            }
            // It has been answered, or is being answered, and has sent more.
            Stage::Idle | Stage::Pending => Err(Driven::Close(Ending::NoRoom)),
        }
    }

    /// The peer has shut down its side while no response is pending.
    pub(in crate::connection) fn eof<H: Handler<Stream = S>>(
        &mut self,
        context: &mut Context<'_, H>,
    ) -> Next<S> {
        if let Err(error) = self.machine.receive_eof() {
            self.reject(context, &Rejection::Malformed(&error));
        }
        Next::Finish(Ending::Disconnected)
    }

    /// The peer has shut down its side while a response is pending, and the handler was told.
    pub(in crate::connection) fn half_closed<H>(
        &mut self,
        context: &mut Context<'_, H>,
    ) -> Next<S> {
        match &self.pending {
            Some(Pending::Body(_)) => self.end_body(context),
            Some(Pending::Held(_)) => {}
            _ => return Next::Stay,
        }
        Next::Finish(Ending::Disconnected)
    }

    fn end_body<H>(&mut self, context: &mut Context<'_, H>) {
        if let Err(error) = self.machine.send_end(&mut context.scratch.outgoing.bytes) {
            tracing::debug!(%error, "a body could not be ended");
        }
    }

    pub(in crate::connection) fn timed_out<H: Handler<Stream = S>>(
        &mut self,
        deadline: Deadline,
        core: &mut Core,
        context: &mut Context<'_, H>,
    ) -> Result<Next<S>, Driven> {
        core.deadlines.clear(deadline);
        if !core.queue.is_empty() {
            // It is still being answered: how long that may take is another deadline's business.
            let at = after(context.now, context.config.head_timeout);
            core.deadlines.set(deadline, at);
            return Ok(Next::Stay);
        }
        match self.stage {
            Stage::Idle => Err(Driven::Close(Ending::Finished)),
            Stage::Pending => Ok(Next::Stay),
            Stage::Head | Stage::Body => {
                core.why = Some(End::Late(match self.stage {
                    Stage::Head => Late::Head,
                    _ => Late::Body,
                }));
                self.machine.abandon_request();
                self.reject(context, &Rejection::Timeout);
                Ok(Next::Finish(Ending::TimedOut))
            }
        }
    }

    /// The server stops, and the handler was told.
    pub(in crate::connection) fn stop<H: Handler<Stream = S>>(
        &mut self,
        context: &mut Context<'_, H>,
    ) -> Next<S> {
        match &self.pending {
            None if self.machine.is_idle() => {}
            // A request is on its way: it is answered, and then the connection closes.
            None | Some(Pending::Uploading(_)) => return Next::Stay,
            Some(Pending::Receiving(_) | Pending::Held(_)) => {
                self.reject(context, &Rejection::Stopping);
            }
            Some(Pending::Body(_)) => self.end_body(context),
        }
        Next::Finish(Ending::Stopped)
    }

    fn reject<H: Handler>(&mut self, context: &mut Context<'_, H>, rejection: &Rejection<'_>) {
        let mut answer = Answer {
            machine: &mut self.machine,
            outgoing: &mut context.scratch.outgoing,
            date: context.date,
            reserved: false,
        };
        let head = self.pending.as_ref().and_then(Pending::head);
        answer.reject(context.handler, rejection, head);
    }
}
