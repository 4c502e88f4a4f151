//! A server of one channel with long polling, on threads. HTTP is holdline-http1's.
//!
//!     cargo run -p holdline-comet --example long_poll
//!     curl 'http://127.0.0.1:8000/?since=earliest'     # at once, or after 25 s, or when there is something
//!     curl -d hello http://127.0.0.1:8000/
//!
//! The answer's `cursor` is the next request's `since`: what is published between the two is in the next answer.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use holdline_comet::{Hold, Log, LogLimits, Position, Reader, Release, Since, poll};
use holdline_http1::{Buffer, Event, ServerConfig, ServerConnection};

/// One life of the server. Give each start its own, so that a cursor of an earlier life is known as one.
const EPOCH: u64 = 1;
const WAIT: Duration = Duration::from_secs(25);

fn main() -> std::io::Result<()> {
    serve(&TcpListener::bind("127.0.0.1:8000")?, WAIT)
}

fn serve(listener: &TcpListener, wait: Duration) -> std::io::Result<()> {
    println!("http://{}/", listener.local_addr()?);
    let channel = Arc::new(Channel::new(wait));
    loop {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(100)); // Out of files: let some be closed.
            continue;
        };
        let channel = Arc::clone(&channel);
        let thread = thread::Builder::new();
        // Without a thread the connection is closed.
        thread
            .spawn(move || {
                if let Err(error) = connection(stream, &channel) {
                    eprintln!("{error}");
                }
            })
            .ok();
    }
}

struct Channel {
    published: Mutex<Published>,
    news: Condvar,
    started: Instant,
    wait: Duration,
}

struct Published {
    log: Log<String>,
    newest: u64,
}

