//! Our blocking client with a server that is not ours: axum's event streams.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use futures_util::{StreamExt, stream};
use holdline_e2e::CutProxy;
use holdline_net::blocking::Tcp;
use holdline_net::blocking::event_source::{Error, EventSource, Update};
use holdline_sse::{Config, Reason};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::Seen;

#[test]
fn receives_ids_types_lines_retry_and_comments_and_resumes() {
    let axum = Axum::start();
    let mut source = connect(axum.address, "/events");
    let (mut seen, mut comments, mut retries, mut opened) = (Vec::new(), 0, Vec::new(), 0);
    while let Some(update) = source.read().unwrap() {
        match update {
            Update::Open => opened += 1,
            Update::Event(event) => seen.push(Seen {
                id: event.id.to_owned(),
                kind: event.event.to_owned(),
                data: event.data.to_owned(),
            }),
            Update::Comment(text) => {
                assert_eq!(text, "alive");
                comments += 1;
            }
            Update::Retry(time) => retries.push(time),
            Update::Lost(lost) => assert_eq!(lost.reason, Reason::EndOfStream),
            _ => {}
        }
    }
    // The 204 at the end has closed it.
    assert_eq!(seen, expected());
    assert_eq!(opened, COUNT.div_ceil(PER_STREAM));
    assert_eq!(retries, vec![RETRY; opened]);
    assert!(comments > 0);
    assert_eq!(source.last_event_id(), COUNT.to_string());
    assert!(source.read().unwrap().is_none());
}

/// The network fails after any byte, and nothing is lost and nothing comes twice.
#[test]
fn resumes_after_cuts_anywhere() {
    let axum = Axum::start();
    let proxy = CutProxy::start(axum.address).unwrap();
    let mut random = StdRng::seed_from_u64(5);
    let mut left = 20;
    proxy.cut_after(move || {
        left -= 1;
        (left > 0).then(|| random.random_range(1..1500))
    });
    let mut source = connect(proxy.address(), "/events");
    let mut seen = Vec::new();
    while let Some(event) = source.next_event().unwrap() {
        seen.push(Seen {
            id: event.id.to_owned(),
            kind: event.event.to_owned(),
            data: event.data.to_owned(),
        });
    }
    assert_eq!(seen, expected());
    assert!(proxy.cuts() > 3, "{} cuts", proxy.cuts());
}

#[test]
fn follows_redirects() {
    let axum = Axum::start();
    for path in ["/moved", "/found", "/other", "/temporary", "/permanent"] {
        let mut source = connect(axum.address, path);
        let event = source.next_event().unwrap().unwrap();
        assert_eq!(event.id, "1", "{path}");
    }
}

#[test]
fn stops_at_204() {
    let axum = Axum::start();
    let mut source = connect(axum.address, "/stop");
    assert!(source.next_event().unwrap().is_none());
}

#[test]
fn fails_at_what_is_no_event_stream() {
    let axum = Axum::start();
    let mut source = connect(axum.address, "/text");
    let error = source.next_event().unwrap_err();
    let Error::Failed { reason, body, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(reason, Reason::ContentType);
    assert_eq!(body, b"no events here");
    assert!(source.next_event().unwrap().is_none());
    let error = connect(axum.address, "/nowhere").next_event().unwrap_err();
    let status = matches!(
        &error,
        Error::Failed {
            reason: Reason::Status(404),
            ..
        }
    );
    assert!(status, "{error:?}");
}

fn connect(address: SocketAddr, path: &str) -> EventSource<Tcp> {
    let mut config = Config::new(format!("http://{address}{path}"));
    config.comments = true;
    config.retry = true;
    config.min_delay = Duration::from_millis(1);
    config.max_delay = Duration::from_millis(50);
    EventSource::tcp(config, Tcp::default()).unwrap()
}

fn expected() -> Vec<Seen> {
    (1..=COUNT).map(event).collect()
}

fn event(number: usize) -> Seen {
    Seen {
        id: number.to_string(),
        kind: match number % 2 {
            0 => "message".to_owned(),
            _ => "tick".to_owned(),
        },
        data: match number % 3 {
            0 => format!("{number}\nof\n{COUNT}"),
            1 => format!("{number} 世界🦀"),
            _ => "long ".repeat(200 * number),
        },
    }
}

/// A server of axum.
struct Axum {
    address: SocketAddr,
    _runtime: Runtime,
}

impl Axum {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let status = |status: StatusCode| async move { (status, [(header::LOCATION, "/events")]) };
        let router = Router::new()
            .route("/events", get(events))
            .route("/moved", get(move || status(StatusCode::MOVED_PERMANENTLY)))
            .route("/found", get(move || status(StatusCode::FOUND)))
            .route("/other", get(async || Redirect::to("/events")))
            .route("/temporary", get(async || Redirect::temporary("/events")))
            .route("/permanent", get(async || Redirect::permanent("/events")))
            .route("/stop", get(async || StatusCode::NO_CONTENT))
            .route("/text", get(async || "no events here"));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            _runtime: runtime,
        }
    }
}

/// A few events from where the client stands, slowly; then the stream ends. 204 when there are no
/// more.
async fn events(headers: HeaderMap) -> Response {
    let last = headers.get("last-event-id");
    let last: usize = last.map_or(0, |id| id.to_str().unwrap().parse().unwrap());
    if last == COUNT {
        return StatusCode::NO_CONTENT.into_response();
    }
    let first = Event::default().retry(RETRY);
    let numbers = last + 1..=COUNT.min(last + PER_STREAM);
    let events = stream::iter(numbers).then(|number| async move {
        tokio::time::sleep(Duration::from_millis(30)).await;
        let event = event(number);
        let built = Event::default().id(event.id).data(event.data);
        match event.kind.as_str() {
            "message" => built,
            kind => built.event(kind),
        }
    });
    let events = stream::iter([first]).chain(events).map(Ok::<_, Infallible>);
    let alive = KeepAlive::new()
        .interval(Duration::from_millis(10))
        .text("alive");
    Sse::new(events).keep_alive(alive).into_response()
}

const COUNT: usize = 11;
const PER_STREAM: usize = 4;
const RETRY: Duration = Duration::from_millis(25);
