//! The HTTP interface: from requests to answers, one function for each row.

mod channel;
mod delete;
mod disconnect;
mod explain;
mod file;
mod mirror;
mod publish;
mod subscribe;
mod techniques;

use std::sync::Arc;

use holdline::emitter::Emitter;
use holdline::origins::Origin;
use holdline_net::{Intake, Request, Responder};
use serde_json::json;

use self::channel::channel;
use self::delete::{Delete, delete};
use self::disconnect::disconnect;
use self::explain::explain;
use self::file::{VARY, file};
use self::mirror::mirror;
use self::publish::{Publish, publish};
use self::subscribe::subscribe;
use crate::accept::prefers;
use crate::access::{Access, Rights};
use crate::answer::{Call, log};
use crate::app::{App, Stream};
use crate::demo::MovingBox;
use crate::journal::Standing;
use crate::meters::MeterId;
use crate::metrics::{self, Format, Snapshot};
use crate::names;
use crate::pages;
use crate::pasted;
use crate::query::Query;
use crate::reply::{JSON, Reply, UNCACHED};
use crate::request::{METHODS, Resource};
use crate::techniques::Technique;
use crate::upgrade::{Messages, PLAIN, is_old, upgrade};

/// Handles the head of a request with a body: refuses it now if there is a reason to, and otherwise says how much
/// body to accept.
pub(crate) fn head(app: &mut App, request: &Request<'_>, intake: Intake<'_, Stream>) {
    let access = app.shared.access();
    let origin = origin(app, &access, request);
    match Route::of(app, &access, request, origin) {
        Ok(route) => intake.take(route.max_body(app)),
        Err(refusal) => {
            app.shared.hub.counters.request();
            let call = Call {
                request,
                responder: intake.answer(),
                fields: access.fields(origin),
            };
            call.reply(&refusal);
        }
    }
}

/// Answers a request.
pub(crate) fn answer(app: &mut App, request: &Request<'_>, mut responder: Responder<'_, Stream>) {
    app.shared.hub.counters.request();
    let head = &request.head;
    if is_old(app, head) {
        // If this is refused, what follows is not a request but eight bytes that belong to this one.
        responder.close_connection();
    }
    let access = app.shared.access();
    let origin = origin(app, &access, request);
    let route = Route::of(app, &access, request, origin);
    if access.has_pages()
        && let Ok(Some(meter)) = route.as_ref().map(Route::meter)
        && let Some(meter) = app.shared.meters.begin(meter)
    {
        responder.meter(meter);
    }
    let mut call = Call {
        request,
        responder,
        fields: access.fields(origin),
    };
    match route {
        Err(refusal) => call.reply(&refusal),
        Ok(Route::Options(resource)) => options(call, &resource, origin),
        Ok(Route::Publish(parameters)) => publish(app, call, &parameters),
        Ok(Route::Delete(parameters)) => delete(app, call, &parameters),
        Ok(Route::Resource(resource, query, rights)) => {
            if resource.is_embedded() && rights.are_in_query() {
                call.fields = access.fields_of_embedded(origin);
            }
            resolve(app, call, resource, &query, rights);
        }
    }
}

/// Which page is asking. On the admin listeners that makes no difference: no page is allowed to read anything there.
fn origin<'r>(app: &App, access: &Access, request: &Request<'r>) -> Origin<'r> {
    match app.shared.admin.has(request) {
        true => Origin::None,
        false => access.origins.judge(&request.head),
    }
}

/// What a request is for, once nothing in its head is a reason to refuse it.
enum Route<'r> {
    Options(Resource<'r>),
    Publish(Publish),
    Delete(Delete),
    Resource(Resource<'r>, Query<'r>, Rights),
}

