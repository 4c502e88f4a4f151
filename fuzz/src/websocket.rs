//! WebSocket frames, connections and handshakes.

use holdline_websocket::Limits;
use holdline_websocket::handshake::server;

mod deflate;
mod frames;
mod hixie76;
mod item;
mod peer;
mod session;
mod zlib;

pub use deflate::deflate;
pub use frames::{frames, stated};
pub use hixie76::hixie76;
pub use session::session;
pub use zlib::zlib;

/// A handshake request of any header lines is accepted or refused with a status, never else.
pub fn handshake(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lines = text.split('\n').filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name, value.trim().as_bytes()))
    });
    match server::accept("GET", lines) {
        Ok(request) => {
            let answer = request.response(None);
            assert!(
                answer
                    .iter()
                    .any(|(name, _)| *name == "Sec-WebSocket-Accept")
            );
            let _ = (request.origin(), request.protocols(), request.extensions());
        }
        Err(error) => assert!([400, 405, 426].contains(&error.status())),
    }
}

/// Of frames and messages, in bytes.
fn limits(max_frame: u64, max_message: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_frame = max_frame;
    limits.max_message = max_message;
    limits
}
