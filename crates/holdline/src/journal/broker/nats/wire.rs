//! The protocol between a client of NATS and its server: lines, and messages with their length before them.

use bytes::{Buf, Bytes, BytesMut};

/// What a server says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Said {
    /// About itself, as JSON.
    Info(Bytes),
    Message(Message),
    Ping,
    /// An answer to a ping, or a confirmation.
    Pong,
    Error(String),
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Message {
    pub(super) subject: String,
    pub(super) reply: Option<String>,
    pub(super) headers: Headers,
    pub(super) payload: Bytes,
}

/// The header fields of a message. A message of the server itself may have a status instead.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Headers {
    pub(super) status: Option<u16>,
    /// What the server says about the status.
    pub(super) description: String,
    pub(super) fields: Vec<(String, String)>,
}

impl Headers {
    /// The value of the first field with this name.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Reads `NATS/1.0 404 No Messages` and the lines after it.
    pub(super) fn parse(block: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(block);
        let mut lines = text.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let rest = first
            .strip_prefix("NATS/1.0")
            .ok_or("a message's header does not begin with NATS/1.0")?;
        let (status, description) = match rest.trim().split_once(' ') {
            Some((status, description)) => (status, description.trim()),
            None => (rest.trim(), ""),
        };
        let fields = lines.filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_owned(), value.trim().to_owned()))
        });
        Ok(Self {
            status: status.parse().ok(),
            description: description.to_owned(),
            fields: fields.collect(),
        })
    }
}

/// Takes the next thing out of what arrived, if all of it is there. A message has at most `most` bytes.
pub(super) fn take(input: &mut BytesMut, most: usize) -> Result<Option<Said>, String> {
    let Some(length) = input.windows(2).position(|pair| pair == b"\r\n") else {
        return match input.len() > MAX_LINE {
            true => Err("the server sends a line that does not end".to_owned()),
            false => Ok(None),
        };
    };
    let line = String::from_utf8_lossy(&input[..length]).into_owned();
    let (verb, rest) = line.split_once([' ', '\t']).unwrap_or((&line, ""));
    let after = length + 2;
    let said = match verb.to_ascii_uppercase().as_str() {
        verb @ ("MSG" | "HMSG") => {
            let frame = Frame::parse(rest, verb == "HMSG")
                .ok_or_else(|| format!("the server sends a message that begins with {line:?}"))?;
            return frame.take(input, after, most);
        }
        "INFO" => {
            let info = input.split_to(after).freeze();
            return Ok(Some(Said::Info(info.slice(verb.len()..length))));
        }
        "PING" => Said::Ping,
        "PONG" | "+OK" => Said::Pong,
        "-ERR" => Said::Error(rest.trim().trim_matches('\'').to_owned()),
        _ => return Err(format!("this is no server of NATS: it says {line:?}")),
    };
    input.advance(after);
    Ok(Some(said))
}