impl<'r> Route<'r> {
    fn of(
        app: &App,
        access: &Access,
        request: &Request<'r>,
        origin: Origin<'_>,
    ) -> Result<Self, Reply> {
        let head = &request.head;
        access.judge_host(request)?;
        let method = head.method();
        if !METHODS.contains(&method) {
            let message = "this server has no such method";
            return Err(Reply::error(501, "method_not_implemented", message));
        }
        let Some(resource) = Resource::parse(head) else {
            let message = "there is nothing at this path";
            return Err(Reply::error(404, "not_found", message));
        };
        app.shared.admin.judge(access, request, &resource)?;
        access.judge_resource(&resource)?;
        let allow = resource.allow();
        if !resource.allows(method) {
            let message = format!("this takes {allow} only");
            return Err(Reply::error(405, "method_not_allowed", &message).with("Allow", allow));
        }
        if method == "OPTIONS" {
            return Ok(Self::Options(resource));
        }
        access.judge(head, &resource, origin)?;
        let query = match resource.has_query() {
            true => Query::parse(head)?,
            false => Query::default(),
        };
        let (resource, message) = match resource {
            Resource::Technique(Technique::Im(names)) => techniques::im(names, method, &query)?,
            resource => (resource, None),
        };
        let rights = access.rights(head, &query, &resource, origin)?;
        app.shared.judge_revoked(&rights)?;
        access.judge_embedding(head, &resource, &rights)?;
        match resource {
            Resource::Server => {
                return Err(Reply::error(404, "not_found", "`*` is for OPTIONS"));
            }
            Resource::Channel(name) if method == "DELETE" => {
                return Delete::of(request, name, rights).map(Self::Delete);
            }
            Resource::Channel(name) if method == "POST" || message.is_some() => {
                return Publish::of(app, request, name, &query, rights, message).map(Self::Publish);
            }
            Resource::Box if method == "POST" => rights.judge_publish(MovingBox::CHANNEL)?,
            Resource::Box | Resource::Echo => rights.judge_use()?,
            _ => {}
        }
        Ok(Self::Resource(resource, query, rights))
    }

    /// Which page counts its requests with this one.
    fn meter(&self) -> Option<MeterId> {
        match self {
            Self::Options(_) | Self::Delete(_) => None,
            Self::Publish(publish) => publish.meter,
            Self::Resource(Resource::Technique(_), ..) => None,
            Self::Resource(_, query, _) => query.meter(),
        }
    }

    /// The maximum size of the body.
    fn max_body(&self, app: &App) -> u64 {
        match self {
            Self::Publish(_) | Self::Resource(Resource::Echo, ..) => {
                app.shared.options.max_message as u64
            }
            Self::Resource(Resource::Explain, ..) => pasted::MOST_POSTED,
            // The body is ignored.
            Self::Options(_) | Self::Delete(_) | Self::Resource(..) => UNUSED_BODY,
        }
    }
}

fn resolve(
    app: &mut App,
    call: Call<'_, '_>,
    resource: Resource<'_>,
    query: &Query<'_>,
    rights: Rights,
) {
    let post = call.request.head.method() == "POST";
    match resource {
        // Neither of them gets here.
        Resource::Server | Resource::Technique(Technique::Im(_)) => {}
        Resource::Channel(name) => channel(app, call, name, &rights),
        Resource::File(asset) | Resource::Client(asset) => file(call, asset, None),
        Resource::Mirror(part) => mirror(app, call, part),
        Resource::Explain => explain(app, call, post),
        Resource::Health => health(app, call),
        Resource::Stats => stats(app, call),
        Resource::StatsStream => watch(app, call),
        Resource::Metrics => metrics(app, call),
        Resource::Echo if post => echo_body(call),
        Resource::Echo => echo_socket(app, call, &rights),
        Resource::Disconnect => disconnect(app, call, query),
        Resource::Box => moving_box(app, call, query, post),
        Resource::Technique(Technique::Meter) => techniques::meter(app, call, query),
        Resource::Technique(Technique::Events) => techniques::events(call),
        Resource::Presence(name) => presence(app, call, name, &rights),
        Resource::Subscribe(names, transport) => {
            subscribe(app, call, names, transport, query, rights);
        }
    }
}

/// Answers a preflight, or a plain OPTIONS.
fn options(call: Call<'_, '_>, resource: &Resource<'_>, origin: Origin<'_>) {
    let allow = [("Allow", resource.allow())];
    call.bytes(204, (allow, origin.preflight(resource.allow())), b"");
}

