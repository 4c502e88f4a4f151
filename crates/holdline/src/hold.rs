//! Requests that are answered at once if possible, and held otherwise.

use crate::answer::Call;
use crate::app::{App, Stream};
use crate::held::{HeldRequest, Question};

/// Answers, or lets the connection wait until there is an answer.
pub(crate) fn answer_or_hold(app: &App, call: Call<'_, '_>, mut question: Question) {
    match question.reply(app.hub()) {
        Some(reply) => call.reply(&reply),
        None => {
            let wait = question.wait(&app.shared.options);
            let held = HeldRequest::new(question, call.fields, wait);
            call.responder.hold(Stream::Held(Box::new(held)));
        }
    }
}
