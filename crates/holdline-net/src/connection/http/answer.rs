//! What it takes to answer a request.

use std::sync::Arc;

use holdline_http1::{BodyLength, Event, HeaderBlock, ReceiveError, RequestHead, ServerConnection};

use super::super::core::{Core, Origin};
use super::super::tapped::Tapped;
use crate::address::Address;
use crate::addresses::{Addresses, Entry, Guest};
use crate::config::Config;
use crate::handler::{ConnectionId, Ending, Handler, Rejection, Request};
use crate::output::{Exchange, Held, Output, Timer};
use crate::queue::Outgoing;
use crate::raw;
use crate::responder::{Intake, Outcome, Responder};
use crate::shared::Shared;
use crate::socket::PeerSocket;

/// Whose request it is, and the application's timer of that connection.
pub(super) struct Place<'a> {
    pub(super) id: ConnectionId,
    origin: Origin,
    /// Where the listener listens.
    listens: Option<&'a Address>,
    socket: &'a PeerSocket,
    addresses: &'a Arc<Addresses>,
    crowded: bool,
    guest: &'a mut Option<Box<Guest>>,
    tapped: &'a mut Tapped,
    pub(super) timer: Timer<'a>,
}

/// Bytes that the machine of HTTP took.
#[derive(Clone, Copy)]
pub(super) struct Input<'i> {
    bytes: &'i [u8],
    /// They belong to a request whose head came before.
    of_body: bool,
    /// Bytes of responses that wait for the socket.
    queued: usize,
}

impl<'a> Place<'a> {
    pub(super) fn of(core: &'a mut Core, shared: &'a Shared, now: u64) -> Self {
        Self {
            id: core.id,
            origin: core.origin,
            listens: shared.address(core.origin.listener),
            socket: &core.socket,
            addresses: &shared.addresses,
            crowded: core.crowded,
            guest: &mut core.guest,
            tapped: &mut core.tapped,
            timer: core.deadlines.timer(now),
        }
    }

    /// Counts another request for its client's address, if that is behind a proxy. Returns whether it may be served.
    pub(super) fn admit(&mut self, head: &RequestHead<'_>) -> bool {
        if self.crowded {
            return false;
        }
        if self.guest.as_ref().is_some_and(|guest| guest.is_request) {
            // The request before this one is over.
            *self.guest = None;
        }
        let peer = self.origin.peer().map(|peer| peer.ip());
        match self.addresses.request(peer, head) {
            Entry::Free => true,
            Entry::Counted(guest) => {
                *self.guest = Some(Box::new(guest));
                true
            }
            Entry::Refused(_) | Entry::Dropped => false,
        }
    }

    /// Shows what came to the taps that see it, and asks the handler for one if it is the head of a
    /// request.
    pub(super) fn tap<H: Handler>(
        &mut self,
        handler: &mut H,
        received: &Result<Option<Event<'_>>, ReceiveError>,
        input: Input<'_>,
        config: &Config,
    ) {
        let Input { bytes, queued, .. } = input;
        match received {
            _ if !config.taps => {}
            _ if input.of_body => self.tapped.body(bytes),
            Ok(Some(Event::Request { head, .. })) => {
                let tap = match self.tapped.is_complete() {
                    true => handler.tap(&self.request(*head, &[])),
                    false => None,
                };
                self.tapped.begin(tap, bytes, queued);
            }
            Ok(_) => self.tapped.early(bytes, queued, config.http.max_head),
            Err(_) => self.tapped.fault(queued),
        }
    }

    pub(super) fn request<'r>(&'r self, head: RequestHead<'r>, body: &'r [u8]) -> Request<'r> {
        Request {
            head,
            body,
            connection: self.id,
            listener: usize::from(self.origin.listener),
            peer: self.origin.peer(),
            place: raw::Place {
                listens: self.listens,
                socket: self.socket,
                addresses: self.addresses,
            },
        }
    }
}

impl<'i> Input<'i> {
    /// Of `whole`, all but the last `left` bytes.
    pub(super) fn new(whole: &'i [u8], left: usize, of_body: bool, queued: usize) -> Self {
        Self {
            bytes: whole.get(..whole.len() - left).unwrap_or_default(),
            of_body,
            queued,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.bytes.len()
    }
}

pub(super) struct Answer<'a> {
    pub(super) machine: &'a mut ServerConnection,
    pub(super) outgoing: &'a mut Outgoing,
    pub(super) date: &'a HeaderBlock,
    /// There are too many connections: this is one of the reserve.
    pub(super) reserved: bool,
}

impl Answer<'_> {
    /// Lets the handler decide about the body of a request.
    pub(super) fn head<H: Handler>(
        &mut self,
        handler: &mut H,
        request: &Request<'_>,
        length: BodyLength,
        config: &Config,
    ) -> Outcome<H::Stream> {
        if self.is_refused(handler, request) {
            return Outcome::Answered;
        }
        let mut outcome = Outcome::TakeBody(config.http.max_body);
        let intake = Intake {
            exchange: self.exchange(Some(request.head)),
            outcome: &mut outcome,
            length,
        };
        handler.head(request, intake);
        if let Outcome::TakeBody(limit) = &mut outcome {
            *limit = (*limit).min(config.max_upload_total as u64);
        }
        match (&outcome, length) {
            (&Outcome::TakeBody(limit), BodyLength::Known(length)) if length > limit => {
                let rejection = Rejection::BodyTooLarge { limit };
                self.reject(handler, &rejection, Some(request.head));
                Outcome::Answered
            }
            _ => self.check(handler, request, outcome),
        }
    }

    /// Lets the handler answer a request.
    pub(super) fn request<H: Handler>(
        &mut self,
        handler: &mut H,
        request: &Request<'_>,
    ) -> Outcome<H::Stream> {
        if self.is_refused(handler, request) {
            return Outcome::Answered;
        }
        let mut outcome = Outcome::Unanswered;
        let responder = Responder {
            exchange: self.exchange(Some(request.head)),
            outcome: &mut outcome,
        };
        handler.request(request, responder);
        self.check(handler, request, outcome)
    }

    /// Refuses a request over a connection of the reserve, unless the handler serves it even so.
    fn is_refused<H: Handler>(&mut self, handler: &mut H, request: &Request<'_>) -> bool {
        if !self.reserved {
            return false;
        }
        let is_refused = !handler.serves_when_full(request);
        if is_refused {
            self.reject(handler, &Rejection::TooManyConnections, Some(request.head));
        } else {
            self.machine.close_after_response();
        }
        is_refused
    }

    /// If the handler left it unanswered, the answer is an error.
    fn check<H: Handler>(
        &mut self,
        handler: &mut H,
        request: &Request<'_>,
        outcome: Outcome<H::Stream>,
    ) -> Outcome<H::Stream> {
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

    /// What a handler answers a held request with. `over` becomes true when it did.
    pub(super) fn held<'h>(&'h mut self, timer: Timer<'h>, over: &'h mut bool) -> Output<'h> {
        Output::Held(Held {
            exchange: self.exchange(None),
            timer,
            over,
        })
    }
}
