//! The answer to a poll, as JSON or as a script.

use bytes::BytesMut;
use holdline_comet::jsonp::{self, CallbackName};
use holdline_comet::{Position, poll};
use holdline_http1::Fields;

use crate::hub::{Batch, Wanted};
use crate::message::Wire;
use crate::reply::NO_REFERRER;

/// The media type of an answer to a poll: JSON, or a script if there is a callback.
pub(crate) fn answer_type(callback: Option<&CallbackName>) -> impl Fields + use<> {
    let (content_type, script) = match callback {
        Some(_) => (jsonp::CONTENT_TYPE, Some([NO_REFERRER])),
        None => (poll::CONTENT_TYPE, None),
    };
    ([("Content-Type", content_type)], script)
}

/// Encodes the answer: the `batch`, and the cursor for the next request.
pub(crate) fn encode_answer(
    position: &Position,
    batch: &Batch,
    callback: Option<&CallbackName>,
) -> BytesMut {
    let mut answer = BytesMut::new();
    let messages = batch.messages.iter().map(|message| message.json());
    poll::encode(
        position.cursor(),
        messages,
        batch.lost.is_some(),
        &mut answer,
    );
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
