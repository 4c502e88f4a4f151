//! From bytes to the items of many messages, without the bookkeeping of a connection.

use core::fmt;

use crate::body::{Body, BodyItem};
use crate::buffer::{Buffer, Span};
use crate::error::{Fault, ReceiveError, ReceiveErrorKind as Kind};
use crate::framing::BodyLength;
use crate::header::Headers;
use crate::input::take;
use crate::limits::Reading;
use crate::section::{Place, collect};
use crate::wire::scan::{Rules, Scan};

mod request;
mod response;

pub use request::RequestDecoder;
pub(crate) use request::Requests;
pub use response::ResponseDecoder;
pub(crate) use response::Responses;

/// What requests and responses do not have in common.
pub(crate) trait Message: Clone + fmt::Debug {
    type Event<'b>;
    /// A head that was judged, whose spans are not yet beside it.
    type Head<'b>;

    fn scan() -> Scan;

    /// The head at the start of `bytes`, if it is complete and well-formed.
    fn read<'b>(
        &self,
        bytes: &'b [u8],
        reading: &Reading,
        spans: &mut alloc::vec::Vec<Span>,
    ) -> Option<Result<Self::Head<'b>, Fault>>;

    /// Bytes that the head takes.
    fn consumed(head: &Self::Head<'_>) -> usize;

    /// What comes after a head.
    fn follow(&mut self, head: &Self::Head<'_>) -> Next;

    fn head<'b>(head: Self::Head<'b>, bytes: &'b [u8], spans: &'b [Span]) -> Self::Event<'b>;

    fn data(data: &[u8]) -> Self::Event<'_>;
    fn end(trailers: Headers<'_>) -> Self::Event<'_>;
    fn paused<'b>() -> Self::Event<'b>;

    /// The error as its reader needs it.
    fn error(error: ReceiveError) -> ReceiveError;
}

/// What comes after a head.
pub(crate) enum Next {
    /// Another head: this one was informational.
    Head,
    Body {
        length: BodyLength,
        /// No other message may follow.
        is_last: bool,
    },
}

/// The messages of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Decoder<M> {
    pub(crate) message: M,
    pub(crate) reading: Reading,
    /// Stream offset of the next byte.
    at: u64,
    stage: Stage,
    /// The message before or the current one allows no other after it.
    is_last: bool,
    error: Option<ReceiveError>,
}

/// Where in a message the next byte is.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Head(Scan),
    Body(Body),
}

impl<M> Decoder<M> {
    /// `scan` is that of [`Message::scan`], which cannot be called in a constant.
    pub(crate) const fn new(message: M, scan: Scan, reading: Reading) -> Self {
        Self {
            message,
            reading,
            at: 0,
            stage: Stage::Head(scan),
            is_last: false,
            error: None,
        }
    }

    /// The stream offset of the next byte: how many were taken.
    pub(crate) const fn position(&self) -> u64 {
        self.at
    }

    pub(crate) const fn error(&self) -> Option<ReceiveError> {
        self.error
    }

    /// Whether no byte of a next head was taken, and no item is due.
    pub(crate) fn is_between(&self) -> bool {
        matches!(&self.stage, Stage::Head(scan) if scan.len() == 0)
    }

    /// Whether only the `End` of a message without more body is due.
    pub(crate) fn is_end_due(&self) -> bool {
        matches!(self.stage, Stage::Body(Body::Length(0)))
    }

    pub(crate) fn is_at_head(&self) -> bool {
        matches!(self.stage, Stage::Head(_))
    }

    /// The stream offset where the current head began.
    pub(crate) fn message_at(&self) -> u64 {
        match &self.stage {
            Stage::Head(scan) => self.at - scan.len() as u64,
            Stage::Body(_) => self.at,
        }
    }

    /// Whether a byte of the current body was taken, even if only of a chunk size.
    pub(crate) fn body_has_begun(&self) -> bool {
        match &self.stage {
            Stage::Body(Body::Chunks(chunks)) => chunks.has_begun(),
            Stage::Body(Body::Length(_)) => false,
            _ => true,
        }
    }

    /// Bytes of the current body that are still to come, when that is known.
    pub(crate) fn body_remaining(&self) -> Option<u64> {
        match &self.stage {
            Stage::Body(Body::Length(remaining)) => Some(*remaining),
            _ => None,
        }
    }
}

