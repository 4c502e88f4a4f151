//! An XHR stream: a line of JSON for each message.

use std::io::Write;

use holdline_net::blocking::http::Client;

use super::{End, Session, check_coding};
use crate::transport::Transport;

/// Reads one response to its end.
pub(super) fn read(session: &mut Session<impl Write>) -> End {
    match read_lines(session) {
        Ok(why) => End::lost(why),
        Err(end) => end,
    }
}

/// Why there are no more lines.
fn read_lines(session: &mut Session<impl Write>) -> Result<&'static str, End> {
    let headers = session.headers()?;
    let url = session.url.url();
    let stream = session.tcp().connect(url).map_err(End::lost)?;
    let mut http = Client::new(stream, url.authority());
    let target = session.target(Transport::XhrStream, &[]);
    let sent = http.request("GET", &target, headers, b"");
    let answered = sent.and_then(|()| http.read_response());
    let response = answered.map_err(|error| session.failed(error))?;
    if response.status() != 200 {
        http.set_timeout(Some(session.timeout));
        // The status decides; the body only explains it.
        let body = http.read_body(super::MAX_BODY).unwrap_or_default();
        return Err(End::refused(&response, &body));
    }
    check_coding(&response)?;
    session.connected(Transport::XhrStream);
    let mut lines = Lines::default();
    loop {
        let piece = http.read_data().map_err(|error| session.failed(error))?;
        let Some(piece) = piece else {
            return Ok(lines.why_ended());
        };
        lines.push(piece, |line| session.receive(line))?;
    }
}

/// Joins pieces into lines. Blank lines (heartbeats and the prelude) are skipped.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The beginning of a line whose end has not arrived.
    begun: Vec<u8>,
}

impl Lines {
    pub(crate) fn push(
        &mut self,
        piece: &[u8],
        mut take: impl FnMut(&str) -> Result<(), End>,
    ) -> Result<(), End> {
        for part in piece.split_inclusive(|&byte| byte == b'\n') {
            if self.begun.len() + part.len() > MAX_LINE {
                return Err(End::Final(format!("a line has more than {MAX_LINE} bytes")));
            }
            self.begun.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.begun);
                let line = std::str::from_utf8(&line)
                    .map_err(|error| End::Final(format!("a line is not UTF-8: {error}")))?;
                if !line.trim().is_empty() {
                    take(line)?;
                }
            }
        }
        Ok(())
    }

    /// What the end of the stream means here.
    pub(super) fn why_ended(&self) -> &'static str {
        match self.begun.trim_ascii().is_empty() {
            true => "the stream ended",
            false => "the stream ended inside a message",
        }
    }
}

/// The maximum length of a line, in bytes.
const MAX_LINE: usize = 256 << 20;
