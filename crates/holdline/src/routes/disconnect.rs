//! `POST /disconnect`: ends the streams of a user.

use holdline::origins::Origin;
use serde_json::json;

use crate::access;
use crate::answer::Call;
use crate::app::App;
use crate::names;
use crate::query::Query;
use crate::reply::Reply;
use crate::sessions::TooManyRevoked;

/// Ends the streams of the user that `sub` names, on all loops, and refuses the user's tokens of before.
pub(super) fn disconnect(app: &App, call: Call<'_, '_>, query: &Query<'_>) {
    let access = app.shared.access();
    // Pages reach a loopback address, too, and this changes something.
    if !matches!(
        access.origins.judge(&call.request.head),
        Origin::None | Origin::Own(_)
    ) {
        let message = "pages of other sites may not do this";
        return call.error(403, "foreign_origin", message);
    }
    if !access.has_tokens() {
        let message =
            "nobody has a token here (--token-key), so nobody can be disconnected by name";
        return call.error(404, "not_found", message);
    }
    let name = match names::parse_member(query.value("sub").unwrap_or_default()) {
        Ok(name) => name,
        Err(error) => return call.error(400, "bad_name", &format!("`sub`: {error}")),
    };
    match app.shared.sessions.disconnect(name, access::now()) {
        Ok(streams) => call.json(200, &json!({ "streams": streams })),
        Err(TooManyRevoked) => {
            let message = "so many users were disconnected that no more are remembered: change the key, and restart";
            call.reply(&Reply::unavailable("too_many_disconnected", message));
        }
    }
}
