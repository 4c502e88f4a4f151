//! Shows which rule was broken, and where.

use std::collections::VecDeque;
use std::io;

use crate::inspect::explain::page::{Mistake, Page, ROW};
use crate::inspect::item::Fault;

/// The last bytes of the stream. An error is found no further than one head after its position.
#[derive(Debug, Default)]
pub(super) struct Recent {
    bytes: VecDeque<u8>,
    end: u64,
}

impl Recent {
    pub(super) fn push(&mut self, byte: u8) {
        if self.bytes.len() == KEPT {
            self.bytes.pop_front();
        }
        self.bytes.push_back(byte);
        self.end += 1;
    }

    /// The offset of the next byte.
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    /// The bytes of a row, as far as they are kept.
    fn row(&self, at: u64) -> Vec<u8> {
        let start = self.end - self.bytes.len() as u64;
        let skipped = at
            .checked_sub(start)
            .and_then(|skipped| usize::try_from(skipped).ok());
        let Some(skipped) = skipped else {
            return Vec::new();
        };
        self.bytes.iter().skip(skipped).take(ROW).copied().collect()
    }

    fn begins_with(&self, bytes: &[u8]) -> bool {
        self.end == self.bytes.len() as u64 && bytes.iter().eq(self.bytes.iter().take(bytes.len()))
    }
}

/// Shows the place with the row before it, then the rule.
pub(super) fn show(fault: &Fault, recent: &Recent, page: &mut Page<'_>) -> io::Result<()> {
    // An error at the end of the stream is shown after the last byte.
    let row = fault.at - fault.at % ROW as u64;
    let before = row.checked_sub(ROW as u64);
    let rows = before.into_iter().chain([row]);
    page.mistake(&Mistake {
        message: &fault.message(),
        kind: &fault.kind,
        hint: hint(&fault.kind, recent),
        at: fault.at,
        rows: rows.map(|at| (at, recent.row(at))).collect(),
    })
}

/// A common cause of this error.
fn hint(kind: &str, recent: &Recent) -> Option<&'static str> {
    Some(match kind {
        "reserved_opcode" if recent.begins_with(b"G") => HEAD,
        "control_fragmented" if recent.begins_with(b"H") => HEAD,
        "frame_not_masked" => "servers send frames without a mask; to read theirs: --role client",
        "frame_masked" => "clients mask their frames; to read theirs: --role server",
        "reserved_bits" => {
            "RSV1 marks a compressed message; if compression was agreed on, as browsers do: --deflate"
        }
        "bare_lf" => "lines end with CR LF; many editors and tools write LF alone",
        "invalid_method" if recent.begins_with(b"HTTP/") => {
            "this looks like a response; to read those: decode http1-response"
        }
        "invalid_method" if recent.end() > 1 => {
            "if a request stands before this, its body was longer than its fields say, or it was \
             an upgrade and this is the other protocol"
        }
        "invalid_version" => "a response begins with HTTP/1.1; for requests: decode http1-request",
        "tls_hello" => "the stream is encrypted; what is inside cannot be seen here",
        "truncated_head" => "a head ends with an empty line",
        "truncated_body" => "the framing fields promised more than came",
        _ => return None,
    })
}

const HEAD: &str = "if this is the head of the handshake, the frames begin after its empty line";

/// More than the longest head or trailer section that the codec accepts.
const KEPT: usize = 32 << 10;
