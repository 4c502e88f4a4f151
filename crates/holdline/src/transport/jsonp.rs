//! JSONP: a long poll whose answer is a script that calls a function of the page.

use super::open;
use super::request::SubscribeRequest;
use crate::answer::Call;
use crate::app::App;

pub(crate) fn answer(app: &mut App, call: Call<'_, '_>, request: &SubscribeRequest<'_>) {
    match request.callback() {
        Ok(callback) => open::hold(app, call, request, Some(callback)),
        Err(error) => call.error(400, "bad_callback", &error),
    }
}