impl<M: Message> Decoder<M> {
    /// The stream has ended. An `End` that was due is given.
    pub(crate) fn decode_eof(&mut self) -> Result<Option<M::Event<'static>>, ReceiveError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let ended = match &mut self.stage {
            Stage::Body(body) => body.eof(self.at),
            Stage::Head(scan) if scan.is_blank() || scan.len() == 0 => Ok(false),
            Stage::Head(_) => Err(ReceiveError::new(Kind::TruncatedHead, self.at)),
        };
        match ended {
            Ok(false) => Ok(None),
            Ok(true) => {
                self.stage = Stage::Head(M::scan());
                Ok(Some(M::end(Headers::empty())))
            }
            Err(error) => Err(self.note(error)),
        }
    }

    /// Takes and drops the data of the current body. Gives the number of bytes dropped.
    pub(crate) fn discard(&mut self, input: &mut &[u8]) -> Result<u64, ReceiveError> {
        if let Some(error) = self.error {
            return Err(self.stop(error, input));
        }
        let Stage::Body(body) = &mut self.stage else {
            return Ok(0);
        };
        let start = self.at;
        match body.discard(input, &self.reading, &mut self.at) {
            Ok(()) => Ok(self.at - start),
            Err(error) => Err(self.stop(error, input)),
        }
    }

    /// A rule that depends on more than the bytes was broken here.
    pub(crate) fn fail(&mut self, kind: Kind, at: u64) -> ReceiveError {
        match self.error {
            Some(error) => error,
            None => self.note(ReceiveError::new(kind, at)),
        }
    }

    /// The peer broke a rule: nothing more is looked at.
    #[cold]
    fn stop(&mut self, error: ReceiveError, input: &mut &[u8]) -> ReceiveError {
        *input = Default::default();
        self.note(error)
    }

    /// Every later call gives this error.
    #[cold]
    fn note(&mut self, error: ReceiveError) -> ReceiveError {
        *self.error.insert(M::error(error))
    }

    /// Takes the next item from the front of `input`. After an error all of it is taken.
    // What needs no look at a byte is answered here, and folded into the caller.
    #[inline]
    pub(crate) fn decode<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<M::Event<'b>>, ReceiveError> {
        if let Some(error) = self.error {
            return Err(self.stop(error, input));
        }
        match &self.stage {
            Stage::Head(_) if self.is_last => Ok((!input.is_empty()).then(M::paused)),
            Stage::Head(scan) if scan.len() == 0 && input.is_empty() => {
                buffer.reset();
                Ok(None)
            }
            Stage::Head(_) => self.next_head(input, buffer),
            Stage::Body(Body::Length(0)) => {
                buffer.between();
                self.stage = Stage::Head(M::scan());
                Ok(Some(M::end(Headers::empty())))
            }
            Stage::Body(_) => self.next_of_body(input, buffer),
        }
    }

    fn next_head<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<M::Event<'b>>, ReceiveError> {
        if self.is_between() {
            buffer.reset();
            let bytes: &'b [u8] = input;
            match self.message.read(bytes, &self.reading, &mut buffer.spans) {
                Some(Ok(head)) => {
                    take(input, M::consumed(&head), &mut self.at);
                    self.begin(&head);
                    return Ok(Some(M::head(head, bytes, &buffer.spans)));
                }
                Some(Err(fault)) => return Err(self.stop(fault.error(self.at), input)),
                None => {}
            }
        }
        self.next_head_in_pieces(input, buffer)
    }

    // Apart, so that the usual case writes its item once.
    #[inline(never)]
    fn next_head_in_pieces<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<M::Event<'b>>, ReceiveError> {
        let joined = self.join_head(input, buffer);
        joined.map_err(|error| self.stop(error, input))
    }

    /// A head that is bad, or not complete in this input.
    fn join_head<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<M::Event<'b>>, ReceiveError> {
        let Stage::Head(scan) = &mut self.stage else {
            return Ok(None);
        };
        let head_at = self.at - scan.len() as u64;
        let rules = Rules::head(&self.reading);
        let bytes: &'b [u8] = match collect(scan, &rules, input, buffer, &mut self.at)? {
            None => return Ok(None),
            Some(Place::Input(bytes)) => bytes,
            Some(Place::Buffer) => &buffer.bytes,
        };
        match self.message.read(bytes, &self.reading, &mut buffer.spans) {
            Some(Ok(head)) => {
                self.begin(&head);
                Ok(Some(M::head(head, bytes, &buffer.spans)))
            }
            Some(Err(fault)) => Err(fault.error(head_at)),
            // The buffer holds other bytes than those that were scanned.
            None => Err(ReceiveError::new(Kind::BufferMismatch, self.at)),
        }
    }

    #[inline(always)]
    fn begin(&mut self, head: &M::Head<'_>) {
        match self.message.follow(head) {
            Next::Head => self.stage = Stage::Head(M::scan()),
            Next::Body { length, is_last } => {
                self.stage = Stage::Body(Body::new(length));
                self.is_last = is_last;
            }
        }
    }

    fn next_of_body<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<M::Event<'b>>, ReceiveError> {
        let Stage::Body(body) = &mut self.stage else {
            return Ok(None);
        };
        let item = match body.next(input, buffer.between(), &self.reading, &mut self.at) {
            Ok(item) => item,
            Err(error) => return Err(self.stop(error, input)),
        };
        // As after a head that needed leniency.
        self.is_last |= body.was_lenient();
        match item {
            None => Ok(None),
            Some(BodyItem::Data(data)) => Ok(Some(M::data(data))),
            Some(BodyItem::End { trailers }) => {
                self.stage = Stage::Head(M::scan());
                Ok(Some(M::end(trailers)))
            }
        }
    }

    /// Whether a message that was taken allows no other after it.
    pub(crate) const fn is_last(&self) -> bool {
        self.is_last
    }
}
