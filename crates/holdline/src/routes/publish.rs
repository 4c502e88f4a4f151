//! Requests that publish a message.

use holdline_comet::Since;
use serde_json::json;

use super::hold::answer_or_hold;
use crate::answer::Call;
use crate::app::App;
use crate::held::{Publication, Question};
use crate::journal::{Appended, Draft, Outcome, Receipt};
use crate::names;
use crate::reply::Reply;
use crate::request::Query;

/// Publishes the body of the request.
pub(super) fn publish(app: &mut App, call: Call<'_, '_>, name: &str, query: &Query<'_>) {
    let head = &call.request.head;
    let name = match names::parse_channel(name) {
        Ok(name) => name,
        Err(error) => return call.error(400, "bad_channel", &error.to_string()),
    };
    if !app.shared.policy.may_publish(head, query.value("token")) {
        let message = "publishing needs the publish token, as `Authorization: Bearer TOKEN`";
        let challenge = [("WWW-Authenticate", "Bearer realm=\"publish\"")];
        return call.error_with(401, challenge, "unauthorized", message);
    }
    let event = match query.value("event").map(names::parse_event).transpose() {
        Ok(event) => event,
        Err(error) => return call.error(400, "bad_event", &error.to_string()),
    };
    let since = match query.value("since").map(|_| query.since(head)).transpose() {
        Ok(since) => since,
        Err(error) => return call.error(400, "bad_cursor", &error),
    };
    let Ok(text) = std::str::from_utf8(call.request.body) else {
        return call.error(400, "not_utf8", "the body must be UTF-8 text");
    };
    let most = app.shared.options.max_message;
    if text.len() > most {
        let message = format!("a message has at most {most} bytes");
        return call.error(413, "body_too_large", &message);
    }
    let draft = Draft {
        channel: &name,
        event,
        data: text,
    };
    append(app, call, draft, since);
}

fn append(app: &mut App, call: Call<'_, '_>, draft: Draft<'_>, since: Option<Since>) {
    let waiter = app.waiter(call.request.connection);
    let receipt = match app.shared.journal.append(draft, Some(waiter)) {
        Ok(Appended::Shown(published)) if since.is_none() => {
            let (id, receivers) = (published.cursor.to_string(), published.receivers);
            return call.json(200, &json!({ "id": id, "receivers": receivers }));
        }
        Ok(Appended::Shown(published)) => Receipt::new(Outcome::Shown(published)),
        Ok(Appended::Later(receipt)) => receipt,
        Err(refusal) => return call.reply(&Reply::from(refusal)),
    };
    let since = since.map(|since| (draft.channel.into(), since));
    let publication = Publication::new(receipt, since, waiter);
    answer_or_hold(app, call, Question::Publication(publication));
}
