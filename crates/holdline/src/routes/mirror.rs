//! What the page asks for that looks at its own connections.

use std::net::IpAddr;
use std::sync::Arc;

use holdline::emitter::{Emitter, Feed};
use holdline::event_stream::{HEADERS, Opening, is_accepted};
use holdline_net::Ending;

use crate::answer::{Call, log};
use crate::app::{App, Mirrored, Stream};
use crate::mirror::{MirrorId, Part, Reflection, TooManyMirrors, is_behind_proxy, is_own_page};
use crate::reply::{Reply, UNCACHED};
use crate::shared::Shared;
use crate::upgrade::{Messages, PLAIN, upgrade};

pub(super) fn mirror(app: &mut App, call: Call<'_, '_>, part: Part) {
    let head = &call.request.head;
    if part == Part::Watch {
        return match is_own_page(head) {
            true => watch(app, call),
            false => call.reply(&not_yours()),
        };
    }
    let Some(reflection) = app.shared.mirrors.find(head) else {
        return call.reply(&not_yours());
    };
    match part {
        Part::Watch => {}
        Part::Request => request(call, &reflection),
        Part::Stream => stream(app, call, reflection),
        Part::WebSocket => match Mirrored::new(Arc::clone(&reflection)) {
            Some(mirrored) => upgrade(app, call, &[PLAIN], |_, _| {
                Ok((Stream::Mirrored(mirrored), Messages::Short))
            }),
            None => {
                reflection.refuse("WebSockets");
                call.reply(&too_many());
            }
        },
    }
}

/// One answer, whatever is wrong: it tells nobody whether there is such a page.
fn not_yours() -> Reply {
    let message =
        "this is for the page /illustrated/live of this server alone, and while it is open";
    Reply::error(403, "no_mirror", message)
}

fn too_many() -> Reply {
    Reply::unavailable("too_many_mirrors", TOO_MANY)
}

fn watch(app: &App, call: Call<'_, '_>) {
    let address = call.request.limited_address();
    if let Err(TooManyMirrors) = app.shared.mirrors.judge(address) {
        let reply = too_many();
        // The page cannot read an answer with another status.
        if is_accepted(&call.request.head) {
            reply.count();
            let body = Reflection::over(TOO_MANY);
            return call.bytes(200, HEADERS, body.as_bytes());
        }
        return call.reply(&reply);
    }
    let Call {
        request,
        responder,
        fields,
    } = call;
    let watch = Watch {
        shared: Arc::clone(&app.shared),
        address,
        // Only a proxy connects over a Unix socket.
        proxied: is_behind_proxy(&request.head) || request.peer.is_none(),
        id: None,
    };
    let watch = Box::new(watch);
    log(app
        .emitters
        .open_with(&*fields, request, responder, watch, Stream::Emission));
}

/// The event stream that a page looks at.
struct Watch {
    shared: Arc<Shared>,
    address: Option<IpAddr>,
    proxied: bool,
    id: Option<MirrorId>,
}

impl Feed for Watch {
    fn on_open(&mut self, emitter: Emitter) {
        let mirrors = &self.shared.mirrors;
        self.id = mirrors.begin(emitter, self.address, self.proxied);
    }

    fn on_close(&mut self, _: Ending) {
        if let Some(id) = self.id {
            self.shared.mirrors.end(id);
        }
    }
}

/// An ordinary request, which may ask for the event streams to be cut.
fn request(call: Call<'_, '_>, reflection: &Reflection) {
    let query = call.request.head.query().unwrap_or_default();
    let text = match query.split('&').any(|pair| pair == "cut") {
        true => {
            reflection.cut();
            "the event stream was cut\n".to_owned()
        }
        false => format!("answer to request {}\n", reflection.request()),
    };
    let headers = ([("Content-Type", "text/plain; charset=utf-8")], UNCACHED);
    call.bytes(200, headers, text.as_bytes());
}

fn stream(app: &App, call: Call<'_, '_>, reflection: Arc<Reflection>) {
    let Call {
        request,
        responder,
        fields,
    } = call;
    let opening = Opening::of(&request.head);
    let last = opening.last_event_id();
    let last: Option<String> = last.map(|id| id.chars().take(LONGEST_ID).collect());
    let feed = move |emitter: Emitter| reflection.take_stream(emitter, last.as_deref());
    let feed = Box::new(feed);
    log(app
        .emitters
        .open_with(&*fields, request, responder, feed, Stream::Emission));
}

const TOO_MANY: &str =
    "as many pages look at their connections as may, or this one has as many; try again later";
/// Characters of an event's ID that the client is told again.
const LONGEST_ID: usize = 20;