fn health(app: &App, call: Call<'_, '_>) {
    match app.shared.journal.standing() {
        Standing::Current => call.bytes(200, TEXT, b"ok"),
        Standing::Stale | Standing::Away => call.reply(&Reply::behind()),
    }
}

fn presence(app: &App, call: Call<'_, '_>, name: &str, rights: &Rights) {
    let name = match names::parse_channel(name) {
        Ok(name) => name,
        Err(error) => return call.error(400, "bad_channel", &error.to_string()),
    };
    if let Err(lack) = rights.judge_presence(&name) {
        return call.reply(&lack.into());
    }
    let hub = app.hub();
    let may_see = rights.may_see_members(&name);
    let listed = may_see.then(|| hub.members.listed(&name));
    let presence = metrics::presence(&hub.presence(&name), listed.as_ref());
    call.json(200, &presence);
}

/// The page for browsers, if pages are on; JSON for everyone else.
fn stats(app: &App, call: Call<'_, '_>) {
    let head = &call.request.head;
    if app.shared.access().has_pages() && prefers(head, "text/html", "application/json") {
        return file(call, pages::stats(), Some(VARY));
    }
    let stats = snapshot(app).json().to_string();
    call.bytes(200, (JSON, (UNCACHED, VARY)), stats.as_bytes());
}

fn metrics(app: &App, call: Call<'_, '_>) {
    let head = &call.request.head;
    let format = match prefers(head, "application/openmetrics-text", "text/plain") {
        true => Format::OpenMetrics,
        false => Format::Prometheus,
    };
    let content_type = [("Content-Type", format.content_type())];
    let text = snapshot(app).text(format);
    call.bytes(200, (content_type, (UNCACHED, VARY)), text.as_bytes());
}

fn snapshot(app: &App) -> Snapshot {
    let notifier = &app.notifier;
    Snapshot::take(&app.shared, notifier.connections(), &notifier.loads())
}

/// The stats as an event stream. The housekeeping thread sends the updates.
fn watch(app: &App, call: Call<'_, '_>) {
    let (shared, notifier) = (Arc::clone(&app.shared), app.notifier.clone());
    let source = move |emitter: Emitter| {
        let stats = Snapshot::take(&shared, notifier.connections(), &notifier.loads());
        shared.watchers.add(emitter, &stats.json());
    };
    let Call {
        request,
        responder,
        fields,
    } = call;
    let source = Box::new(source);
    log(app
        .emitters
        .open_with(&*fields, request, responder, source, Stream::Emission));
}

fn echo_body(call: Call<'_, '_>) {
    let head = &call.request.head;
    let content_type = head
        .headers()
        .get("content-type")
        .unwrap_or(b"application/octet-stream");
    let body = call.request.body;
    // Anyone can choose the body, so a browser must not take it for a page of this site.
    let guards = [
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", "sandbox"),
    ];
    call.bytes(200, ([("Content-Type", content_type)], guards), body);
}

fn echo_socket(app: &mut App, call: Call<'_, '_>, rights: &Rights) {
    let connection = call.request.connection;
    upgrade(app, call, &[PLAIN], |app, _| {
        app.end_with(connection, rights);
        Ok((Stream::Echo, Messages::Taken))
    });
}

fn moving_box(app: &App, call: Call<'_, '_>, query: &Query<'_>, choose: bool) {
    let moving_box = &app.shared.moving_box;
    if choose {
        let tick = query.value("tick").and_then(|tick| tick.parse().ok());
        if !tick.is_some_and(|tick| moving_box.set_tick(tick)) {
            let message = format!("`tick` is one of {:?} milliseconds", MovingBox::TICKS);
            return call.error(400, "bad_tick", &message);
        }
    }
    call.json(
        200,
        &json!({ "tick": moving_box.tick(), "channel": MovingBox::CHANNEL }),
    );
}

const TEXT: [(&str, &str); 2] = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Cache-Control", "no-store"),
];
/// The maximum size in bytes of a body that the request has no use for.
const UNUSED_BODY: u64 = 16 * 1024;
