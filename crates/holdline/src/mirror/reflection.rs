//! One page that looks at its own connections.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use holdline::emitter::{EmitError, Emitter};
use holdline_sse::EventFields;
use serde_json::{Value, json};

/// What a page looks at, and what is left of its limits.
#[derive(Debug)]
pub(crate) struct Reflection {
    watch: Emitter,
    address: Option<IpAddr>,
    began: Instant,
    over: AtomicBool,
    /// Bytes that may still be shown.
    left: AtomicUsize,
    requests: AtomicU32,
    sockets: AtomicUsize,
    /// The event streams that are tapped.
    streams: Mutex<Vec<Emitter>>,
}

impl Reflection {
    pub(super) fn new(watch: Emitter, address: Option<IpAddr>) -> Self {
        Self {
            watch,
            address,
            began: Instant::now(),
            over: AtomicBool::new(false),
            left: AtomicUsize::new(MOST_BYTES),
            requests: AtomicU32::new(0),
            sockets: AtomicUsize::new(0),
            streams: Mutex::default(),
        }
    }

    pub(super) fn welcome(&self, id: &str, proxied: bool) {
        let seconds = MOST_TIME.as_secs();
        self.tell(
            "begin",
            &json!({ "mirror": id, "proxied": proxied, "bytes": MOST_BYTES, "seconds": seconds }),
        );
    }

    pub(super) const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    pub(super) fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// How long it may still last.
    pub(crate) fn time_left(&self) -> Duration {
        MOST_TIME.saturating_sub(self.age())
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Takes so many bytes from what may be shown. If that is too much, it is the end.
    pub(super) fn spend(&self, bytes: usize) -> bool {
        let take = |left: usize| left.checked_sub(bytes);
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if taken.is_err() {
            self.end(&format!(
                "{} KiB were shown, which is as much as there is room for",
                MOST_BYTES >> 10
            ));
        }
        taken.is_ok()
    }

    /// Tells the page something.
    pub(super) fn tell(&self, event: &str, value: &Value) {
        match self.watch.event(event, &value.to_string()) {
            Ok(()) => {}
            Err(EmitError::Closed) => self.end("the page is gone"),
            Err(_) => self.end("more came at once than your browser takes"),
        }
    }

    /// It is over: the page is told why, and its event streams end.
    pub(crate) fn end(&self, why: &str) {
        if self.over.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Err(error) = self.watch.event("over", &json!({ "why": why }).to_string()) {
            tracing::debug!(%error, "a page is not told that it has seen enough");
        }
        self.watch.close();
        self.cut();
    }

    /// Takes an event stream that the page has opened, and begins it, if there are fewer than there may be.
    pub(crate) fn take_stream(&self, stream: Emitter, last: Option<&str>) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.retain(|stream| !stream.is_closed());
        let has_room = streams.len() < MOST_STREAMS;
        let text = match last {
            _ if !has_room => "this page has as many event streams as it may".to_owned(),
            Some(last) => format!("welcome back: you have seen event {last}"),
            None => "the stream is open".to_owned(),
        };
        let number = self.requests.load(Ordering::Relaxed);
        let first = EventFields {
            id: Some(&number.to_string()),
            retry: Some(RETRY),
            ..EventFields::data(&text)
        };
        let sent = stream.send(&first);
        match sent.is_ok() && has_room && !self.is_over() {
            true => streams.push(stream),
            false => stream.close(),
        }
        drop(streams);
        if !has_room {
            self.refuse("event streams");
        }
    }

    /// Tells the page that it has as many connections of a kind as it may.
    pub(crate) fn refuse(&self, what: &str) {
        let why = format!("this page has as many {what} as it may");
        self.tell("full", &json!({ "why": why }));
    }

    /// A whole event stream for a page that may not look, which says why.
    pub(crate) fn over(why: &str) -> String {
        format!("event: over\ndata: {}\n\n", json!({ "why": why }))
    }

    /// The page opens a WebSocket. Returns whether it may.
    pub(crate) fn take_socket(&self) -> bool {
        let take = |open: usize| (open < MOST_SOCKETS).then_some(open + 1);
        let taken = self
            .sockets
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.is_ok()
    }

    /// A WebSocket that was taken is gone.
    pub(crate) fn give_socket_back(&self) {
        self.sockets.fetch_sub(1, Ordering::Relaxed);
    }

    /// An ordinary request came. What it causes is an event. Returns its number.
    pub(crate) fn request(&self) -> u32 {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let (id, text) = (number.to_string(), format!("request {number} was answered"));
        let event = EventFields {
            id: Some(&id),
            ..EventFields::data(&text)
        };
        let streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in &*streams {
            if let Err(error) = stream.send(&event) {
                tracing::debug!(%error, "a page does not hear of its request");
            }
        }
        number
    }

    /// Ends its event streams. Browsers come back.
    pub(crate) fn cut(&self) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in streams.drain(..) {
            stream.close();
        }
    }
}

/// How long a page may look.
pub(super) const MOST_TIME: Duration = Duration::from_secs(300);
/// Bytes that a page is shown, of all its connections, both ways.
const MOST_BYTES: usize = 48 << 10;
const MOST_STREAMS: usize = 4;
const MOST_SOCKETS: usize = 4;
/// When a browser comes back.
const RETRY: Duration = Duration::from_secs(1);
