//! Every stream here is decoded with many ways of cutting it, and the output must always be the same.

use std::ffi::OsStr;
use std::num::NonZeroUsize;

use holdline_websocket::Deflate;

use super::*;
use crate::config::DecodeRole;

mod comet;
mod deflate;
mod explain;
mod faults;
mod forms;
mod items;
mod mutations;
mod secrets;
mod upgrade;

/// What to decode, and how.
#[derive(Clone, Debug)]
struct Case {
    kind: DecodeKind,
    role: DecodeRole,
    deflate: Option<Deflate>,
    method: &'static str,
    events: bool,
    explain: bool,
}

const REQUESTS: Case = Case::new(DecodeKind::Http1Request);
const RESPONSES: Case = Case::new(DecodeKind::Http1Response);
const EVENTS: Case = Case::new(DecodeKind::Sse);
const FRAMES: Case = Case::new(DecodeKind::Websocket);
const UNMASKED: Case = Case {
    role: DecodeRole::Client,
    ..Case::new(DecodeKind::Websocket)
};
const EVERY: [Case; 5] = [REQUESTS, RESPONSES, EVENTS, FRAMES, UNMASKED];

impl Case {
    const fn new(kind: DecodeKind) -> Self {
        Self {
            kind,
            role: DecodeRole::Server,
            deflate: None,
            method: "GET",
            events: false,
            explain: false,
        }
    }

    const fn explained(mut self) -> Self {
        self.explain = true;
        self
    }

    fn once(&self, bytes: &[u8], chunk: usize) -> (String, Ended) {
        let style = match self.explain {
            true => Style::text(false, crate::inspect::explain::text::WIDTH),
            false => Style::Items,
        };
        self.styled(bytes, style, chunk)
    }

    fn styled(&self, bytes: &[u8], style: Style, chunk: usize) -> (String, Ended) {
        let arguments = DecodeArguments {
            kind: self.kind,
            file: OsStr::new("-").into(),
            role: self.role,
            deflate: self.deflate,
            method: self.method.to_owned(),
            events: self.events,
            hex: false,
            pcap: false,
            connection: NonZeroUsize::MIN,
            chunk: NonZeroUsize::new(chunk),
            explain: None,
            width: None,
            most_inflated: None,
        };
        let mut out = Vec::new();
        let mut input = bytes;
        let ended = one_way(&arguments, style, &mut input, &mut out).expect("no IO here");
        (String::from_utf8(out).expect("UTF-8"), ended)
    }

    /// The output, which must be the same for all these piece sizes.
    fn with_chunks(
        &self,
        bytes: &[u8],
        chunks: impl IntoIterator<Item = usize>,
    ) -> (String, Ended) {
        let whole = self.once(bytes, BLOCK);
        for chunk in chunks {
            let cut = self.once(bytes, chunk);
            assert_eq!(cut, whole, "{self:?}, {chunk}: {}", bytes.escape_ascii());
        }
        whole
    }

    fn check(&self, bytes: &[u8], lines: &[&str], fault: bool) {
        let (output, ended) = self.with_chunks(bytes, 1..=64);
        let printed: Vec<&str> = output.lines().collect();
        assert_eq!(printed, lines, "{}", bytes.escape_ascii());
        assert_eq!(ended.fault, fault, "{}", bytes.escape_ascii());
        for line in printed {
            let json: Result<serde_json::Value, _> = serde_json::from_str(line);
            assert!(json.is_ok_and(|json| json.is_object()), "{line}");
        }
    }
}

/// A frame with FIN and a mask.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![first, 0x80 | u8::try_from(payload.len()).expect("short")];
    frame.extend(key);
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k));
    frame
}