impl Channel {
    fn new(wait: Duration) -> Self {
        let log = Log::new(LogLimits::default());
        Self {
            published: Mutex::new(Published { log, newest: 0 }),
            news: Condvar::new(),
            started: Instant::now(),
            wait,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Published> {
        self.published
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, text: String) -> Result<(), holdline_comet::PushError> {
        let mut published = self.lock();
        let number = published.newest + 1;
        let now = self.started.elapsed();
        published.log.push(number, text.len(), now, text)?;
        published.newest = number;
        self.news.notify_all();
        Ok(())
    }

    /// Waits until there is something after `since`. A client that has lost messages is told at once.
    fn long_poll(&self, since: &str) -> Option<BytesMut> {
        let mut published = self.lock();
        let since = match since {
            "now" => Since::Now,
            "earliest" => Since::Earliest,
            cursor => Since::Cursor(cursor.parse().ok()?),
        };
        let mut position = published.reader(&[&published.log]).position(since);
        let mut hold = Hold::new(self.started.elapsed(), self.wait);
        loop {
            let mut answer = BytesMut::new();
            // Under the same lock in which one waits for news: nothing is published in between.
            let release = match published.answer(&mut position, &mut answer) {
                true => hold.data(),
                false => hold.handle_timeout(self.started.elapsed()),
            };
            if let Some(Release::Data | Release::Timeout) = release {
                return Some(answer);
            }
            let due = hold.poll_timeout().unwrap_or_default();
            let rest = due.saturating_sub(self.started.elapsed());
            let woken = self.news.wait_timeout(published, rest);
            published = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Published {
    fn reader<'l>(&self, logs: &'l [&'l Log<String>]) -> Reader<'l, String> {
        Reader::new(EPOCH, self.newest, logs)
    }

    /// Whether there is something to tell.
    fn answer(&self, position: &mut Position, out: &mut BytesMut) -> bool {
        let logs = [&self.log];
        let missed = self.reader(&logs).read(position);
        let lost = missed.lost.is_some();
        let messages: Vec<_> = missed
            .map(|(_, number, text)| {
                let id = holdline_comet::Cursor::new(EPOCH, number);
                let data = serde_json::Value::from(&**text);
                format!(r#"{{"id":"{id}","data":{data}}}"#)
            })
            .collect();
        poll::encode(position.cursor(), &messages, lost, out);
        lost || !messages.is_empty()
    }
}

fn connection(mut stream: TcpStream, channel: &Channel) -> Result<(), Box<dyn Error>> {
    let mut http = ServerConnection::new(ServerConfig::default());
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
    let (mut block, mut body) = ([0; 4096], Vec::new());
    let mut since = None; // of the request that is being read; a publisher's has none
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    while !http.should_close() {
        let n = stream.read(&mut block)?;
        if n == 0 {
            return Ok(());
        }
        let mut input = &block[..n];
        loop {
            match http.receive(&mut input, &mut buffer) {
                Ok(None | Some(Event::Paused)) => break,
                Ok(Some(Event::Request { head, .. })) => {
                    let query = head.query().unwrap_or_default();
                    let value = query.strip_prefix("since=").unwrap_or("earliest");
                    since = (head.method() != "POST").then(|| value.to_owned());
                }
                Ok(Some(Event::Data(data))) if body.len() + data.len() <= 64 * 1024 => {
                    body.extend_from_slice(data);
                }
                Ok(Some(Event::Data(_))) => return Err("a message of more than 64 KiB".into()),
                Ok(Some(Event::End { .. })) => match since.take() {
                    Some(since) => match channel.long_poll(&since) {
                        Some(answer) => {
                            let headers = [
                                ("Content-Type", poll::CONTENT_TYPE),
                                ("Cache-Control", "no-store"),
                            ];
                            http.respond(200, headers, &answer, &mut out)?;
                        }
                        None => {
                            http.respond(400, (), b"since=CURSOR, earliest or now\n", &mut out)?
                        }
                    },
                    None => match String::from_utf8(std::mem::take(&mut body)) {
                        Ok(text) => {
                            channel.publish(text)?;
                            http.respond(204, (), b"", &mut out)?;
                        }
                        Err(_) => http.respond(400, (), b"UTF-8 is asked for\n", &mut out)?,
                    },
                },
                Ok(Some(_)) => {}
                Err(error) => {
                    http.respond(error.status(), (), b"", &mut out)?;
                    break;
                }
            }
        }
        http.poll_transmit(&mut out);
        stream.write_all(&out.split())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(wait: Duration) -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || serve(&listener, wait));
        address
    }

    /// The body of the answer to one request.
    fn ask(address: std::net::SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "{request}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 20"), "{head}");
        body.to_owned()
    }

    fn publish(address: std::net::SocketAddr, text: &str) {
        let length = text.len();
        let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length:";
        assert_eq!(ask(address, &format!("{head} {length}\r\n\r\n{text}")), "");
    }

    fn since(address: std::net::SocketAddr, cursor: &str) -> String {
        let rest = "HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        ask(address, &format!("GET /?since={cursor} {rest}"))
    }

    #[test]
    fn what_is_published_between_two_polls_is_in_the_next_answer() {
        let address = start(Duration::from_secs(60));
        publish(address, "one \"quoted\"\n");
        let first =
            r#"{"cursor":"1-1","messages":[{"id":"1-1","data":"one \"quoted\"\n"}],"lost":false}"#;
        assert_eq!(since(address, "earliest"), first);
        publish(address, "two");
        let second = r#"{"cursor":"1-2","messages":[{"id":"1-2","data":"two"}],"lost":false}"#;
        assert_eq!(since(address, "1-1"), second);
        // And a request that waits is answered by what is published meanwhile.
        let held = thread::spawn(move || since(address, "1-2"));
        publish(address, "three");
        let third = r#"{"cursor":"1-3","messages":[{"id":"1-3","data":"three"}],"lost":false}"#;
        assert_eq!(held.join().unwrap(), third);
    }

    #[test]
    fn a_wait_that_is_over_is_answered_without_messages_and_an_old_life_is_told_as_lost() {
        let address = start(Duration::from_millis(50));
        let nothing = r#"{"cursor":"1-0","messages":[],"lost":false}"#;
        assert_eq!(since(address, "now"), nothing);
        assert!(since(address, "9-4").ends_with(r#""lost":true}"#));
    }
}
