//! Polling: answers at once with what there is.

use super::request::SubscribeRequest;
use crate::answer::Call;
use crate::app::App;
use crate::held::{Poll, Question};
use crate::hold::answer_or_hold;

pub(crate) fn answer(app: &mut App, call: Call<'_, '_>, request: &SubscribeRequest<'_>) {
    let names = request.names.iter();
    let channels: Box<[_]> = names.map(|name| name.as_str().into()).collect();
    let position = app.hub().position(&channels, request.since);
    let poll = Poll::new(
        channels,
        position,
        app.waiter(call.request.connection),
        request.reader.clone(),
    );
    answer_or_hold(app, call, Question::Poll(poll));
}
