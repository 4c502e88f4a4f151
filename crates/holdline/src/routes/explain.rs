//! The page that explains what is pasted. Another thread does that, because it takes longer than an event loop has.

use std::sync::Arc;

use crate::answer::Call;
use crate::app::{App, Stream};
use crate::held::Explanation;
use crate::pasted::empty_page;
use crate::reply::Reply;

pub(super) fn explain(app: &App, call: Call<'_, '_>, post: bool) {
    if !post {
        return call.bytes(200, Explanation::HEADERS, &empty_page());
    }
    match begin(app, &call) {
        Some(explanation) => call.responder.hold(Stream::Explained(explanation)),
        None => {
            let message = "the server has too much to explain just now; try again later";
            call.reply(&Reply::unavailable("too_many_explanations", message));
        }
    }
}

/// `None`: too much waits.
fn begin(app: &App, call: &Call<'_, '_>) -> Option<Explanation> {
    let waiter = app.waiter(call.request.connection);
    let hub = Arc::clone(&app.shared.hub);
    let wake = move || hub.wake_now(waiter);
    let (explanation, promise) = Explanation::new(&call.fields, &app.shared.untaken, wake)?;
    let job = promise.explain(call.request.body.to_vec());
    let given = app.shared.explainer.give(MOST_WAITING, job);
    given.is_ok().then_some(explanation)
}

/// Forms that wait to be explained.
const MOST_WAITING: usize = 16;
