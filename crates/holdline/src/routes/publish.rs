//! Requests that publish a message.

use holdline_comet::Since;
use holdline_http1::RequestHead;
use holdline_net::Request;

use crate::access::Rights;
use crate::answer::Call;
use crate::app::App;
use crate::held::{Publication, Question, encode_published};
use crate::hold::answer_or_hold;
use crate::hub::Published;
use crate::idempotency_key::IdempotencyKey;
use crate::journal::{Appended, Draft};
use crate::meters::MeterId;
use crate::names;
use crate::query::Query;
use crate::rates::Source;
use crate::reader::Reader;
use crate::reply::Reply;

/// The head of a request to publish.
#[derive(Debug)]
pub(super) struct Publish {
    channel: String,
    event: Option<String>,
    since: Option<Since>,
    reader: Option<Reader>,
    key: Option<IdempotencyKey>,
    rights: Rights,
    /// The message, if it is not the body.
    message: Option<String>,
    /// Which page counts its requests with this one.
    pub(super) meter: Option<MeterId>,
}

impl Publish {
    /// Checks everything that can be checked before the message is here.
    pub(super) fn of(
        app: &App,
        request: &Request<'_>,
        name: &str,
        query: &Query<'_>,
        rights: Rights,
        message: Option<String>,
    ) -> Result<Self, Reply> {
        let head = &request.head;
        let channel = names::parse_channel(name)
            .map_err(|error| Reply::error(400, "bad_channel", &error.to_string()))?;
        rights.judge_publish(&channel)?;
        plain_text(head)?;
        let event = query.value("event").map(names::parse_event).transpose();
        let event = event.map_err(|error| Reply::error(400, "bad_event", &error.to_string()))?;
        let key = IdempotencyKey::of(head)?;
        let since = query.value("since").map(|_| query.since(head)).transpose();
        let since = since.map_err(|error| Reply::error(400, "bad_cursor", &error))?;
        if since.is_some() {
            rights.judge_subscribe([channel.as_str()])?;
        }
        let reader = Reader::of(
            app.hub(),
            || request.limited_address(),
            since.unwrap_or(Since::Now),
        )?;
        app.judge_rate(Source::of(request, app.waiter(request.connection)), &rights)?;
        Ok(Self {
            message,
            meter: query.meter(),
            reader,
            key,
            rights,
            channel,
            event: event.map(str::to_owned),
            since,
        })
    }
}

/// Refuses a body that must be decoded before it is text (RFC 9110 §8.4), because subscribers could not read it.
fn plain_text(head: &RequestHead<'_>) -> Result<(), Reply> {
    let mut codings = head.headers().get_all("content-encoding");
    if codings.all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    let message = "the body of a message has no Content-Encoding: send it as it is";
    // Says what would be accepted (RFC 9110 §12.5.3).
    Err(Reply::error(415, "content_encoding", message).with("Accept-Encoding", "identity"))
}

/// Publishes the body of the request.
pub(super) fn publish(app: &mut App, call: Call<'_, '_>, publish: &Publish) {
    let message = publish.message.as_deref().map(str::as_bytes);
    let body = message.unwrap_or(call.request.body);
    let Ok(text) = std::str::from_utf8(body) else {
        return call.error(400, "not_utf8", "the body must be UTF-8 text");
    };
    let mut draft = Draft::message(&publish.channel, publish.event.as_deref(), text);
    if let Some(key) = &publish.key {
        draft = draft.under(key, publish.rights.name());
    }
    let since = publish.since.map(|since| (since, publish.reader.clone()));
    append(app, call, draft, &publish.rights, since);
}

/// Gives the journal what is to be done, and answers when it is.
pub(super) fn append(
    app: &mut App,
    call: Call<'_, '_>,
    draft: Draft<'_>,
    rights: &Rights,
    since: Option<(Since, Option<Reader>)>,
) {
    let waiter = app.waiter(call.request.connection);
    let source = Source::of(call.request, waiter);
    let (receipt, repeated) = match app.append(source, rights, draft, waiter) {
        Ok(Appended::Shown(Published { cursor, receivers })) if since.is_none() => {
            let answer = encode_published(cursor, Some(receivers), false);
            return call.reply(&Reply::ok(answer));
        }
        Ok(appended) => appended.receipt(),
        Err(unpublished) => return call.reply(&unpublished.into()),
    };
    let (since, reader) = since.unzip();
    let since = since.map(|since| (draft.channel.into(), since));
    let publication = Publication::new(receipt, since, waiter, reader.flatten());
    let publication = publication.repeated(repeated);
    answer_or_hold(app, call, Question::Publication(publication));
}
