//! Long polling: answers with what there is, or with the first message that comes.

use super::open;
use super::request::SubscribeRequest;
use crate::answer::Call;
use crate::app::App;

pub(crate) fn answer(app: &mut App, call: Call<'_, '_>, request: &SubscribeRequest<'_>) {
    open::hold(app, call, request, None);
}
