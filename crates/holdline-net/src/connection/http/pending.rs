//! What a connection keeps of a request that is not answered yet.

use holdline_http1::{BodyLength, RequestHead, RequestHeadBuf};

use super::answer::{Answer, Place};
use crate::handler::Handler;
use crate::responder::Outcome;

/// A request or a response that takes its time.
pub(super) enum Pending<S> {
    /// The request's body is kept until it is whole.
    Uploading(Box<Upload>),
    /// The request's body is handed out as it comes.
    Receiving(S),
    /// The whole request is there, and will be answered later.
    Held(S),
    /// The response's body is being sent.
    Body(S),
}

/// A request whose body is coming, to be taken whole.
pub(super) struct Upload {
    head: RequestHeadBuf,
    /// Bytes of the head's texts, about.
    head_len: usize,
    body: Vec<u8>,
    /// How many bytes the body may have.
    most: usize,
}

impl Upload {
    /// Keeps a piece of the body. What is kept for it grows by doubling, but never beyond what it may have.
    fn push(&mut self, piece: &[u8]) {
        let (len, capacity) = (self.body.len(), self.body.capacity());
        let needed = len + piece.len();
        if needed > capacity {
            let room = (2 * capacity).min(self.most).max(needed);
            self.body.reserve_exact(room - len);
        }
        self.body.extend_from_slice(piece);
    }
}

impl<S> Pending<S> {
    /// `limit` is how many bytes the body may have, if its length is not known.
    pub(super) fn upload(head: RequestHead<'_>, body: BodyLength, limit: u64) -> Self {
        let most = match body {
            BodyLength::Known(length) => length,
            _ => limit,
        };
        let fields = head.headers().iter();
        let fields = fields.map(|(name, value)| name.len() + value.len() + FIELD);
        Self::Uploading(Box::new(Upload {
            head: head.to_owned(),
            head_len: head.target().len() + fields.sum::<usize>(),
            body: Vec::new(),
            most: usize::try_from(most).unwrap_or(usize::MAX),
        }))
    }

    /// Bytes of memory for a request that is not whole.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Uploading(upload) => {
                size_of::<Upload>() + upload.head_len + upload.body.capacity()
            }
            _ => 0,
        }
    }

    /// The head of a request whose body is coming.
    pub(super) fn head(&self) -> Option<RequestHead<'_>> {
        match self {
            Self::Uploading(upload) => Some(upload.head.as_ref()),
            _ => None,
        }
    }

    pub(super) fn into_stream(self) -> Option<S> {
        match self {
            Self::Uploading(_) => None,
            Self::Receiving(stream) | Self::Held(stream) | Self::Body(stream) => Some(stream),
        }
    }
}

/// What one call of the machine did.
#[allow(
    clippy::large_enum_variant,
    reason = "it lives from one line to the next, and with fewer features it is not large"
)]
pub(super) enum Step<S> {
    /// All input was taken.
    Starved,
    /// A part of a request was taken, and more belongs to it.
    Partial,
    /// A request, or the head of one, was given to the handler, which did this with it.
    Request(Outcome<S>),
    /// The handler has answered a request whose body it took in pieces.
    Finished,
    /// Nothing after this can be parsed.
    Stuck,
}

/// A piece of a request's body has come.
pub(super) fn take_piece<H: Handler>(
    pending: &mut Option<Pending<H::Stream>>,
    answer: &mut Answer<'_>,
    handler: &mut H,
    place: Place<'_>,
    data: &[u8],
) -> Step<H::Stream> {
    match pending {
        Some(Pending::Uploading(upload)) => {
            upload.push(data);
            Step::Partial
        }
        Some(Pending::Receiving(stream)) => {
            let mut over = false;
            let output = answer.held(place.timer, &mut over);
            handler.body_piece(place.id, stream, data, output);
            over.into()
        }
        _ => Step::Partial,
    }
}

/// A request's body is complete.
pub(super) fn take_end<H: Handler>(
    pending: &mut Option<Pending<H::Stream>>,
    answer: &mut Answer<'_>,
    handler: &mut H,
    place: Place<'_>,
) -> Step<H::Stream> {
    match pending.take() {
        Some(Pending::Uploading(upload)) => {
            let request = place.request(upload.head.as_ref(), &upload.body);
            Step::Request(answer.request(handler, &request))
        }
        Some(Pending::Receiving(mut stream)) => {
            let mut over = false;
            let output = answer.held(place.timer, &mut over);
            handler.body_end(place.id, &mut stream, output);
            *pending = Some(Pending::Held(stream));
            over.into()
        }
        other => {
            *pending = other;
            Step::Partial
        }
    }
}

impl<S> From<bool> for Step<S> {
    fn from(over: bool) -> Self {
        match over {
            true => Self::Finished,
            false => Self::Partial,
        }
    }
}

/// What a field line takes beside its name and value.
const FIELD: usize = 16;
