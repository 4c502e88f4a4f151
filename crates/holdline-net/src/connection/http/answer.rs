//! What it takes to answer a request.

use holdline_http1::{HeaderBlock, RequestHead, ServerConnection};

use crate::handler::{Ending, Handler, Rejection, Request};
use crate::output::{Exchange, Outcome, Responder};
use crate::queue::Outgoing;

pub(super) struct Answer<'a> {
    pub(super) machine: &'a mut ServerConnection,
    pub(super) outgoing: &'a mut Outgoing,
    pub(super) date: &'a HeaderBlock,
    /// There are too many connections.
    pub(super) refused: bool,
}

impl Answer<'_> {
    /// Has the handler answer a request.
    pub(super) fn request<H: Handler>(
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
    pub(super) fn reject<H: Handler>(
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

    pub(super) fn exchange<'e>(
        &'e mut self,
        request_head: Option<RequestHead<'e>>,
    ) -> Exchange<'e> {
        Exchange {
            machine: self.machine,
            outgoing: self.outgoing,
            date: self.date,
            request_head,
        }
    }
}
