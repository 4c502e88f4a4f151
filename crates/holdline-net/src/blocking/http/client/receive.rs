//! What a client receives.

use std::io::{self, ErrorKind, Read, Write};
use std::ops::Range;
use std::time::{Duration, Instant};

use holdline_http1::{BodyLength, ReceiveErrorKind, ResponseEvent};

use super::super::incoming::Incoming;
use super::super::{Error, Response};
use super::Client;

/// How [`Client::wait_for_continue`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expectation {
    /// The server wants the body: it said `100 Continue`, or the request did not ask.
    Continue,
    /// The server has answered without the body: read the response.
    Answered,
    /// Nothing came in time. Send the body: there are servers that do not know `Expect` (RFC 9110 §10.1.1).
    Late,
}

/// What the machine has received, without borrows.
enum Step {
    Head(Response),
    Data(Range<usize>),
    End,
}

impl<S: Read + Write + 'static> Client<S> {
    /// Waits for the head of the final response. Informational ones are skipped, except 101.
    ///
    /// # Errors
    ///
    /// [`Error::NoRequest`]. [`Error::Receive`], also when the stream ends before the response.
    /// [`Error::Stale`] when it does so on a connection that was used before. [`Error::Io`].
    pub fn read_response(&mut self) -> Result<Response, Error> {
        let until = self.until();
        loop {
            let head = self.next_head(until)?;
            if !head.is_informational() {
                return Ok(head);
            }
        }
    }

    /// Waits for the head of the next response, informational ones such as 103 included
    /// ([`Response::is_informational`]).
    ///
    /// # Errors
    ///
    /// As [`read_response`](Self::read_response).
    pub fn read_any_response(&mut self) -> Result<Response, Error> {
        let until = self.until();
        self.next_head(until)
    }

    /// After a request with `Expect: 100-continue`: waits until the server wants the body, for at most
    /// `timeout` (RFC 9110 §10.1.1). What came is kept for
    /// [`read_any_response`](Self::read_any_response).
    ///
    /// A stream other than a socket may take one read timeout of its own longer.
    ///
    /// # Errors
    ///
    /// As [`read_response`](Self::read_response).
    pub fn wait_for_continue(&mut self, timeout: Duration) -> Result<Expectation, Error> {
        let until = Instant::now().checked_add(timeout);
        loop {
            if self.is_answered() {
                return Ok(Expectation::Answered);
            }
            if !self.machine.awaits_continue() {
                return Ok(Expectation::Continue);
            }
            match self.receive(until) {
                Ok(Step::Head(head)) => self.take_early(head),
                Ok(_) => {}
                Err(error) if !error.is_timeout() => return Err(error),
                Err(_) if until.is_some_and(|until| until <= Instant::now()) => {
                    return Ok(Expectation::Late);
                }
                // The stream's own timeout is shorter.
                Err(_) => {}
            }
        }
    }

    /// The next piece of the response's body, as it came. `None` at its end.
    ///
    /// # Errors
    ///
    /// [`Error::Receive`], also when the stream ends within the body. [`Error::Io`].
    pub fn read_data(&mut self) -> Result<Option<&[u8]>, Error> {
        let until = self.until();
        Ok(self.data(until)?.map(|range| self.io.piece(range)))
    }

    /// The whole body of the response, or what [`read_data`](Self::read_data) left of it, of at most
    /// `limit` bytes. After a timeout the next call goes on.
    ///
    /// # Errors
    ///
    /// [`Error::BodyTooLong`], at once when the length is announced; the connection cannot be used again
    /// then. Otherwise as `read_data`.
    pub fn read_body(&mut self, limit: usize) -> Result<Vec<u8>, Error> {
        self.incoming.check(limit)?;
        let until = self.until();
        while let Some(range) = self.data(until)? {
            self.incoming.collect(self.io.piece(range), limit)?;
        }
        Ok(self.incoming.take_collected())
    }

    /// What comes of the body within `limit` bytes and the time of this call, however it ends.
    pub(in crate::blocking) fn read_what_comes(&mut self, limit: usize) -> Vec<u8> {
        let until = self.until();
        // What there is of it is worth more than the reason why there is no more.
        while let Ok(Some(range)) = self.data(until) {
            if !self.incoming.collect_what_fits(self.io.piece(range), limit) {
                break;
            }
        }
        self.incoming.take_collected()
    }

    /// After a 101, or a 2xx to CONNECT: hands out the stream together with the bytes that were read
    /// after the response, which belong to the new protocol.
    ///
    /// # Errors
    ///
    /// [`Error::NotSwitched`].
    pub fn switch(self) -> Result<(S, Vec<u8>), Error> {
        if !self.machine.is_switched() {
            return Err(Error::NotSwitched);
        }
        Ok(self.into_parts())
    }

    /// Where in the read block the next piece of the body is.
    pub(in crate::blocking) fn data(
        &mut self,
        until: Option<Instant>,
    ) -> Result<Option<Range<usize>>, Error> {
        if self.incoming.is_over() {
            return Ok(None);
        }
        Ok(match self.receive(until)? {
            Step::Data(range) => Some(range),
            Step::Head(_) | Step::End => None,
        })
    }

    /// Looks for the final response in what came while the request was being sent.
    pub(super) fn finds_answer(&mut self) -> Result<bool, Error> {
        self.heard |= !self.io.unread().is_empty();
        while !self.is_answered() {
            match self.parse()? {
                Some(Step::Head(head)) => self.take_early(head),
                Some(_) => {}
                None => break,
            }
        }
        Ok(self.is_answered())
    }

    fn take_early(&mut self, head: Response) {
        // After an error or a redirect the rest of the request is of no use.
        self.refused |= head.status() >= 300;
        self.early.push_back(head);
    }

    fn next_head(&mut self, until: Option<Instant>) -> Result<Response, Error> {
        if !self.awaiting {
            return Err(Error::NoRequest);
        }
        let head = match self.early.pop_front() {
            Some(head) => head,
            None => loop {
                if let Step::Head(head) = self.receive(until)? {
                    break head;
                }
            },
        };
        if !head.is_informational() {
            self.begin_body(head.body())?;
        }
        Ok(head)
    }

    fn begin_body(&mut self, body: BodyLength) -> Result<(), Error> {
        self.awaiting = false;
        self.used = true;
        self.incoming = Incoming::from(body);
        if body == BodyLength::None && !self.machine.is_switched() {
            // It ends without another byte.
            self.parse()?;
        }
        Ok(())
    }

    /// Waits for the next event.
    fn receive(&mut self, until: Option<Instant>) -> Result<Step, Error> {
        loop {
            if let Some(step) = self.parse()? {
                return Ok(step);
            }
            let limit = self.timeout.unwrap_or_default();
            match self.io.is_fed(until, limit) {
                Ok(true) => self.heard = true,
                Ok(false) => return self.ended(),
                Err(error) => return Err(self.lost(error)),
            }
        }
    }

    /// Takes the next event out of what was read. `None`: more is needed.
    fn parse(&mut self) -> Result<Option<Step>, Error> {
        let mut input = self.io.unread();
        let event = self.machine.receive(&mut input, &mut self.buffer)?;
        let (step, length) = match event {
            Some(ResponseEvent::Response { head, body }) => {
                (Some(Step::Head(Response::new(&head, body))), 0)
            }
            Some(ResponseEvent::Informational(head)) => {
                let head = Response::new(&head, BodyLength::None);
                (Some(Step::Head(head)), 0)
            }
            Some(ResponseEvent::Data(data)) => (Some(Step::Data(0..0)), data.len()),
            Some(ResponseEvent::End { trailers }) => {
                self.incoming.end_with(trailers);
                (Some(Step::End), 0)
            }
            // Paused: the connection is closing or speaks another protocol, and nothing is to be received.
            Some(_) => return Err(Error::NoRequest),
            None => (None, 0),
        };
        let left = input.len();
        self.io.keep(left);
        Ok(match step {
            Some(Step::Data(_)) => Some(Step::Data(self.io.taken(length))),
            step => step,
        })
    }

    /// The stream from the server ended while the request was being sent, so that no answer can come any more.
    pub(super) fn unanswered(&mut self) -> Error {
        match self.ended() {
            Err(error) => error,
            Ok(_) => self.lost(ErrorKind::UnexpectedEof.into()),
        }
    }

    /// The stream from the server has ended.
    fn ended(&mut self) -> Result<Step, Error> {
        if let Some(error) = self.io.failure() {
            return Err(self.lost(error));
        }
        match self.machine.receive_eof() {
            Ok(Some(_)) => {
                self.incoming.end();
                Ok(Step::End)
            }
            Ok(None) => Err(self.lost(ErrorKind::UnexpectedEof.into())),
            Err(error)
                if error.kind() == ReceiveErrorKind::ConnectionEnded
                    && self.used
                    && !self.heard =>
            {
                let error = io::Error::new(ErrorKind::UnexpectedEof, error.kind().description());
                Err(Error::Stale(error))
            }
            Err(error) => Err(error.into()),
        }
    }
}
