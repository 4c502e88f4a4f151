//! A WebSocket: a text message of JSON for each message.

use std::io::Write;

use holdline_net::blocking::websocket::{Error, Message, Options, WebSocket};
use holdline_websocket::{CloseCode, DeflateOptions};

use super::{End, Session};
use crate::transport::Transport;

/// Reads one connection to its end.
pub(super) fn read(session: &mut Session<impl Write>) -> End {
    match read_messages(session) {
        Ok(why) => End::lost(why),
        Err(end) => end,
    }
}

fn read_messages(session: &mut Session<impl Write>) -> Result<String, End> {
    let headers = session.headers()?;
    let url = session.url.url();
    let stream = session.tcp().connect(url).map_err(End::lost)?;
    let mut options = Options::default();
    // The server chooses how long messages are.
    options.config.limits.max_frame = MAX_MESSAGE;
    options.config.limits.max_message = MAX_MESSAGE;
    options.handshake_timeout = session.timeout;
    options.deflate = Some(DeflateOptions::default());
    let target = session.target(Transport::WebSocket, &[]);
    let connected =
        WebSocket::connect_with(stream, url.authority(), &target, headers, &[], options);
    let mut websocket = match connected {
        Ok(websocket) => websocket,
        Err(Error::Rejected(rejection)) => {
            return Err(End::refused(&rejection.response, &rejection.body));
        }
        Err(Error::Http(error)) => return Err(session.failed(error)),
        Err(error) => return Err(End::lost(error)),
    };
    session.connected(Transport::WebSocket);
    loop {
        let received = match websocket.read() {
            Ok(Some(Message::Text(json))) => session.receive(json),
            Ok(Some(_)) => Ok(()),
            Ok(None) => break,
            Err(error) if error.is_timeout() => return Err(session.silent()),
            Err(error) => return Err(End::lost(error)),
        };
        if let Err(end) = received {
            // A courtesy: if it fails, there is nobody left to tell.
            websocket.send_close(CloseCode::NORMAL, "").ok();
            return Err(end);
        }
    }
    let (code, reason) = websocket
        .close_reason()
        .unwrap_or((CloseCode::NO_STATUS, ""));
    Ok(format!("the server closed with {code} {reason}"))
}

/// JSON may be six times as long as the text in it.
const MAX_MESSAGE: u64 = 256 << 20;
