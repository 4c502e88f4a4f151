//! Following a stream: a consumer that the server drops soon after nobody asks it any more.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;

use super::api::{self, Done, Failure, NO_RESPONDERS};
use super::entry::MESSAGE_ID;
use super::link::{Link, away, silent};
use super::session::Place;
use super::wire::Message;
use crate::journal::broker::engine::{BATCH, Entry, PATIENCE, Trouble};

/// A consumer, and how far it is.
#[derive(Debug)]
pub(super) struct Feed {
    consumer: String,
    /// Everything up to this number has come.
    passed: u64,
    /// The number of the last delivery.
    delivered: u64,
    /// What was asked for last, and how many messages are still to come for it.
    pull: Option<(u64, usize)>,
    /// How long nothing came while it was waited for.
    quiet: Duration,
}

#[derive(Deserialize)]
struct Consumer {
    name: String,
}

/// A message with what its reply subject says about its delivery.
#[derive(Debug)]
struct Delivery {
    number: u64,
    delivered: u64,
    /// In milliseconds since the epoch of Unix.
    time: u64,
    /// How many messages are after it.
    pending: u64,
}

/// Entries, and the hashes of the idempotency keys that came with them.
struct Read<'a> {
    place: &'a Place,
    entries: Vec<Entry>,
    bytes: usize,
}

impl Feed {
    /// A consumer of the messages after number `after`.
    pub(super) fn new(link: &mut Link, stream: &str, after: u64) -> Result<Self, Trouble> {
        let body = json!({"stream_name": stream, "config": {
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": after + 1,
            "ack_policy": "none",
            "replay_policy": "instant",
            "inactive_threshold": nanoseconds(UNUSED),
            "mem_storage": true,
            "num_replicas": 1,
        }});
        let consumer: Consumer = api::ask(link, &format!("CONSUMER.CREATE.{stream}"), &body)?;
        Ok(Self {
            consumer: consumer.name,
            passed: after,
            delivered: 0,
            pull: None,
            quiet: Duration::ZERO,
        })
    }

    /// Whether this is what comes next.
    pub(super) fn is_at(&self, after: u64) -> bool {
        self.passed == after
    }

    /// What has come, or what comes next until then.
    pub(super) fn next(
        &mut self,
        link: &mut Link,
        place: &Place,
        wait: Duration,
    ) -> Result<Vec<Entry>, Trouble> {
        let until = Instant::now() + wait;
        let mut read = Read::new(place);
        while read.bytes < BATCH {
            self.ask(link, &place.address.stream)?;
            let asked = Instant::now();
            let until = match read.entries.is_empty() {
                true => until,
                false => asked,
            };
            let Some(message) = link.receive(until)? else {
                self.quiet += asked.elapsed();
                break;
            };
            self.quiet = Duration::ZERO;
            self.take(link, &message, &mut read)?;
        }
        self.judge_quiet()?;
        Ok(read.entries)
    }

    /// Asks for messages, unless it is being waited for them.
    fn ask(&mut self, link: &mut Link, stream: &str) -> Result<(), Trouble> {
        if self.pull.is_some() {
            return Ok(());
        }
        let body = json!({
            "batch": PULL,
            "max_bytes": most_bytes(link),
            "expires": nanoseconds(EXPIRES),
            "idle_heartbeat": nanoseconds(HEARTBEAT),
        });
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{}", self.consumer);
        let number = link.queue(&subject, &[], body.to_string().as_bytes());
        self.pull = Some((number, PULL));
        link.flush()
    }

    fn take(&mut self, link: &Link, message: &Message, read: &mut Read<'_>) -> Result<(), Trouble> {
        if let Some(delivery) = Delivery::of(message, &self.consumer) {
            if delivery.delivered != self.delivered + 1 {
                return Err(away(&"messages of the server of NATS are missing"));
            }
            self.delivered = delivery.delivered;
            if let Some((_, left)) = &mut self.pull {
                *left -= 1;
                if *left == 0 {
                    self.pull = None;
                }
            }
            if delivery.number > self.passed {
                self.passed = delivery.number;
                read.add(&delivery, message);
            }
            return Ok(());
        }
        let is_ours = self.pull.map(|(number, _)| number) == link.answers(message);
        match message.headers.status {
            _ if !is_ours => Ok(()),
            // A heartbeat.
            Some(100) => Ok(()),
            _ => {
                judge_end(message)?;
                self.pull = None;
                Ok(())
            }
        }
    }