/// Appends a message to what is to be sent; an empty `reply` is none. Subjects have no blanks, header fields no line
/// breaks.
pub(super) fn publish(
    out: &mut Vec<u8>,
    subject: &str,
    reply: &str,
    headers: &[(&str, &str)],
    payload: &[u8],
) {
    let block = block(headers);
    let reply = match reply {
        "" => String::new(),
        reply => format!("{reply} "),
    };
    let line = match block.len() {
        0 => format!("PUB {subject} {reply}{}\r\n", payload.len()),
        length => format!(
            "HPUB {subject} {reply}{length} {}\r\n",
            length + payload.len()
        ),
    };
    for part in [line.as_bytes(), &block, payload, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

/// The bytes that header fields take.
pub(super) fn block(headers: &[(&str, &str)]) -> Vec<u8> {
    if headers.is_empty() {
        return Vec::new();
    }
    let fields = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    let fields: String = fields.collect();
    format!("NATS/1.0\r\n{fields}\r\n").into_bytes()
}

/// The line before a message.
struct Frame {
    subject: String,
    reply: Option<String>,
    headers: usize,
    total: usize,
}

impl Frame {
    /// Subject, number of the subscription, where to reply, length of the headers, and of all. The third may be
    /// missing; the fourth is there if there are headers.
    fn parse(words: &str, has_headers: bool) -> Option<Self> {
        let mut words: Vec<&str> = words.split_ascii_whitespace().collect();
        let total = words.pop()?.parse().ok()?;
        let headers = match has_headers {
            true => words.pop()?.parse().ok()?,
            false => 0,
        };
        let (subject, reply) = match words[..] {
            [subject, _] => (subject, None),
            [subject, _, reply] => (subject, Some(reply.to_owned())),
            _ => return None,
        };
        (headers <= total).then(|| Self {
            subject: subject.to_owned(),
            reply,
            headers,
            total,
        })
    }

    fn take(self, input: &mut BytesMut, after: usize, most: usize) -> Result<Option<Said>, String> {
        if self.total > most {
            return Err(format!(
                "the server sends a message of {} bytes",
                self.total
            ));
        }
        let end = after + self.total;
        if input.len() < end + 2 {
            return Ok(None);
        }
        if &input[end..end + 2] != b"\r\n" {
            return Err("a message of the server does not end where it should".to_owned());
        }
        let all = input.split_to(end + 2).freeze();
        let body = after + self.headers;
        let headers = match self.headers {
            0 => Headers::default(),
            _ => Headers::parse(&all[after..body])?,
        };
        Ok(Some(Said::Message(Message {
            subject: self.subject,
            reply: self.reply,
            headers,
            payload: all.slice(body..end),
        })))
    }
}

/// A line that tells of all servers of a large cluster is long.
const MAX_LINE: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// All that is said in `bytes`, which come in pieces of this size.
    fn said(bytes: &[u8], piece: usize) -> Result<Vec<Said>, String> {
        let (mut input, mut said) = (BytesMut::new(), Vec::new());
        for piece in bytes.chunks(piece) {
            input.extend_from_slice(piece);
            while let Some(next) = take(&mut input, 100)? {
                said.push(next);
            }
        }
        assert!(input.is_empty(), "{input:?}");
        Ok(said)
    }

    fn message(subject: &str, reply: Option<&str>, payload: &'static str) -> Message {
        Message {
            subject: subject.to_owned(),
            reply: reply.map(str::to_owned),
            headers: Headers::default(),
            payload: Bytes::from_static(payload.as_bytes()),
        }
    }

    #[test]
    fn everything_is_read_however_it_arrives() {
        let bytes = b"INFO {\"a\":1}\r\n+OK\r\nPING\r\nPONG\r\nMSG a.b 1 5\r\nhe\r\no\r\n\
            msg a 1 _INBOX.x 0\r\n\r\nHMSG a 7 r 19 21\r\nNATS/1.0\r\nA: b\r\n\r\n\nhi\r\n-ERR 'Stale Connection'\r\n";
        let headed = Message {
            headers: Headers {
                fields: vec![("A".to_owned(), "b".to_owned())],
                ..Headers::default()
            },
            ..message("a", Some("r"), "hi")
        };
        let expected = [
            Said::Info(Bytes::from_static(b" {\"a\":1}")),
            Said::Pong,
            Said::Ping,
            Said::Pong,
            Said::Message(message("a.b", None, "he\r\no")),
            Said::Message(message("a", Some("_INBOX.x"), "")),
            Said::Message(headed),
            Said::Error("Stale Connection".to_owned()),
        ];
        for piece in 1..bytes.len() {
            assert_eq!(said(bytes, piece).unwrap(), expected, "{piece}");
        }
    }

    #[test]
    fn a_status_is_read_with_its_text() {
        let headers =
            Headers::parse(b"NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 95\r\n\r\n");
        let headers = headers.unwrap();
        assert_eq!(headers.status, Some(408));
        assert_eq!(headers.description, "Request Timeout");
        assert_eq!(headers.find("nats-pending-messages"), Some("95"));
        assert_eq!(
            Headers::parse(b"NATS/1.0 503\r\n\r\n").unwrap().status,
            Some(503)
        );
        assert!(Headers::parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[test]
    fn what_is_published_reads_back() {
        let mut out = Vec::new();
        publish(&mut out, "s", "r", &[], b"one");
        assert_eq!(out, b"PUB s r 3\r\none\r\n");
        out.clear();
        publish(&mut out, "s", "r", &[("A", "b"), ("C", "d e")], b"two");
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.starts_with("HPUB s r 26 29\r\nNATS/1.0\r\nA: b\r\n"),
            "{text}"
        );
        // The server passes it on with the number of a subscription.
        let passed = text.replacen("HPUB s r", "HMSG s 1 r", 1);
        let said = said(passed.as_bytes(), 7).unwrap();
        let [Said::Message(message)] = &said[..] else {
            panic!("{said:?}")
        };
        assert_eq!(message.headers.find("C"), Some("d e"));
        assert_eq!(message.payload, "two");
    }

    #[test]
    fn nonsense_is_refused_and_never_a_panic() {
        for bytes in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"MSG a 1\r\n",
            b"MSG a 1 x\r\n",
            b"MSG a 1 r s 0\r\n\r\n",
            b"MSG a 1 -1\r\n",
            b"MSG a 1 101\r\n",
            b"MSG a 1 99999999999999999999\r\n",
            b"MSG a 1 1\r\nab\r\n",
            b"HMSG a 1 5 4\r\nNATS\r\n",
            b"HMSG a 1 4 4\r\nNATS\r\n",
        ] {
            let mut input = BytesMut::from(bytes);
            assert!(take(&mut input, 100).is_err(), "{bytes:?}");
        }
        let mut input = BytesMut::from(&vec![b'a'; MAX_LINE + 1][..]);
        assert!(take(&mut input, 100).is_err());
    }
}
