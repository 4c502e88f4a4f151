//! The server's own messages, as message objects.

use holdline_comet::Cursor;

use crate::hub::Told;
use crate::message::encode_json;

/// One of type `event` about `channels`.
pub(crate) fn own_json(cursor: Cursor, channels: &str, event: &str, data: &str) -> String {
    let json = encode_json(cursor, channels, Some(event), data);
    // It was made from strings.
    String::from_utf8(json).unwrap_or_default()
}

/// What a client is told about members. `cursor` is its current place, which this message does not move.
pub(crate) fn told_json(cursor: Cursor, told: &Told) -> String {
    own_json(cursor, &told.channel, told.event, told.data())
}
