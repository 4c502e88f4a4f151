//! The seven transports, each read by a parser that accepts only the documented form.

mod item;

use std::fmt;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tungstenite::error::{Error, ProtocolError};

pub use self::item::Item;
use self::item::{item, message, parse, told};
use crate::http::{Client, fault};
use crate::wait::LIMIT;

/// A way to receive messages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs)]
pub enum Transport {
    Poll,
    LongPoll,
    Jsonp,
    XhrStream,
    Iframe,
    Sse,
    WebSocket,
}

impl Transport {
    /// All seven.
    pub const ALL: [Self; 7] = [
        Self::Poll,
        Self::LongPoll,
        Self::Jsonp,
        Self::XhrStream,
        Self::Iframe,
        Self::Sse,
        Self::WebSocket,
    ];

    /// The last segment of its path.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::LongPoll => "long-poll",
            Self::Jsonp => "jsonp",
            Self::XhrStream => "xhr-stream",
            Self::Iframe => "iframe",
            Self::Sse => "sse",
            Self::WebSocket => "websocket",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The callback for what is received.
type Tell<'t> = &'t mut dyn FnMut(Item) -> ControlFlow<()>;

/// Subscribes over one connection until `tell` has enough or the connection ends. Polling
/// transports make one request after the other.
///
/// # Errors
/// Of kind `InvalidData` when the server said anything that it may not say. `WouldBlock` or
/// `TimedOut` when it said nothing for [`LIMIT`]. Everything else means that the connection ended;
/// an end in good order is `UnexpectedEof`, too.
pub fn subscribe(
    transport: Transport,
    address: SocketAddr,
    channels: &str,
    since: Option<&str>,
    tell: Tell<'_>,
) -> io::Result<()> {
    let socket = TcpStream::connect(address)?;
    subscribe_on(socket, transport, channels, since, tell)
}

/// The same on a connected socket. A caller that keeps a clone of it can cut the connection at any time.
///
/// # Errors
/// As [`subscribe`].
pub fn subscribe_on(
    socket: TcpStream,
    transport: Transport,
    channels: &str,
    since: Option<&str>,
    tell: Tell<'_>,
) -> io::Result<()> {
    subscribe_as(socket, transport, channels, since, "", tell)
}

/// The same with more in the query, such as `name=ann&presence=true`.
///
/// # Errors
/// As [`subscribe`].
pub fn subscribe_as(
    socket: TcpStream,
    transport: Transport,
    channels: &str,
    since: Option<&str>,
    query: &str,
    tell: Tell<'_>,
) -> io::Result<()> {
    let more = query.split('&').filter(|pair| !pair.is_empty());
    let path = format!("/channels/{channels}/{transport}");
    let mut query = match transport {
        Transport::LongPoll => vec![wait(since)],
        Transport::Jsonp => vec![wait(since), format!("callback={CALLBACK}")],
        Transport::Iframe => vec![format!("callback={CALLBACK}")],
        _ => Vec::new(),
    };
    if let Some(since) = since {
        query.push(format!("since={since}"));
    }
    query.extend(more.map(str::to_owned));
    let target = format!("{path}?{}", query.join("&"));
    match transport {
        Transport::Poll | Transport::LongPoll | Transport::Jsonp => {
            polls(transport, Client::new(socket)?, &path, query, tell)
        }
        Transport::XhrStream => lines(&mut stream(socket, &target)?.as_reader()?, tell),
        Transport::Iframe => scripts(&mut stream(socket, &target)?.as_reader()?, tell),
        Transport::Sse => events(&mut stream(socket, &target)?.as_reader()?, tell),
        Transport::WebSocket => websocket(socket, &target, tell),
    }
}

/// A first request without waiting gets the cursor that the later ones wait after.
fn wait(since: Option<&str>) -> String {
    let seconds = if since.is_some() { 20 } else { 0 };
    format!("wait={seconds}")
}

/// The function that scripts should call.
const CALLBACK: &str = "app$receive_1";

fn polls(
    transport: Transport,
    mut client: Client,
    path: &str,
    mut query: Vec<String>,
    tell: Tell<'_>,
) -> io::Result<()> {
    loop {
        let target = format!("{path}?{}", query.join("&"));
        client.send(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"))?;
        let answer = client.answer("GET")?;
        if answer.head.status != 200 {
            return Err(fault(format!("{answer:?}")));
        }
        let text = std::str::from_utf8(&answer.body).map_err(|_| fault("not UTF-8"))?;
        let json = match transport {
            Transport::Jsonp => call(text, "/**/", ";")?,
            _ => text.to_owned(),
        };
        let answer: Value = parse(&json)?;
        let (cursor, messages, lost) = (&answer["cursor"], &answer["messages"], &answer["lost"]);
        let watches = query.iter().any(|pair| pair.starts_with("presence="));
        let (Some(cursor), Some(messages), Some(lost), Some(members)) = (
            cursor.as_str(),
            messages.as_array(),
            lost.as_bool(),
            answer.as_object().map(serde_json::Map::len),
        ) else {
            return Err(fault(format!("no answer to a poll: {answer}")));
        };
        let presence = answer["presence"].as_str();
        if presence.is_some() != watches || members != 3 + usize::from(watches) {
            return Err(fault(format!("no answer to a poll: {answer}")));
        };
        let mut items = Vec::new();
        if lost {
            items.push(Item::Lost(cursor.to_owned()));
        }
        for message in messages {
            items.push(item(message)?);
        }
        items.push(Item::Position(cursor.to_owned()));
        for item in items {
            if tell(item).is_break() {
                return Ok(());
            }
        }
        query.retain(|pair| !pair.starts_with("since=") && !pair.starts_with("wait="));
        query.extend([wait(Some(cursor)), format!("since={cursor}")]);
        if let Some(presence) = presence {
            query.retain(|pair| !pair.starts_with("presence="));
            query.push(format!("presence={presence}"));
        }
        if transport == Transport::Poll && messages.is_empty() {
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// An endless response.
struct Stream {
    client: Client,
    head: crate::http::Head,
}

fn stream(socket: TcpStream, target: &str) -> io::Result<Stream> {
    let mut client = Client::new(socket)?;
    client.send(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"))?;
    let head = client.head()?.ok_or(ErrorKind::UnexpectedEof)?;
    if head.status != 200 {
        return Err(fault(format!("{head:?}")));
    }
    Ok(Stream { client, head })
}

impl Stream {
    fn as_reader(&mut self) -> io::Result<BufReader<impl Read>> {
        Ok(BufReader::new(self.client.body(&self.head, "GET")?))
    }
}

/// One line of text without its line feed; nothing but a line feed ends it.
fn text_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let line = String::from_utf8(line).map_err(|_| fault("a line that is not UTF-8"))?;
    if line.contains('\r') {
        return Err(fault(format!("a carriage return in {line:?}")));
    }
    Ok(line)
}

/// An XHR stream: JSON values and blank lines.
fn lines(reader: &mut impl BufRead, tell: Tell<'_>) -> io::Result<()> {
    let mut first = true;
    loop {
        let line = text_line(reader)?;
        if std::mem::take(&mut first) && (line.len() < 2047 || !line.trim().is_empty()) {
            return Err(fault("a prelude of less than 2 KiB"));
        }
        if !line.trim().is_empty() && tell(item(&parse(&line)?)?).is_break() {
            return Ok(());
        }
    }
}

/// A forever frame: a script per line.
fn scripts(reader: &mut impl BufRead, tell: Tell<'_>) -> io::Result<()> {
    let mut began = false;
    loop {
        let line = text_line(reader)?;
        if let Some(script) = line.strip_prefix("<script>parent.") {
            if !began {
                return Err(fault("a script before the page"));
            }
            let script = script
                .strip_suffix("</script>")
                .ok_or_else(|| fault(format!("a script without end: {line:?}")))?;
            if tell(item(&parse(&call(script, "", "")?)?)?).is_break() {
                return Ok(());
            }
        } else if line.trim() == "</body></html>" {
            return Err(ErrorKind::UnexpectedEof.into());
        } else if line.starts_with("<!DOCTYPE html>") || line.contains("<body>") {
            began = true;
        } else if !line.trim().is_empty() {
            return Err(fault(format!("on the endless page: {line:?}")));
        }
    }
}

/// The JSON in `BEFORE callback(JSON) AFTER`. It must be safe inside `<script>` and for engines that treat U+2028
/// and U+2029 as line ends.
fn call(script: &str, before: &str, after: &str) -> io::Result<String> {
    let json = script
        .strip_prefix(before)
        .and_then(|rest| rest.strip_prefix(CALLBACK))
        .and_then(|rest| rest.strip_prefix('('))
        .and_then(|rest| rest.strip_suffix(after))
        .and_then(|rest| rest.strip_suffix(')'))
        .ok_or_else(|| fault(format!("no call of {CALLBACK}: {script:?}")))?;
    if json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return Err(fault(format!("not escaped for a script: {json:?}")));
    }
    Ok(json.to_owned())
}

/// An event stream.
fn events(reader: &mut impl BufRead, tell: Tell<'_>) -> io::Result<()> {
    let (mut id, mut event, mut data) = (None, None, Vec::<String>::new());
    let mut last_id = String::new();
    loop {
        let line = text_line(reader)?;
        if line.is_empty() {
            let (event, data) = (event.take(), std::mem::take(&mut data));
            let item = match (id.take(), data.is_empty()) {
                // A comment alone.
                (None, true) if event.is_none() => continue,
                (Some(id), true) if event.is_none() => Item::Position(id),
                (None, false) => told(&last_id, event.as_deref(), &data.join("\n"))?,
                (Some(id), false) => message(id, event, data.join("\n"))?,
                (id, _) => {
                    return Err(fault(format!(
                        "event {event:?} with ID {id:?} and {data:?}"
                    )));
                }
            };
            if tell(item).is_break() {
                return Ok(());
            }
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match name {
            "" => {}
            "data" => data.push(value),
            "retry" if value.parse::<u32>().is_ok() => {}
            "id" if id.is_none() => {
                last_id.clone_from(&value);
                id = Some(value);
            }
            "event" if event.is_none() => event = Some(value),
            _ => return Err(fault(format!("in an event stream: {line:?}"))),
        }
    }
}

fn websocket(socket: TcpStream, target: &str, tell: Tell<'_>) -> io::Result<()> {
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(LIMIT))?;
    let shaken = tungstenite::client(format!("ws://test{target}"), socket);
    let (mut socket, _) = shaken.map_err(|error| match error {
        tungstenite::HandshakeError::Failure(error) => websocket_error(error),
        tungstenite::HandshakeError::Interrupted(_) => ErrorKind::TimedOut.into(),
    })?;
    loop {
        match socket.read().map_err(websocket_error)? {
            tungstenite::Message::Text(text) => {
                if tell(item(&parse(&text)?)?).is_break() {
                    return Ok(());
                }
            }
            tungstenite::Message::Ping(_) => {}
            other => return Err(fault(format!("on a WebSocket: {other:?}"))),
        }
    }
}

fn websocket_error(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::Protocol(
            ProtocolError::HandshakeIncomplete | ProtocolError::ResetWithoutClosingHandshake,
        ) => ErrorKind::UnexpectedEof.into(),
        error => fault(error.to_string()),
    }
}
