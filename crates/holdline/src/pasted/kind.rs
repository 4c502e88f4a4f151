//! What pasted bytes are: what a person says, or what they look like.

use crate::config::{DecodeKind, DecodeRole};
use crate::inspect::Side;

/// What bytes are, and who sends them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) words: &'static str,
    pub(super) kind: DecodeKind,
    pub(super) from: Side,
}

impl Kind {
    const fn new(name: &'static str, words: &'static str, kind: DecodeKind, from: Side) -> Self {
        Self {
            name,
            words,
            kind,
            from,
        }
    }

    /// The name in the page's form. `auto` is none.
    pub(super) fn of(name: &str) -> Result<Option<Self>, String> {
        if matches!(name, "" | "auto") {
            return Ok(None);
        }
        let known = ALL.iter().find(|kind| kind.name == name);
        let names = || ALL.map(|kind| kind.name).join(", ");
        known
            .map(|kind| Some(*kind))
            .ok_or_else(|| format!("`kind` is auto, {}", names()))
    }

    /// Who receives it.
    pub(super) const fn role(self) -> DecodeRole {
        match self.from {
            Side::Client => DecodeRole::Server,
            Side::Server => DecodeRole::Client,
        }
    }

    /// What the server sends when this is what the client sends.
    pub(super) fn answer(self) -> Option<Self> {
        let is_answer = |other: &&Self| other.kind == self.kind && other.from == Side::Server;
        match (self.kind, self.from) {
            (DecodeKind::Http1Request, _) => Some(RESPONSES),
            (_, Side::Client) => ALL.iter().find(is_answer).copied(),
            (_, Side::Server) => None,
        }
    }

    /// What these bytes look like most.
    pub(super) fn guess(bytes: &[u8]) -> Self {
        Self::of_bytes(bytes).unwrap_or(REQUESTS)
    }

    /// What these bytes look like. `None`: like nothing.
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let line = bytes
            .split(|&byte| byte == b'\n')
            .next()
            .unwrap_or_default();
        let starts = |word: &[u8]| line.trim_ascii_start().starts_with(word);
        Some(match bytes {
            _ if starts(b"HTTP/") => RESPONSES,
            _ if is_request_line(line) => REQUESTS,
            _ if is_event_stream(line) => EVENTS,
            _ if is_text(bytes) => COMET,
            [0x00, rest @ ..] if rest.contains(&0xff) => OLD_FRAMES,
            [0xff, 0x00, ..] => OLD_FRAMES,
            [first, second, ..] if is_frame(*first) => match second & 0x80 {
                0 => FRAMES_OF_SERVER,
                _ => FRAMES,
            },
            _ => return None,
        })
    }
}

/// A method, a target and a version, or the beginning of that.
fn is_request_line(line: &[u8]) -> bool {
    let method = line.split(|&byte| byte == b' ').next().unwrap_or_default();
    let is_method = !method.is_empty() && method.iter().all(u8::is_ascii_uppercase);
    is_method && line.len() > method.len()
}

fn is_event_stream(line: &[u8]) -> bool {
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
    line.contains(&b':') && matches!(name, b"" | b"data" | b"event" | b"id" | b"retry")
}

/// The first byte of a frame: an opcode that there is, and no bit that has no meaning.
fn is_frame(first: u8) -> bool {
    first & 0x30 == 0 && matches!(first & 0x0f, 0..=2 | 8..=10)
}

/// Text without control characters but those that end lines.
fn is_text(bytes: &[u8]) -> bool {
    let is_odd = |letter: char| letter.is_control() && !letter.is_ascii_whitespace();
    std::str::from_utf8(bytes).is_ok_and(|text| !text.contains(is_odd))
}

const REQUESTS: Kind = Kind::new(
    "http1-request",
    "HTTP requests",
    DecodeKind::Http1Request,
    Side::Client,
);
const RESPONSES: Kind = Kind::new(
    "http1-response",
    "HTTP responses",
    DecodeKind::Http1Response,
    Side::Server,
);
const EVENTS: Kind = Kind::new("sse", "an event stream", DecodeKind::Sse, Side::Server);
const FRAMES: Kind = Kind::new(
    "websocket",
    "WebSocket frames of a client",
    DecodeKind::Websocket,
    Side::Client,
);
const FRAMES_OF_SERVER: Kind = Kind::new(
    "websocket-server",
    "WebSocket frames of a server",
    DecodeKind::Websocket,
    Side::Server,
);
const OLD_FRAMES: Kind = Kind::new(
    "hixie76",
    "frames of the first WebSocket, of a client",
    DecodeKind::Hixie76,
    Side::Client,
);
const OLD_FRAMES_OF_SERVER: Kind = Kind::new(
    "hixie76-server",
    "frames of the first WebSocket, of a server",
    DecodeKind::Hixie76,
    Side::Server,
);
const COMET: Kind = Kind::new(
    "comet",
    "an answer of polling, JSONP or an iframe",
    DecodeKind::Comet,
    Side::Server,
);

/// In the order of the page's form.
pub(super) const ALL: [Kind; 8] = [
    REQUESTS,
    RESPONSES,
    EVENTS,
    FRAMES,
    FRAMES_OF_SERVER,
    OLD_FRAMES,
    OLD_FRAMES_OF_SERVER,
    COMET,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_what_they_look_like() {
        for (bytes, name) in [
            (&b"GET / HTTP/1.1\r\n"[..], "http1-request"),
            (b"OPTIONS *", "http1-request"),
            (b"HTTP/1.1 200 OK\r\n", "http1-response"),
            (b"data: x\n\n", "sse"),
            (b": hi\n", "sse"),
            (b"\xef\xbb\xbfid: 1\n", "sse"),
            (b"\x81\x85\0\0\0\0Hello", "websocket"),
            (b"\x81\x05Hello", "websocket-server"),
            (b"\xc1\x07\xf2", "websocket-server"),
            (b"\0hello\xff", "hixie76"),
            (b"\xff\0", "hixie76"),
            (b"{\"messages\":[]}", "comet"),
            (b"Box({})", "comet"),
            (b"\x01\x02He", "websocket-server"),
            (b"\xfe\xff", "http1-request"),
            (b"", "comet"),
        ] {
            assert_eq!(Kind::guess(bytes).name, name, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn every_kind_has_a_name_and_its_answer() {
        for kind in ALL {
            assert_eq!(Kind::of(kind.name), Ok(Some(kind)));
        }
        assert_eq!(Kind::of("auto"), Ok(None));
        assert!(Kind::of("pcap").is_err());
        let answer = |kind: Kind| kind.answer().map(|answer| answer.name);
        assert_eq!(answer(REQUESTS), Some("http1-response"));
        assert_eq!(answer(FRAMES), Some("websocket-server"));
        assert_eq!(answer(OLD_FRAMES), Some("hixie76-server"));
        assert_eq!(answer(EVENTS), None);
    }
}
