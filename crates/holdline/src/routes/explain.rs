//! The page that explains what is pasted. Another thread does that, because it takes longer than an event loop has.

use std::sync::Arc;

use crate::answer::Call;
use crate::app::{App, Stream};
use crate::explainer::Busy;
use crate::held::Explanation;
use crate::pasted::{Pasted, empty_page};
use crate::reply::Reply;

pub(super) fn explain(app: &App, call: Call<'_, '_>, post: bool) {
    if !post {
        return call.bytes(200, Explanation::HEADERS, &empty_page());
    }
    let body = call.request.body.to_vec();
    let waiter = app.waiter(call.request.connection);
    let hub = Arc::clone(&app.shared.hub);
    let (explanation, promise) = Explanation::new(&call.fields, move || hub.wake_now(waiter));
    let job = move || promise.keep(Pasted::parse(&body).page());
    match app.shared.explainer.give(MOST_WAITING, Box::new(job)) {
        Ok(()) => call.responder.hold(Stream::Explained(explanation)),
        Err(Busy) => {
            let message = "the server has too much to explain just now; try again later";
            call.reply(&Reply::unavailable("too_many_explanations", message));
        }
    }
}

/// Forms that wait to be explained.
const MOST_WAITING: usize = 16;
