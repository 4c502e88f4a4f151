//! Requests for a WebSocket: the current protocol, and that of the first browsers.

use holdline::event_stream;
use holdline_http1::RequestHead;
use holdline_websocket::handshake::server;
use holdline_websocket::{Config, Keepalive, Limits, hixie76};

use crate::answer::{Call, log};
use crate::app::{App, Stream};
use crate::hub::TooManyChannels;
use crate::reply::Reply;

/// Whether a client may send messages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Messages {
    Taken,
    /// Taken up to a kibibyte.
    Short,
    /// No message is read into memory: it is refused when it begins.
    Refused,
}

/// Opens a WebSocket if the request asks for one as in RFC 6455. `stream` is told which of the `protocols` was agreed
/// on.
pub(crate) fn upgrade(
    app: &mut App,
    call: Call<'_, '_>,
    protocols: &[&str],
    stream: impl FnOnce(&mut App, Option<&str>) -> Result<(Stream, Messages), TooManyChannels>,
) {
    let head = &call.request.head;
    if is_old(app, head) {
        return upgrade_old(app, call, protocols, stream);
    }
    let accept = match server::accept(head.method(), head.headers().iter()) {
        Ok(accept) => accept,
        Err(error) => {
            let message = error.to_string();
            return call.error_with(error.status(), error.headers(), "bad_handshake", &message);
        }
    };
    // HTTP/1.0 has no upgrade (RFC 9110 §7.8), and the fields of a handshake don't show the version.
    if !head.is_upgrade("websocket") {
        let upgrade = [("Upgrade", "websocket")];
        let message = "a WebSocket needs HTTP/1.1";
        return call.error_with(426, upgrade, "bad_handshake", message);
    }
    let protocol = accept.choose_protocol(protocols);
    let mut config = Config::default();
    let heartbeat = event_stream::heartbeat(app.shared.options.heartbeat, call.request.connection);
    config.keepalive = Some(Keepalive {
        interval: heartbeat,
        timeout: heartbeat,
    });
    config.limits = limits(app);
    let deflate = app.shared.options.deflate();
    config.deflate = deflate.and_then(|deflate| accept.accept_deflate(&deflate));
    match stream(app, protocol) {
        Ok((stream, messages)) => {
            let (responder, fields) = (call.responder, accept.response(protocol));
            log(match messages {
                Messages::Taken => responder.upgrade_websocket(fields, config, stream),
                Messages::Short => {
                    config.limits = short();
                    responder.upgrade_websocket(fields, config, stream)
                }
                Messages::Refused => responder.upgrade_websocket_in_pieces(fields, config, stream),
            });
        }
        Err(TooManyChannels) => call.reply(&Reply::too_many_channels()),
    }
}

/// Whether the request is for the WebSocket of the first browsers, and the server accepts that.
pub(crate) fn is_old(app: &App, head: &RequestHead<'_>) -> bool {
    app.shared.options.legacy_hixie76 && hixie76::is_offered(head.headers().iter())
}

/// The same in the protocol of the first browsers.
fn upgrade_old(
    app: &mut App,
    call: Call<'_, '_>,
    protocols: &[&str],
    stream: impl FnOnce(&mut App, Option<&str>) -> Result<(Stream, Messages), TooManyChannels>,
) {
    let head = call.request.head;
    // The client compares the location with what it asked for, and a proxy in front may have removed the TLS.
    let forwarded = head.headers().get("x-forwarded-proto");
    let secure = forwarded.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"https"));
    let accept = match hixie76::accept(head.method(), head.target(), secure, head.headers().iter())
    {
        Ok(accept) if head.is_upgrade("websocket") => accept,
        Ok(_) => {
            let message = "a WebSocket needs HTTP/1.1";
            return call.error(400, "bad_handshake", message);
        }
        Err(error) => {
            let message = error.to_string();
            return call.error_with(error.status(), error.headers(), "bad_handshake", &message);
        }
    };
    let protocol = accept.protocol().filter(|asked| protocols.contains(asked));
    let mut config = hixie76::Config::default();
    config.limits = limits(app);
    match stream(app, protocol) {
        Ok((stream, messages)) => {
            match messages {
                Messages::Taken => {}
                Messages::Short => config.limits = short(),
                // This protocol closes without a reason, so the limit may as well refuse the message.
                Messages::Refused => config.limits.max_message = 0,
            }
            let connection = hixie76::Connection::server(config, accept.challenge());
            log(call
                .responder
                .upgrade_hixie76(accept.response(protocol), connection, stream));
        }
        Err(TooManyChannels) => call.reply(&Reply::too_many_channels()),
    }
}

fn limits(app: &App) -> Limits {
    let mut limits = Limits::default();
    limits.max_frame = app.shared.options.max_message as u64;
    limits.max_message = app.shared.options.max_message as u64;
    limits
}

fn short() -> Limits {
    let mut limits = Limits::default();
    limits.max_frame = 1024;
    limits.max_message = 1024;
    limits
}

/// Browsers give up a WebSocket that offers subprotocols and is granted none. A client that wants to offer one and
/// changes nothing by it offers this.
pub(crate) const PLAIN: &str = "holdline";
/// Messages of the client are JSON, and are answered.
pub(crate) const ANSWERED: &str = "holdline.v2";
