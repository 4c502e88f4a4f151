//! The answer to a poll, as JSON or as a script.

use std::sync::Arc;

use bytes::BytesMut;
use holdline_comet::jsonp::{self, CallbackName};
use holdline_comet::{Position, poll};
use holdline_http1::Fields;

use crate::hub::{Batch, Told, Wanted};
use crate::message::Wire;
use crate::own::told_json;
use crate::reply::NO_REFERRER;

/// The media type of an answer to a poll: JSON, or a script if there is a callback.
pub(crate) fn answer_type(callback: Option<&CallbackName>) -> impl Fields + use<> {
    let (content_type, script) = match callback {
        Some(_) => (jsonp::CONTENT_TYPE, Some([NO_REFERRER])),
        None => (poll::CONTENT_TYPE, None),
    };
    ([("Content-Type", content_type)], script)
}

/// What the client of a poll is told about members, after the messages.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) told: Vec<Arc<Told>>,
    /// For the next poll.
    pub(crate) token: String,
}

/// Encodes the answer: the `batch`, and the cursor for the next request.
pub(crate) fn encode_answer(
    position: &Position,
    batch: &Batch,
    heard: Option<&Heard>,
    callback: Option<&CallbackName>,
) -> BytesMut {
    let mut answer = BytesMut::new();
    let cursor = position.cursor();
    let mut messages = poll::Answer::begin(cursor, &mut answer);
    for message in &batch.messages {
        messages.message(message.json());
    }
    for told in heard.iter().flat_map(|heard| &heard.told) {
        messages.message(told_json(cursor, told).as_bytes());
    }
    messages.finish(batch.lost.is_some());
    if let Some(Heard { token, .. }) = heard {
        // One member more: a token needs no escapes.
        answer.truncate(answer.len() - 1);
        answer.extend_from_slice(format!(",\"presence\":\"{token}\"}}").as_bytes());
    }
    let Some(callback) = callback else {
        return answer;
    };
    let mut script = BytesMut::with_capacity(answer.len() + 64);
    jsonp::wrap(callback, &answer, &mut script);
    script
}

/// Limits of one answer to a poll. The next poll gets the rest.
pub(crate) const ANSWER: Wanted = Wanted {
    budget: 512 * 1024,
    wire: Wire::Json,
};
