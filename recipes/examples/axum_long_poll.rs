//! Long polling in axum: what is published between two polls is in the next answer, and a client that comes too late is
//! told so.
//!
//!     cargo run -p holdline-recipes --example axum_long_poll
//!     curl 'http://127.0.0.1:8000/poll?since=earliest'     # at once, or when there is something, or after 25 s
//!     curl -d hello http://127.0.0.1:8000/publish
//!
//! The answer's `cursor` is the next request's `since`. A held request is a future that axum drops when its client goes away,
//! so nothing else has to be cleaned up.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::BytesMut;
use holdline_comet::{Cursor, Log, LogLimits, Position, Reader, Since, poll};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{Duration, Instant, timeout_at};

/// What one answer holds at most, more or less. The next poll gets the rest.
const PIECE: usize = 64 * 1024;
/// Proxies give up a request that takes longer than a minute or so.
const WAIT: Duration = Duration::from_secs(25);

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:8000").await?;
        println!("http://{}/poll?since=earliest", listener.local_addr()?);
        axum::serve(listener, router(LogLimits::default(), WAIT)).await
    })
}

fn router(limits: LogLimits, wait: Duration) -> Router {
    Router::new()
        .route("/poll", get(long_poll))
        .route("/publish", post(publish))
        .with_state(Arc::new(Channel::new(limits, wait)))
}

struct Channel {
    log: Mutex<Log<String>>,
    /// The newest number. Who waits for news waits for this.
    newest: watch::Sender<u64>,
    /// One life of this server: a cursor of another life is known as such.
    epoch: u64,
    started: Instant,
    wait: Duration,
}

