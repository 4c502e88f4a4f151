//! What a handler writes to: typed by what the connection is, so that nothing can be sent that
//! the protocol does not allow at that point.

mod raw;
mod websocket;

use std::time::Duration;

use bytes::Bytes;
use holdline_http1::{
    Dated, Fields, HeaderBlock, PreChunked, PreparedResponse, RequestHead, ResponseBody, SendError,
    ServerConnection,
};

pub(crate) use self::raw::Over;
pub use self::raw::Raw;
pub use self::websocket::WebSocketOutput;
use crate::clock;
use crate::queue::Outgoing;

/// A request that awaits its response.
#[derive(Debug)]
pub struct Exchange<'a> {
    pub(crate) machine: &'a mut ServerConnection,
    pub(crate) outgoing: &'a mut Outgoing,
    pub(crate) date: &'a HeaderBlock,
    pub(crate) request_head: Option<RequestHead<'a>>,
}

impl Exchange<'_> {
    /// The head of the request that is refused, if it arrived whole and without a fault: the fault
    /// is then in the body, or with the server. `None` too for a request that was held.
    #[must_use]
    pub fn request_head(&self) -> Option<RequestHead<'_>> {
        self.request_head
    }

    /// Answers with the whole body. `Content-Length`, `Connection`, and a `Date` unless the fields have one, are added.
    ///
    /// # Errors
    /// A header field that cannot be sent. Nothing has been written.
    pub fn respond(
        &mut self,
        status: u16,
        headers: impl Fields,
        body: &[u8],
    ) -> Result<(), SendError> {
        let headers = Dated::new(self.date, headers);
        self.machine
            .respond(status, headers, body, &mut self.outgoing.bytes)?;
        self.outgoing.status = Some(status);
        Ok(())
    }

    /// Answers with the whole body, which is written from where it is if it is long.
    ///
    /// # Errors
    /// As [`respond`](Self::respond).
    pub fn respond_shared(
        &mut self,
        status: u16,
        headers: impl Fields,
        body: &Bytes,
    ) -> Result<(), SendError> {
        let headers = Dated::new(self.date, headers);
        let out = &mut self.outgoing.bytes;
        let rest = self.machine.respond_shared(status, headers, body, out)?;
        self.outgoing.push_shared(&rest);
        self.outgoing.status = Some(status);
        Ok(())
    }

    /// Answers with a response that was made before. Its `Date` is renewed when it is not that of this second.
    ///
    /// # Errors
    /// The request is a CONNECT, which a 2xx with a body cannot answer. Nothing has been written.
    pub fn respond_prepared(&mut self, response: &mut PreparedResponse) -> Result<(), SendError> {
        clock::renew_date(response, self.date);
        self.machine
            .respond_prepared(response, &mut self.outgoing.bytes)?;
        self.outgoing.status = Some(response.status());
        Ok(())
    }

    pub(crate) fn send_head(
        &mut self,
        status: u16,
        headers: impl Fields,
        body: ResponseBody,
    ) -> Result<(), SendError> {
        let headers = Dated::new(self.date, headers);
        self.machine
            .send_response(status, headers, body, &mut self.outgoing.bytes)?;
        self.outgoing.status = Some(status);
        Ok(())
    }
}

/// Where a stream's bytes go.
#[derive(Debug)]
pub enum Output<'a> {
    /// A request that is held: it can be answered.
    Held(Held<'a>),
    /// A response body that is being sent: it can be continued and ended.
    Body(Body<'a>),
    /// A WebSocket: it can be sent messages, and closed.
    WebSocket(WebSocketOutput<'a>),
    /// A connection of a [raw listener](crate::Listener::raw): it can be sent bytes, and closed.
    Raw(Raw<'a>),
}

impl Output<'_> {
    /// Asks for [`Handler::timer`](crate::Handler::timer) to be called once, `after` from now. Replaces the
    /// timer that was set before.
    pub fn set_timer(&mut self, after: Duration) {
        match self {
            Output::Held(held) => held.timer.set(after),
            Output::Body(body) => body.timer.set(after),
            Output::WebSocket(socket) => socket.timer.set(after),
            Output::Raw(raw) => raw.timer.set(after),
        }
    }
}

/// The handler's timer of one connection, in milliseconds of the loop's clock.
#[derive(Debug)]
pub(crate) struct Timer<'a> {
    pub(crate) at: &'a mut u64,
    pub(crate) now: u64,
}

impl Timer<'_> {
    fn set(&mut self, after: Duration) {
        let after = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        *self.at = self.now.saturating_add(after);
    }
}

