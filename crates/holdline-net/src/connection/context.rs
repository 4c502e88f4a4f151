//! What a connection has from its loop while it is driven, and what it tells the loop afterwards.

use holdline_http1::HeaderBlock;

use crate::config::Config;
use crate::handler::Ending;
use crate::load::Counting;
use crate::queue::Outgoing;
use crate::responder::Upgraded;
use crate::shared::{Shared, Stop};

/// What a connection needs from its loop while it is driven.
pub(crate) struct Context<'a, H> {
    pub(crate) handler: &'a mut H,
    pub(crate) shared: &'a Shared,
    pub(crate) config: &'a Config,
    pub(crate) scratch: &'a mut Scratch,
    pub(crate) date: &'a HeaderBlock,
    /// Milliseconds of the loop's clock.
    pub(crate) now: u64,
    /// The server stops, and how.
    pub(crate) stopping: Option<Stop>,
    /// Bytes of messages that the handler was given since the connection was last driven.
    pub(crate) delivered: usize,
    pub(crate) counting: &'a Counting,
}

/// Buffers that all connections of a loop use in turn.
pub(crate) struct Scratch {
    pub(super) block: Vec<u8>,
    pub(super) outgoing: Outgoing,
    pub(super) http: holdline_http1::Buffer,
    pub(super) websocket: holdline_websocket::Buffer,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self {
            block: vec![0; BLOCK],
            outgoing: Outgoing::default(),
            http: holdline_http1::Buffer::new(),
            websocket: holdline_websocket::Buffer::new(),
        }
    }
}

/// What the loop is to do with a connection that it drove.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Driven {
    /// Nothing until something happens.
    Done,
    /// It has more to do, but it is another one's turn.
    Again,
    /// Close it.
    Close(Ending),
}

/// What a protocol wants from its connection after something happened.
#[must_use]
pub(super) enum Next<S> {
    /// Go on as before.
    Stay,
    /// Take nothing more; close when everything is written.
    Finish(Ending),
    /// Go on as a WebSocket.
    Upgrade(Upgraded<S>),
}

/// Bytes read at a time, into a block that all connections of a loop share.
const BLOCK: usize = 64 * 1024;