impl Channel {
    fn new(limits: LogLimits, wait: Duration) -> Self {
        let since_1970 = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        Self {
            log: Mutex::new(Log::new(limits)),
            newest: watch::Sender::new(0),
            epoch: since_1970.as_secs(),
            started: Instant::now(),
            wait,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Log<String>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn position(&self, since: Since) -> Position {
        let log = self.lock();
        Reader::new(self.epoch, *self.newest.borrow(), &[&log]).position(since)
    }

    /// The answer with what comes after `position`, and whether there is anything in it.
    fn answer(&self, position: &mut Position) -> (BytesMut, bool) {
        let log = self.lock();
        let logs = [&*log];
        let missed = Reader::new(self.epoch, *self.newest.borrow(), &logs).read(position);
        let lost = missed.lost.is_some();
        let (mut messages, mut length) = (Vec::new(), 0);
        for (_, number, text) in missed {
            let id = Cursor::new(self.epoch, number).to_string();
            let message = serde_json::json!({ "id": id, "data": text }).to_string();
            length += message.len();
            messages.push(message);
            if length >= PIECE {
                break; // The position is after what was taken.
            }
        }
        let mut out = BytesMut::new();
        poll::encode(position.cursor(), &messages, lost, &mut out);
        (out, lost || !messages.is_empty())
    }
}

async fn publish(State(channel): State<Arc<Channel>>, text: String) -> StatusCode {
    let mut log = channel.lock();
    let number = *channel.newest.borrow() + 1;
    let now = channel.started.elapsed();
    if log.push(number, text.len(), now, text).is_err() {
        return StatusCode::PAYLOAD_TOO_LARGE;
    }
    // Under the lock: whoever sees the number finds the message.
    channel.newest.send_replace(number);
    StatusCode::NO_CONTENT
}

async fn long_poll(State(channel): State<Arc<Channel>>, RawQuery(query): RawQuery) -> Response {
    let since = match query
        .as_deref()
        .and_then(|query| query.strip_prefix("since="))
    {
        None | Some("now") => Since::Now,
        Some("earliest") => Since::Earliest,
        Some(cursor) => match cursor.parse() {
            Ok(cursor) => Since::Cursor(cursor),
            // Never taken for another place: that would lose messages without a word.
            Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
        },
    };
    let end = Instant::now() + channel.wait;
    let mut news = channel.newest.subscribe();
    let mut position = channel.position(since);
    loop {
        // Seen before it is read: what comes in between wakes this again.
        news.mark_unchanged();
        let (answer, is_news) = channel.answer(&mut position);
        if is_news || timeout_at(end, news.changed()).await.is_err() {
            let headers = [
                ("Content-Type", poll::CONTENT_TYPE),
                ("Cache-Control", "no-store"),
            ];
            return (headers, answer.freeze()).into_response();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpStream};

    use holdline_net::blocking::http::Client;
    use holdline_net::blocking::{Tcp, Url};

    use super::*;

    fn start(limits: LogLimits, wait: Duration) -> SocketAddr {
        let serve =
            async move |listener: TcpListener| axum::serve(listener, router(limits, wait)).await;
        holdline_recipes::start(serve).unwrap()
    }

    fn connect(address: SocketAddr) -> Client<TcpStream> {
        let url: Url = format!("http://{address}/").parse().unwrap();
        Client::new(Tcp::default().connect(&url).unwrap(), url.authority())
    }

    fn say(address: SocketAddr, text: &str) {
        let mut http = connect(address);
        let headers = [("Content-Type", "text/plain")];
        http.request("POST", "/publish", headers, text.as_bytes())
            .unwrap();
        assert_eq!(http.read_response().unwrap().status(), 204);
    }

    fn ask(http: &mut Client<TcpStream>, since: &str) {
        let target = format!("/poll?since={since}");
        http.request("GET", &target, (), b"").unwrap();
    }

    /// The cursor, the texts, and whether some are lost.
    fn answer(http: &mut Client<TcpStream>) -> (String, Vec<String>, bool) {
        assert_eq!(http.read_response().unwrap().status(), 200);
        let body = http.read_body(1024 * 1024).unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let messages = answer["messages"].as_array().unwrap().iter();
        (
            answer["cursor"].as_str().unwrap().to_owned(),
            messages
                .map(|message| message["data"].as_str().unwrap().to_owned())
                .collect(),
            answer["lost"].as_bool().unwrap(),
        )
    }

    #[test]
    fn what_is_published_during_a_poll_and_between_two_arrives() {
        let address = start(LogLimits::default(), Duration::from_secs(60));
        let mut http = connect(address);
        ask(&mut http, "earliest");
        say(address, "one");
        let (cursor, texts, _) = answer(&mut http);
        assert_eq!(texts, ["one"]);
        let long = "long \"lines\"\n".repeat(6_000);
        for text in ["two", &long, "four"] {
            say(address, text);
        }
        let mut came = Vec::new();
        let mut since = cursor;
        while came.len() < 3 {
            ask(&mut http, &since);
            let (cursor, texts, lost) = answer(&mut http);
            assert!(!lost);
            came.extend(texts);
            since = cursor;
        }
        assert_eq!(came, ["two", &long, "four"]);
    }

    #[test]
    fn a_poll_ends_without_messages_and_a_cursor_that_is_none_is_refused() {
        let address = start(LogLimits::default(), Duration::from_millis(1));
        let mut http = connect(address);
        ask(&mut http, "now");
        let (cursor, texts, lost) = answer(&mut http);
        assert!(
            cursor.ends_with("-0") && texts.is_empty() && !lost,
            "{cursor}"
        );
        ask(&mut http, "yesterday");
        assert_eq!(http.read_response().unwrap().status(), 400);
    }

    #[test]
    fn who_comes_too_late_is_told() {
        let mut limits = LogLimits::default();
        (limits.max_messages, limits.resume_window) = (1, Duration::ZERO);
        let address = start(limits, Duration::from_secs(60));
        let mut http = connect(address);
        say(address, "one");
        ask(&mut http, "earliest");
        let (cursor, _, _) = answer(&mut http);
        for text in ["two", "three"] {
            say(address, text);
        }
        ask(&mut http, &cursor);
        let (_, texts, lost) = answer(&mut http);
        assert!(lost && texts == ["three"]);
    }
}