/// A held request.
#[derive(Debug)]
pub struct Held<'a> {
    pub(crate) exchange: Exchange<'a>,
    pub(crate) timer: Timer<'a>,
    pub(crate) over: &'a mut bool,
}

impl Held<'_> {
    /// Answers the request. The stream is over.
    ///
    /// # Errors
    /// A header field that cannot be sent. Nothing has been written.
    pub fn respond(
        mut self,
        status: u16,
        headers: impl Fields,
        body: &[u8],
    ) -> Result<(), SendError> {
        self.exchange.respond(status, headers, body)?;
        *self.over = true;
        Ok(())
    }

    /// The same, without a copy if `body` is long: then it is written from where it is. The server drops its clone of it
    /// when the client's system took it, or when the connection ends.
    ///
    /// # Errors
    /// As for [`respond`](Self::respond).
    pub fn respond_shared(
        mut self,
        status: u16,
        headers: impl Fields,
        body: &Bytes,
    ) -> Result<(), SendError> {
        self.exchange.respond_shared(status, headers, body)?;
        *self.over = true;
        Ok(())
    }

    /// Answers with a response that was made before, as
    /// [`Responder::respond_prepared`](crate::Responder::respond_prepared) does. The stream is over.
    ///
    /// # Errors
    /// As there.
    pub fn respond_prepared(mut self, response: &mut PreparedResponse) -> Result<(), SendError> {
        self.exchange.respond_prepared(response)?;
        *self.over = true;
        Ok(())
    }
}

/// A response body that is being sent.
#[derive(Debug)]
pub struct Body<'a> {
    pub(crate) machine: &'a mut ServerConnection,
    pub(crate) outgoing: &'a mut Outgoing,
    pub(crate) timer: Timer<'a>,
    pub(crate) over: &'a mut bool,
    pub(crate) queued: usize,
}

impl Body<'_> {
    /// Whether more should be written now. A handler that stops because there is no room returns
    /// [`Progress::More`](crate::Progress::More). What is written without room is queued.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.queued + self.outgoing.len() < ROOM
    }

    /// Sends `data` as one chunk. Empty data sends nothing.
    ///
    /// # Errors
    /// The body is over.
    pub fn send(&mut self, data: &[u8]) -> Result<(), SendError> {
        self.machine.send_data(data, &mut self.outgoing.bytes)
    }

    /// The same, without a copy if `data` is long: then it is written from where it is, between the two ends
    /// of its chunk.
    ///
    /// # Errors
    /// The body is over.
    pub fn send_shared(&mut self, data: &Bytes) -> Result<(), SendError> {
        if let Some(frame) = self.machine.send_frame(data.len())? {
            self.outgoing.bytes.extend_from_slice(frame.before());
            self.outgoing.push_shared(data);
            self.outgoing.bytes.extend_from_slice(frame.after());
        }
        Ok(())
    }

    /// Sends a chunk that was encoded once for all receivers.
    ///
    /// # Errors
    /// The body is over.
    pub fn send_prechunked(&mut self, data: &PreChunked) -> Result<(), SendError> {
        let bytes = self.machine.send_prechunked(data)?;
        self.outgoing.push_shared(&bytes);
        Ok(())
    }

    /// Ends the body. The stream is over.
    ///
    /// # Errors
    /// The body is over already.
    pub fn end(self) -> Result<(), SendError> {
        self.machine.send_end(&mut self.outgoing.bytes)?;
        *self.over = true;
        Ok(())
    }
}

/// How many bytes may wait for the socket before a handler is asked to stop writing.
pub(crate) const ROOM: usize = 64 * 1024;
