//! Event streams for applications: a [`Feed`] for each client, and an [`Emitter`] to send it events
//! from any thread.
//!
//! It follows the classic servlet interface, whose `EventSource` is called a feed here, because the
//! client's side already has that name. An application makes a feed for a request. The feed is told
//! when its stream is open, and gets the emitter; later it is told when the stream is closed.
//! [`FeedHandler`] is a complete handler for a server that only has event streams. A server that
//! does more keeps an [`Emitters`] in its own handler.
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
//!             let tick = move || {
//!                 for number in last + 1_u64.. {
//!                     let id = number.to_string();
//!                     let event = EventFields { id: Some(&id), ..EventFields::data("tick") };
//!                     if emitter.send(&event).is_err() {
//!                         break; // The client is gone.
//!                     }
//!                     thread::sleep(Duration::from_secs(1));
//!                 }
//!             };
//!             // Without a thread the stream ends, and the client comes again.
//!             thread::Builder::new().spawn(tick).ok();
//!         }))
//!     })
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The memory for a client that is behind is bounded: see [`Emitter`]. If a client takes nothing at
//! all for [`write_timeout`](holdline_net::Config::write_timeout), the server closes its connection.

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

/// The application's side of one event stream. Its methods run on the thread of an event loop and must not block.
///
/// If you don't need to know when the stream ends, a closure that takes an [`Emitter`] will do.
pub trait Feed {
    /// The stream is open: the head of the answer is on its way.
    ///
    /// Keep the emitter, or pass it to whatever produces the events. When its last clone is dropped, the stream
    /// ends.
    fn on_open(&mut self, emitter: Emitter);

    /// The stream is over: it was closed here, or the client has left or takes nothing any more. Called once, unless
    /// the stream ended before it was opened.
    fn on_close(&mut self, ending: Ending) {
        let _ = ending;
    }
}

impl<F: FnMut(Emitter)> Feed for F {
    fn on_open(&mut self, emitter: Emitter) {
        self(emitter);
    }
}

/// The settings shared by all streams of an application.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Time between heartbeats. These are comments that keep proxies from giving up a quiet stream, and that reveal
    /// when a client has vanished. Each stream uses up to a quarter less. Zero turns them off. Default: 15 s.
    pub heartbeat: Duration,
    /// Bytes that may wait in an emitter because the client does not take them. The connection itself holds some 128
    /// KiB more. Default: 256 KiB.
    pub max_queued: usize,
    /// Pages of other sites that may read the streams. Default: none.
    pub origins: Origins,
    /// Header fields of every answer in addition to those of an event stream, such as
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
/// No call blocks, except [`wait`](Self::wait): what is emitted waits in memory until the connection has room. When
/// the client is so far behind that [`Config::max_queued`] is reached, emitting fails with [`EmitError::Full`], and
/// nothing of the event is queued. The application then decides: skip the event, wait, or close the stream and let
/// the client come back with its last event ID.
///
/// All clones belong to the same stream. When the last one is dropped, the stream ends as with
/// [`close`](Self::close).
#[derive(Clone, Debug)]
pub struct Emitter {
    owner: Arc<Owner>,
}

impl Emitter {
    /// Emits an event of the type `name`. Do not use `open` or `error` as a name: browsers have [events of their
    /// own](EventFields::event) with these names.
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

    /// Sets the client's last event ID without an event. Later events without an ID of their own have this one. If
    /// it is empty, the client has no ID from now on.
    ///
    /// If the connection is cut between an ID and its event, the client comes back with the ID but without the
    /// event. So give an event its ID with [`send`](Self::send). This method is for telling the client where the
    /// stream begins.
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
    /// See [`EmitError`]. After an error nothing of the block was emitted.
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

    /// Ends the stream after what was emitted so far. The client will connect again; to make it stop, answer that
    /// request with 204. From now on emitting fails. May be called more than once.
    pub fn close(&self) {
        self.owner.pipe.close();
    }

    /// Whether emitting is over, because the stream was closed or the client is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.owner.pipe.is_closed()
    }

    /// How many emitted bytes are waiting for room on the connection.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.owner.pipe.queued()
    }

    /// Waits until everything emitted was handed to the connection. Call this to slow down a thread that produces
    /// more than its client takes.
    ///
    /// Never call it on the thread of an event loop, for example in [`Feed::on_open`]: the loop could not do the
    /// work that the call waits for.
    ///
    /// # Errors
    /// [`EmitError::Full`] if it takes longer than `timeout`, [`EmitError::Closed`] if the client is gone.
    pub fn wait(&self, timeout: Duration) -> Result<(), EmitError> {
        self.owner.pipe.wait(timeout)
    }
}

/// Shared by all clones of an emitter: when it is dropped, the stream ends.
#[derive(Debug)]
struct Owner {
    pipe: Arc<Pipe>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.pipe.close();
    }
}
