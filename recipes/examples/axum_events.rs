//! An event stream in axum that loses nothing: a client that comes back goes on after its last event, and is told
//! when that is no longer possible.
//!
//!     cargo run -p holdline-recipes --example axum_events
//!     curl -N http://127.0.0.1:8000/events
//!     curl -d hello http://127.0.0.1:8000/publish
//!
//! The log is bounded by its limits, not by who listens; each client has a place in it and no queue.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use holdline_comet::{Cursor, Log, LogLimits, Position, Reader, Since};
use holdline_sse::{EventFields, HEARTBEAT};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// What one write of a stream holds at most, more or less: a client far behind gets its messages piece by piece.
const PIECE: usize = 16 * 1024;

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:8000").await?;
        println!("http://{}/events", listener.local_addr()?);
        axum::serve(listener, router(LogLimits::default())).await
    })
}

fn router(limits: LogLimits) -> Router {
    Router::new()
        .route("/events", get(events))
        .route("/publish", post(publish))
        .with_state(Arc::new(Channel::new(limits)))
}

struct Channel {
    log: Mutex<Log<String>>,
    /// The newest number. Who waits for news waits for this.
    newest: watch::Sender<u64>,
    /// One life of this server: a cursor of another life is known as such.
    epoch: u64,
    started: Instant,
}

impl Channel {
    fn new(limits: LogLimits) -> Self {
        let since_1970 = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        Self {
            log: Mutex::new(Log::new(limits)),
            newest: watch::Sender::new(0),
            epoch: since_1970.as_secs(),
            started: Instant::now(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Log<String>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a client that shows this last event ID goes on. One without begins with the next message.
    fn position(&self, last_event_id: Option<&str>) -> Position {
        let log = self.lock();
        let cursor = last_event_id.and_then(|id| id.parse().ok());
        let since = cursor.map_or(Since::Now, Since::Cursor);
        Reader::new(self.epoch, *self.newest.borrow(), &[&log]).position(since)
    }

    /// What comes after `position`, as events.
    fn read(&self, position: &mut Position) -> Bytes {
        let log = self.lock();
        let logs = [&*log];
        let missed = Reader::new(self.epoch, *self.newest.borrow(), &logs).read(position);
        let mut out = BytesMut::new();
        if missed.lost.is_some() {
            let event = Some("lost");
            let lost = EventFields {
                event,
                ..EventFields::data("")
            };
            lost.encode(&mut out).expect("a good name");
        }
        for (_, number, text) in missed {
            let id = Cursor::new(self.epoch, number).to_string();
            let id = Some(&*id);
            let event = EventFields {
                id,
                ..EventFields::data(text)
            };
            event.encode(&mut out).expect("a good ID");
            if out.len() >= PIECE {
                break; // The position is after what was taken.
            }
        }
        out.freeze()
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

async fn events(State(channel): State<Arc<Channel>>, headers: HeaderMap) -> Response {
    let id = headers.get("last-event-id");
    let position = channel.position(id.and_then(|id| id.to_str().ok()));
    let news = channel.newest.subscribe();
    let pieces = stream::unfold(
        (channel, position, news),
        async |(channel, mut position, mut news)| {
            // Seen before it is read: what comes in between wakes this again.
            news.mark_unchanged();
            let mut piece = channel.read(&mut position);
            while piece.is_empty() {
                piece = match tokio::time::timeout(Duration::from_secs(15), news.changed()).await {
                    Ok(_) => channel.read(&mut position),
                    Err(_) => Bytes::from_static(HEARTBEAT), // so that nobody in between takes it for dead
                };
            }
            Some((Ok::<_, Infallible>(piece), (channel, position, news)))
        },
    );
    let headers = [
        ("Content-Type", "text/event-stream"),
        ("Cache-Control", "no-store"),
    ];
    (headers, Body::from_stream(pieces)).into_response()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use holdline_net::blocking::event_source::EventSource;
    use holdline_net::blocking::http::Client;
    use holdline_net::blocking::{Tcp, Url};

    use super::*;

    fn start(limits: LogLimits) -> SocketAddr {
        let serve = async move |listener: TcpListener| axum::serve(listener, router(limits)).await;
        holdline_recipes::start(serve).unwrap()
    }

    fn say(address: SocketAddr, text: &str) {
        let url: Url = format!("http://{address}/publish").parse().unwrap();
        let mut http = Client::new(Tcp::default().connect(&url).unwrap(), url.authority());
        let headers = [("Content-Type", "text/plain")];
        http.request("POST", url.target(), headers, text.as_bytes())
            .unwrap();
        assert_eq!(http.read_response().unwrap().status(), 204);
    }

    fn listen(address: SocketAddr, last_event_id: &str) -> EventSource<Tcp> {
        let mut config = holdline_sse::Config::new(format!("http://{address}/events"));
        config.last_event_id = last_event_id.into();
        EventSource::tcp(config, Tcp::default()).unwrap()
    }

    #[test]
    fn who_comes_back_gets_what_was_said_meanwhile() {
        let address = start(LogLimits::default());
        let long = "long\nlines ".repeat(3_000);
        say(address, "before anybody listened");
        let mut first = listen(address, "");
        // It is connected when it has been answered.
        assert!(matches!(
            first.read().unwrap(),
            Some(holdline_net::blocking::event_source::Update::Open)
        ));
        say(address, "one");
        let event = first.next_event().unwrap().unwrap();
        assert_eq!(event.data, "one");
        let id = event.id.to_owned();
        drop(first);
        for text in ["two", &long, &long, "five"] {
            say(address, text);
        }
        let mut again = listen(address, &id);
        for text in ["two", &long, &long, "five"] {
            assert_eq!(again.next_event().unwrap().unwrap().data, text);
        }
    }

    #[test]
    fn who_comes_back_too_late_is_told() {
        let mut limits = LogLimits::default();
        (limits.max_messages, limits.resume_window) = (1, Duration::ZERO);
        let address = start(limits);
        let mut first = listen(address, "");
        assert!(first.read().unwrap().is_some());
        for text in ["one", "two", "three"] {
            say(address, text);
        }
        let id = first.next_event().unwrap().unwrap().id.to_owned();
        let one = id.replace("-3", "-1").replace("-2", "-1");
        let mut late = listen(address, &one);
        assert_eq!(late.next_event().unwrap().unwrap().event, "lost");
        assert_eq!(late.next_event().unwrap().unwrap().data, "three");
    }
}
