//! Polling: answers at once with what there is.

use super::request::SubscribeRequest;
use crate::answer::Call;
use crate::app::App;
use crate::held::{Poll, Question};
use crate::hold::answer_or_hold;

pub(crate) fn answer(app: &mut App, call: Call<'_, '_>, request: &SubscribeRequest<'_>) {
    let names = request.names.iter();
    let channels: Box<[_]> = names.map(|name| name.as_str().into()).collect();
    // A HEAD request makes nobody a member.
    if call.request.head.method() == "GET" {
        let hub = app.hub();
        hub.members
            .visit(&channels, &request.introduction, hub.now());
    }
    let position = app.hub().position(&channels, request.since);
    let poll = Poll::new(
        channels,
        position,
        app.waiter(call.request.connection),
        request.reader.clone(),
        request.introduction.watch(),
    );
    answer_or_hold(app, call, Question::Poll(poll));
}
