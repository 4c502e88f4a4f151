//! Closing a WebSocket.

use holdline_net::WebSocketOutput;
use holdline_websocket::CloseCode;

pub(super) fn close(mut socket: WebSocketOutput<'_>, code: CloseCode, reason: &str) {
    if let Err(error) = socket.close(code, reason) {
        tracing::debug!(%error, "a WebSocket is already closing");
    }
}
