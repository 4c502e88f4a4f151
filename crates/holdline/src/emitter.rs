//! Event streams for applications: a [`Feed`] for each client, and an [`Emitter`] to send it events
//! from any thread.
//!
//! It has the shape of the classic servlet interface, whose `EventSource` is called a feed here: the
//! client's side has that name already. An application makes a feed for a request; the feed is told
//! when its stream is open, and is given the emitter; it is told when the stream is closed.
//! [`FeedHandler`] is a whole handler for a server of event streams and nothing else. A server that has more to do keeps an [`Emitters`] in its own handler.
//!
//! ```no_run
//! use std::{thread, time::Duration};
//! use holdline::emitter::{Config, Emitter, FeedHandler};
//! use holdline_net::Server;
//! use holdline_sse::EventFields;
//!
//! let server = Server::bind("127.0.0.1:8000".parse()?, holdline_net::Config::default())?;
//! server.run(|notifier| {
//!     FeedHandler::new(notifier, Config::default(), |_request, opening| {
//!         let last = opening.last_event_id().and_then(|id| id.parse().ok()).unwrap_or(0);
//!         Ok(Box::new(move |emitter: Emitter| {
//!             thread::spawn(move || {
//!                 for number in last + 1_u64.. {
//!                     let id = number.to_string();
//!                     let event = EventFields { id: Some(&id), ..EventFields::data("tick") };
//!                     if emitter.send(&event).is_err() {
//!                         break; // The client is gone.
//!                     }
//!                     thread::sleep(Duration::from_secs(1));
//!                 }
//!             });
//!         }))
//!     })
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What a client that is behind costs is bounded: see [`Emitter`]. One that takes nothing at all
//! for [`write_timeout`](holdline_net::Config::write_timeout) is closed by the server.

mod emission;
mod error;
mod handler;
mod pipe;

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use holdline_http1::HeaderBlock;
use holdline_net::Ending;
use holdline_sse::EventFields;

pub use self::emission::{Emission, Emitters};
pub use self::error::EmitError;
pub use self::handler::FeedHandler;
use self::pipe::Pipe;
use crate::origins::Origins;

/// The application's side of one event stream. Its methods are called on the thread of an event
/// loop and must not block.
///
/// A closure that takes an [`Emitter`] is a feed that does not mind its end.
pub trait Feed {
    /// The stream is open: the head of the answer is on its way.
    ///
    /// Keep the emitter, or give it to whoever has the events: when the last clone of it is
    /// dropped, the stream ends.
    fn on_open(&mut self, emitter: Emitter);

    /// The stream is over: it was closed here, or the client went away, or takes nothing any more.
    /// Called once, unless the stream ended before it was opened.
    fn on_close(&mut self, ending: Ending) {
        let _ = ending;
    }
}

impl<F: FnMut(Emitter)> Feed for F {
    fn on_open(&mut self, emitter: Emitter) {
        self(emitter);
    }
}

/// What all streams of an application have in common.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Time between heartbeats: comments that keep proxies from giving up a quiet stream, and by
    /// which a client that vanished is noticed. Each stream takes up to a quarter less. Zero: none.
    /// Default: 15 s.
    pub heartbeat: Duration,
    /// Bytes that may wait in an emitter because the client does not take them; beside these the
    /// connection itself holds some 128 KiB. Default: 256 KiB.
    pub max_queued: usize,
    /// Pages of other sites that may read the streams. Default: none.
    pub origins: Origins,
    /// Fields of every answer beside those of an event stream, such as
    /// `Cross-Origin-Resource-Policy`. Default: none.
    pub fields: HeaderBlock,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(15),
            max_queued: 256 * 1024,
            origins: Origins::default(),
            fields: HeaderBlock::default(),
        }
    }
}

