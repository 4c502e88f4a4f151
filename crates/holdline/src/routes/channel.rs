//! What there is of a channel.

use serde_json::{Map, Value, json};

use super::file::{VARY, file};
use crate::accept::prefers;
use crate::access::Rights;
use crate::access::hosts::without_port;
use crate::answer::Call;
use crate::app::App;
use crate::names;
use crate::pages;
use crate::reply::{JSON, UNCACHED};
use crate::transport::Transport;

/// The page for browsers, if pages are on. It has nothing of the channel in it, so everybody gets it. For everyone
/// else the URLs, as JSON, if they may do something with them.
pub(super) fn channel(app: &App, call: Call<'_, '_>, segment: &str, rights: &Rights) {
    let name = match names::parse_channel(segment) {
        Ok(name) => name,
        Err(error) => return call.error(400, "bad_channel", &error.to_string()),
    };
    let access = app.shared.access();
    if access.has_pages() && prefers(&call.request.head, "text/html", "application/json") {
        return file(call, pages::channel(), Some(VARY));
    }
    if let Err(lack) = rights.judge_use_of(&name) {
        return call.reply(&lack.into());
    }
    let path = format!("/channels/{segment}");
    let transports: Map<String, Value> = Transport::ALL
        .into_iter()
        .filter(|&transport| transport != Transport::Jsonp || access.has_jsonp())
        .filter(|transport| transport.has_path())
        .map(|transport| (transport.to_string(), format!("{path}/{transport}").into()))
        .chain(socket(app, &call))
        .collect();
    let presence = format!("{path}/presence");
    let answer = json!({
        "channel": name,
        "publish": path,
        "presence": presence,
        "transports": transports,
    });
    call.bytes(200, (JSON, (UNCACHED, VARY)), answer.to_string().as_bytes());
}

/// Where plug-in sockets are answered, under the host that the client has for this server.
fn socket(app: &App, call: &Call<'_, '_>) -> Option<(String, Value)> {
    let port = app.shared.options.socket_port?;
    let host = call.request.head.host()?;
    let host = without_port(host);
    Some((
        Transport::Socket.to_string(),
        format!("tcp://{host}:{port}").into(),
    ))
}