    /// While nothing happens there are heartbeats.
    fn judge_quiet(&mut self) -> Result<(), Trouble> {
        match self.quiet > 3 * HEARTBEAT {
            true => Err(silent()),
            false => Ok(()),
        }
    }
}

/// Messages from number `from` up to `to`, at most `most`.
pub(super) fn range(
    link: &mut Link,
    place: &Place,
    (from, to): (u64, u64),
    most: usize,
) -> Result<Vec<Entry>, Trouble> {
    let stream = &place.address.stream;
    let consumer = Feed::new(link, stream, from - 1)?.consumer;
    let mut read = Read::new(place);
    let result = pull(link, stream, &consumer, to, most, &mut read);
    // If it cannot be deleted, the server does it.
    let deleted: Result<Done, Failure> = api::ask(
        link,
        &format!("CONSUMER.DELETE.{stream}.{consumer}"),
        &json!({}),
    );
    match (result, deleted) {
        (Err(trouble), _) | (Ok(()), Err(Failure::Trouble(trouble))) => Err(trouble),
        (Ok(()), _) => Ok(read.entries),
    }
}

/// Pulls until there are enough.
fn pull(
    link: &mut Link,
    stream: &str,
    consumer: &str,
    to: u64,
    most: usize,
    read: &mut Read<'_>,
) -> Result<(), Trouble> {
    let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}");
    let mut strays = Vec::new();
    let mut result = Ok(());
    'pulls: while read.entries.len() < most && read.bytes < BATCH {
        let batch = (most - read.entries.len()).min(PULL);
        let body = json!({"batch": batch, "max_bytes": most_bytes(link), "no_wait": true});
        let number = link.queue(&subject, &[], body.to_string().as_bytes());
        link.flush()?;
        let until = Instant::now() + PATIENCE;
        let mut count = 0;
        while count < batch {
            let Some(message) = link.receive(until)? else {
                result = Err(silent());
                break 'pulls;
            };
            match Delivery::of(&message, consumer) {
                Some(delivery) if delivery.number > to => break 'pulls,
                Some(delivery) => {
                    count += 1;
                    read.add(&delivery, &message);
                    if delivery.number == to || delivery.pending == 0 {
                        break 'pulls;
                    }
                }
                None if link.answers(&message) == Some(number) => {
                    // Who takes a refusal for the end of the stream takes what was not read for lost.
                    if let Err(trouble) = judge_end(&message) {
                        result = Err(trouble);
                        break 'pulls;
                    }
                    match count {
                        0 => break 'pulls,
                        _ => break,
                    }
                }
                None => strays.push(message),
            }
        }
    }
    link.put_back(strays);
    result
}

/// Whether this is the end of what was asked for: there is nothing more, or the next message did not fit any more into it.
fn judge_end(message: &Message) -> Result<(), Trouble> {
    let description = &message.headers.description;
    match message.headers.status {
        Some(404 | 408) => Ok(()),
        Some(409) if description.contains("MaxBytes") => Ok(()),
        Some(NO_RESPONDERS) => Err(away(&"the stream is gone")),
        _ => Err(away(&format!("JetStream says: {description}"))),
    }
}

impl<'a> Read<'a> {
    fn new(place: &'a Place) -> Self {
        Self {
            place,
            entries: Vec::new(),
            bytes: 0,
        }
    }

    fn add(&mut self, delivery: &Delivery, message: &Message) {
        if let Some(id) = message.headers.find(MESSAGE_ID) {
            self.place.seen.saw(id, Some(delivery.time));
        }
        self.bytes += message.payload.len() + OVERHEAD;
        let entry = self
            .place
            .subjects
            .entry(delivery.number, Some(delivery.time), message);
        self.entries.push(entry);
    }
}

impl Delivery {
    /// Reads `$JS.ACK.STREAM.CONSUMER.TRIES.NUMBER.DELIVERED.TIME.PENDING`. Newer servers may say the domain and the
    /// account before the stream, and something random at the end.
    fn of(message: &Message, consumer: &str) -> Option<Self> {
        let rest = message.reply.as_deref()?.strip_prefix("$JS.ACK.")?;
        let mut words: Vec<&str> = rest.split('.').collect();
        if words.len() > 7 {
            words.drain(..2);
        }
        let [_, name, _, number, delivered, time, pending, ..] = words[..] else {
            return None;
        };
        if name != consumer {
            return None;
        }
        Some(Self {
            number: number.parse().ok()?,
            delivered: delivered.parse().ok()?,
            time: time.parse::<u64>().ok()? / 1_000_000,
            pending: pending.parse().ok()?,
        })
    }
}

