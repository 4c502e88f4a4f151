//! Names that clients choose: of channels, event types and members.

use std::borrow::Cow;
use std::fmt;

use crate::percent;

/// Why a name was refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct NameError(Cow<'static, str>);

impl NameError {
    fn new(text: &'static str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The channel names of a request path: one name, or several joined by commas, percent-encoded. Duplicates are
/// dropped, because a subscriber should receive each message once.
pub(crate) fn parse_channels(segment: &str) -> Result<Vec<String>, NameError> {
    distinct(segment.split(',').map(parse_channel))
}

/// The channel names of a message, as they are.
pub(crate) fn check_channels(names: Vec<String>) -> Result<Vec<String>, NameError> {
    if names.is_empty() {
        return Err(NameError::new("there is no channel name"));
    }
    distinct(names.into_iter().map(|name| {
        check_channel(&name)?;
        Ok(name)
    }))
}

fn distinct(
    given: impl Iterator<Item = Result<String, NameError>>,
) -> Result<Vec<String>, NameError> {
    let mut names: Vec<String> = Vec::new();
    for name in given {
        let name = name?;
        if !names.contains(&name) {
            if names.len() == MAX_CHANNELS {
                return Err(NameError::new("more than 32 channels in one request"));
            }
            names.push(name);
        }
    }
    Ok(names)
}

/// One channel name, percent-encoded.
pub(crate) fn parse_channel(segment: &str) -> Result<String, NameError> {
    let name = percent::decode(segment)
        .map_err(|error| NameError(format!("a channel name {error}").into()))?;
    check_channel(&name)?;
    Ok(name.into_owned())
}

/// Checks a channel name as it is.
pub(crate) fn check_channel(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::new("a channel name must not be empty"));
    }
    if name.len() > MAX_NAME {
        return Err(NameError::new("a channel name is at most 128 bytes"));
    }
    // In a path these mean other paths to clients and proxies, even with their dots escaped (RFC 3986 §5.2.4).
    if matches!(name, "." | "..") {
        return Err(NameError::new("a channel cannot be named `.` or `..`"));
    }
    if name.starts_with(RESERVED) {
        return Err(NameError::new(
            "channel names that begin with `holdline.` are the server's own",
        ));
    }
    // A `*` would make a name out of a pattern of names.
    if name.contains(|c: char| c.is_control() || matches!(c, ',' | '/' | '*')) {
        return Err(NameError::new(
            "a channel name has no comma, slash, `*` or control character",
        ));
    }
    Ok(())
}

/// An event type that a publisher may use.
pub(crate) fn parse_event(event: &str) -> Result<&str, NameError> {
    if event.is_empty() {
        return Err(NameError::new(
            "an event type must not be empty; leave `event` out instead",
        ));
    }
    if event.len() > MAX_NAME {
        return Err(NameError::new("an event type is at most 128 bytes"));
    }
    if event.contains(char::is_control) {
        return Err(NameError::new("an event type has no control character"));
    }
    if event.starts_with(RESERVED) {
        return Err(NameError::new(
            "event types that begin with `holdline.` are the server's own",
        ));
    }
    Ok(event)
}

/// A member's name, after percent-decoding. It must not contain what could make it look like something else.
pub(crate) fn parse_member(name: &str) -> Result<&str, NameError> {
    if name.is_empty() {
        return Err(NameError::new(
            "a member's name must not be empty; leave `name` out instead",
        ));
    }
    if name.len() > MAX_NAME {
        return Err(NameError::new("a member's name is at most 128 bytes"));
    }
    if name.contains(|c: char| c.is_control() || is_steering(c)) {
        return Err(NameError::new(
            "a member's name has no control character, no mark that changes the direction of text, and no line \
            separator",
        ));
    }
    Ok(name)
}

/// Marks, embeddings, overrides and isolates of UAX #9, and the separators of lines and paragraphs.
fn is_steering(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The server's own event types begin with this.
const RESERVED: &str = "holdline.";
/// The first event of every stream.
pub(crate) const OPEN: &str = "holdline.open";
/// The token of a stream has expired, or its user was disconnected.
pub(crate) const EXPIRED: &str = "holdline.expired";
/// A sign of life for pages, which see no pings of a WebSocket.
pub(crate) const HEARTBEAT: &str = "holdline.heartbeat";
/// Says that part of what the client asked for is gone.
pub(crate) const LOST: &str = "holdline.lost";
/// The members of a channel, for a client that watches.
pub(crate) const MEMBERS: &str = "holdline.members";
/// Members that joined.
pub(crate) const JOIN: &str = "holdline.join";
/// Members that left.
pub(crate) const LEAVE: &str = "holdline.leave";
/// A message of a client that speaks `holdline.v2` is published.
pub(crate) const ACK: &str = "holdline.ack";
/// It is not.
pub(crate) const ERROR: &str = "holdline.error";
/// The event of the message with which a stream ends that was to last for so long.
pub(crate) const TIMEOUT: &str = "holdline.timeout";
const MAX_NAME: usize = 128;
const MAX_CHANNELS: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_split_decoded_and_deduplicated() {
        assert_eq!(parse_channels("a,b,a").unwrap(), ["a", "b"]);
        assert_eq!(parse_channels("caf%C3%A9").unwrap(), ["café"]);
        assert_eq!(parse_channels("...,.a,a..").unwrap(), ["...", ".a", "a.."]);
        for bad in [
            "",
            "holdline.x",
            "a,",
            ",a",
            "a%2Cb",
            "a%2Fb",
            "*",
            "a*",
            "a%2A",
            "a%00",
            "%FF",
            "%",
            "a%4",
            "%zz",
            ".",
            "..",
            "%2e",
            ".%2E",
            "a,..",
            &"x".repeat(129),
        ] {
            assert!(parse_channels(bad).is_err(), "{bad}");
        }
        let many: Vec<String> = (0..33).map(|i| i.to_string()).collect();
        assert!(parse_channels(&many.join(",")).is_err());
        assert_eq!(parse_channels(&many[..32].join(",")).unwrap().len(), 32);
    }

    #[test]
    fn reserved_and_broken_event_types_are_refused() {
        assert_eq!(parse_event("price"), Ok("price"));
        for bad in ["", "holdline.open", "holdline.", "a\nb", "a\rb", "a\0b"] {
            assert!(parse_event(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn members_have_names_that_cannot_pass_for_something_else() {
        for name in [
            "ann",
            " ",
            "\u{5d0}\u{5d1}",
            "\u{1f469}\u{200d}\u{1f680}",
            &"x".repeat(128),
        ] {
            assert_eq!(parse_member(name), Ok(name));
        }
        for bad in [
            "",
            &"x".repeat(129),
            &"\u{e9}".repeat(65),
            "a\0",
            "a\nb",
            "\u{7f}",
            "\u{85}",
            "ann\u{2028}",
            "ann\u{2029}",
            "ann\u{202e}nna",
            "\u{202a}",
            "\u{2066}",
            "\u{2069}",
            "\u{200e}",
            "\u{200f}",
            "\u{61c}",
        ] {
            assert!(parse_member(bad).is_err(), "{bad:?}");
        }
    }
}