/// Sends events to one client, from any thread.
///
/// No call blocks, except [`wait`](Self::wait): what is emitted waits in memory until the
/// connection has room. When the client is so far behind that the limit of
/// [`Config::max_queued`] is reached, emitting fails with [`EmitError::Full`] and leaves nothing
/// behind. The application then decides: leave the event out, wait, or close the stream and let
/// the client come back with its last event ID.
///
/// Clones are of the same stream. When the last is dropped, the stream ends as by
/// [`close`](Self::close).
#[derive(Clone, Debug)]
pub struct Emitter {
    owner: Arc<Owner>,
}

impl Emitter {
    /// Emits an event of the type `name`. Do not call one `open` or `error`: browsers have
    /// [events of their own](EventFields::event) of these names.
    ///
    /// # Errors
    /// See [`send`](Self::send).
    pub fn event(&self, name: &str, data: &str) -> Result<(), EmitError> {
        self.send(&EventFields {
            event: Some(name),
            ..EventFields::data(data)
        })
    }

    /// Emits an event of the type `message`. Line ends in `data` become lines of data.
    ///
    /// # Errors
    /// See [`send`](Self::send).
    pub fn data(&self, data: &str) -> Result<(), EmitError> {
        self.send(&EventFields::data(data))
    }

    /// Emits a comment, which the client ignores.
    ///
    /// # Errors
    /// See [`send`](Self::send).
    pub fn comment(&self, text: &str) -> Result<(), EmitError> {
        self.owner.pipe.push(text.len(), |out| {
            holdline_sse::encode_comment(text, out);
            Ok(())
        })
    }

    /// Sets the client's last event ID without an event. Events after it that have no ID of their
    /// own have this one. Empty: the client has none from now on.
    ///
    /// If a cut falls between an ID and its event, the client comes back with the ID and without
    /// the event. So give an event's ID with the event: [`send`](Self::send). This is for telling
    /// where the stream begins.
    ///
    /// # Errors
    /// See [`send`](Self::send).
    pub fn id(&self, id: &str) -> Result<(), EmitError> {
        self.send(&EventFields {
            id: Some(id),
            ..EventFields::default()
        })
    }

    /// Sets how long the client waits before it connects again, in whole milliseconds.
    ///
    /// # Errors
    /// See [`send`](Self::send).
    pub fn retry(&self, time: Duration) -> Result<(), EmitError> {
        self.send(&EventFields {
            retry: Some(time),
            ..EventFields::default()
        })
    }

    /// Emits one block: any of an ID, a type, data and the reconnection time.
    ///
    /// # Errors
    /// See [`EmitError`]. Nothing of the block was emitted then.
    pub fn send(&self, fields: &EventFields<'_>) -> Result<(), EmitError> {
        let len = [fields.event, fields.id, fields.data]
            .into_iter()
            .flatten()
            .map(str::len)
            .sum();
        self.owner
            .pipe
            .push(len, |out: &mut BytesMut| fields.encode(out))
    }

    /// Ends the stream after what was emitted. The client will connect again: to have it stop,
    /// answer that request with 204. Emitting fails from now on. May be called more than once.
    pub fn close(&self) {
        self.owner.pipe.close();
    }

    /// Whether emitting is over: the stream was closed, or the client is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.owner.pipe.is_closed()
    }

    /// Bytes that were emitted and wait for room on the connection.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.owner.pipe.queued()
    }

    /// Waits until everything emitted was handed to the connection. A thread that produces more
    /// than its client takes calls this to be slowed down.
    ///
    /// Never call it on an event loop's thread, as [`Feed::on_open`] is: the loop could not
    /// do what is waited for.
    ///
    /// # Errors
    /// [`EmitError::Full`] when that took longer than `timeout`, [`EmitError::Closed`] when the
    /// client is gone.
    pub fn wait(&self, timeout: Duration) -> Result<(), EmitError> {
        self.owner.pipe.wait(timeout)
    }
}

/// What all clones of an emitter share: its end is the end of the stream.
#[derive(Debug)]
struct Owner {
    pipe: Arc<Pipe>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.pipe.close();
    }
}