/// About a batch, but never less than the largest message: it would not come.
fn most_bytes(link: &Link) -> usize {
    BATCH.max(link.server.max_payload + OVERHEAD)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Messages that are asked for at a time.
const PULL: usize = 500;
/// After so long it is asked again.
const EXPIRES: Duration = Duration::from_secs(30);
const HEARTBEAT: Duration = Duration::from_secs(1);
/// After so long without a question the server drops a consumer.
const UNUSED: Duration = Duration::from_secs(60);
/// What a message takes beside its body, at most about.
const OVERHEAD: usize = 1024;

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read as _, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::journal::broker::engine::EngineOptions;
    use crate::journal::broker::nats::address::Address;

    #[test]
    fn the_reply_subject_tells_of_the_delivery() {
        let of = |reply: &str| {
            let message = Message {
                reply: Some(reply.to_owned()),
                ..Message::default()
            };
            Delivery::of(&message, "c").map(|delivery| {
                let Delivery {
                    number,
                    delivered,
                    time,
                    pending,
                } = delivery;
                (number, delivered, time, pending)
            })
        };
        let expected = Some((106, 2, 1_795_916_709_276, 4));
        assert_eq!(of("$JS.ACK.s.c.1.106.2.1795916709276949179.4"), expected);
        assert_eq!(
            of("$JS.ACK.hub.h4sh.s.c.1.106.2.1795916709276949179.4.rnd"),
            expected
        );
        for reply in [
            "$JS.ACK.s.d.1.106.2.1795916709276949179.4",
            "_INBOX.x.1",
            "$JS.ACK.s.c.1.x.2.3.4",
            "$JS.ACK.s.c",
        ] {
            assert_eq!(of(reply), None, "{reply}");
        }
    }

    /// A server of NATS that has a consumer, and gives this status instead of its messages.
    fn refusing(status: &'static str) -> Address {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut out, _) = listener.accept().unwrap();
            let mut input = BufReader::new(out.try_clone().unwrap());
            let info = r#"{"server_id":"x","version":"2.10.0","headers":true,"jetstream":true,"max_payload":1000}"#;
            write!(out, "INFO {info}\r\n").unwrap();
            let mut line = String::new();
            while input.read_line(&mut line).is_ok_and(|length| length > 0) {
                let words: Vec<_> = line.split_whitespace().collect();
                match words[..] {
                    ["PING"] => write!(out, "PONG\r\n").unwrap(),
                    ["PUB", subject, reply, length] => {
                        let length: usize = length.parse().unwrap();
                        input.read_exact(&mut vec![0; length + 2]).unwrap();
                        if subject.contains("MSG.NEXT") {
                            let block = format!("NATS/1.0 {status}\r\n\r\n");
                            let length = block.len();
                            write!(out, "HMSG {reply} 1 {length} {length}\r\n{block}\r\n").unwrap();
                        } else {
                            let text = r#"{"name":"c","success":true}"#;
                            write!(out, "MSG {reply} 1 {}\r\n{text}\r\n", text.len()).unwrap();
                        }
                    }
                    _ => {}
                }
                line.clear();
            }
        });
        Address::parse(&format!("nats://{address}")).unwrap()
    }

    #[test]
    fn what_jetstream_does_not_give_now_is_not_taken_for_gone() {
        let options = EngineOptions {
            keep: 1000,
            keys: 1,
            key_time: Duration::from_secs(1),
            max_message: 1000,
        };
        for (status, is_end) in [
            ("404 No Messages", true),
            ("409 Message Size Exceeds MaxBytes", true),
            ("409 Consumer Deleted", false),
            ("409 Leadership Change", false),
            ("503", false),
        ] {
            let address = refusing(status);
            let mut link = Link::new(&address).unwrap();
            let place = Place::new(address, options);
            let read = range(&mut link, &place, (1, 9), 10);
            assert_eq!(read.is_ok(), is_end, "{status}: {read:?}");
        }
    }
}
