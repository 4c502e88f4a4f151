//! `--log-requests`: one line for each request when it is over.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::time::SystemTime;

use holdline_net::{ConnectionId, Finished};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::log_lines::LogLines;
use crate::subscription::Given;
use crate::transport::Transport;

/// The log of one event loop.
#[derive(Debug)]
pub(crate) struct RequestLog {
    lines: LogLines,
    /// What subscribers were given whose streams have ended, but whose requests have not been logged yet.
    given: HashMap<ConnectionId, VecDeque<Given>>,
    /// The paths of plug-in sockets.
    sockets: HashMap<ConnectionId, String>,
}

impl RequestLog {
    pub(crate) fn new(lines: LogLines) -> Self {
        Self {
            lines,
            given: HashMap::new(),
            sockets: HashMap::new(),
        }
    }

    /// A plug-in socket has said which channels it wants. It has no method, and is told by this path.
    pub(crate) fn named(&mut self, connection: ConnectionId, channels: &[String]) {
        let names: Vec<_> = channels
            .iter()
            .map(|name| utf8_percent_encode(name, NON_ALPHANUMERIC).to_string())
            .collect();
        let path = format!("/channels/{}", names.join(","));
        self.sockets.insert(connection, path);
    }

    /// A stream or a held poll is over. Its request is [finished](Self::finished) later.
    pub(crate) fn given(&mut self, connection: ConnectionId, given: Given) {
        self.given.entry(connection).or_default().push_back(given);
    }

    pub(crate) fn finished(&mut self, request: &Finished<'_>) {
        if let Some(path) = self.sockets.remove(&request.connection) {
            let given = self.take(request.connection);
            let mut request = *request;
            request.path = &path;
            let line = line(&request, Some(Transport::Socket), given, SystemTime::now());
            return self.lines.line(line.into_bytes());
        }
        let transport = transport(request.path);
        let streams = transport.is_some_and(|it| it != Transport::Poll);
        let given = match streams && matches!(request.status, Some(101 | 200)) {
            true => self.take(request.connection),
            false => None,
        };
        let line = line(request, transport, given, SystemTime::now());
        self.lines.line(line.into_bytes());
    }

    fn take(&mut self, connection: ConnectionId) -> Option<Given> {
        let waiting = self.given.get_mut(&connection)?;
        let given = waiting.pop_front();
        if waiting.is_empty() {
            self.given.remove(&connection);
        }
        given
    }
}

/// `time=… request method=GET path=/ status=200 sent=812 ms=0.213 transport=- end=done peer=127.0.0.1:4711`
fn line(
    request: &Finished<'_>,
    transport: Option<Transport>,
    given: Option<Given>,
    now: SystemTime,
) -> String {
    let time = humantime::format_rfc3339_millis(now);
    let status = request.status.map(|status| status.to_string());
    let mut line = format!(
        "time={time} request method={} path={} status={} sent={} ms={:.3} transport={}",
        escaped(request.method),
        escaped(request.path),
        status.as_deref().unwrap_or("-"),
        request.sent,
        request.time.as_secs_f64() * 1000.0,
        transport.map_or("-", Transport::name),
    );
    if let Some(Given { messages, lost }) = given {
        // Writing to a `String` cannot fail.
        let _ = write!(line, " messages={messages} lost={lost}");
    }
    // As above.
    let _ = match request.peer {
        Some(peer) => writeln!(line, " end={} peer={peer}", request.end),
        None => writeln!(line, " end={} peer=unix", request.end),
    };
    line
}

fn transport(path: &str) -> Option<Transport> {
    let (_, last) = path.strip_prefix("/channels/")?.split_once('/')?;
    last.parse().ok()
}

/// Escapes a text: no blanks, quotation marks, control characters or anything else that a terminal could interpret,
/// and not too long; `-` if there is none.
fn escaped(text: &str) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    let mut pieces = utf8_percent_encode(text, UNSAFE);
    let mut short = String::new();
    for piece in &mut pieces {
        if short.len() + piece.len() > MOST {
            let room = MOST.saturating_sub(short.len());
            // The escapes are ASCII, and so is what needs none.
            short.push_str(piece.get(..room).unwrap_or_default());
            short.push_str("...");
            break;
        }
        short.push_str(piece);
    }
    short
}

/// `%` is left alone: the target is already percent-encoded.
const UNSAFE: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'\'').add(b'\\').add(b'`');
/// The maximum length of a path or a method in a line, in bytes.
const MOST: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_client_sends_can_forge_a_line_or_steer_a_terminal() {
        assert_eq!(
            escaped("/a b\"\n\x1b[2J%20\u{202e}"),
            "/a%20b%22%0A%1B[2J%20%E2%80%AE"
        );
        assert_eq!(escaped(""), "-");
        let long = escaped(&"\u{e9}".repeat(5000));
        assert!(long.len() <= MOST + 3 && long.ends_with("..."), "{long}");
        let long = escaped(&"a".repeat(8000));
        assert_eq!(long.len(), MOST + 3);
    }

    #[test]
    fn the_transport_is_the_last_segment() {
        assert_eq!(transport("/channels/a,b/sse"), Some(Transport::Sse));
        assert_eq!(
            transport("/channels/a/long-poll"),
            Some(Transport::LongPoll)
        );
        for other in [
            "/stats",
            "/channels/a",
            "/channels/a/presence",
            "/x/a/sse",
            "",
        ] {
            assert_eq!(transport(other), None, "{other}");
        }
    }
}
