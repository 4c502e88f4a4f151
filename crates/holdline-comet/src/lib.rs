#![doc = include_str!("../README.md")]
//!
//! # What goes over the wire
//!
//! *Comet* is the name for the ways in which a server pushes messages to a browser over
//! plain HTTP. They differ in when the response is sent and how a message looks in it.
//!
//! | transport | the response | a message | module |
//! |---|---|---|---|
//! | polling | at once, one JSON object | an element of `messages` | [`poll`] |
//! | long polling | held until a message or a timeout ([`Hold`]) | the same | [`poll`] |
//! | JSONP | the same, as a script for any site | the same, in `/**/F(…);` | [`jsonp`] |
//! | XHR streaming | endless lines, after 2 KiB of blanks | a line of JSON | [`stream`] |
//! | iframe streaming | an endless HTML page | `<script>parent.F(…)</script>` | [`iframe`] |
//! | socket | a plain byte stream, no HTTP | UTF-8 text and a NUL | [`socket`] |
//!
//! A message is one JSON value in UTF-8. This crate neither reads nor writes JSON values:
//! the caller encodes each message once. Where the value goes into a script, [`script`]
//! escapes it.
//!
//! # How nothing is lost
//!
//! A client holds a [`Cursor`]: the place up to which it has everything. A channel holds a
//! [`Log`]: its latest messages. Whenever the client connects, over whichever transport, it
//! shows the cursor, and a [`Reader`] gives what came after it, or says that part of it is
//! gone. What a client can ask for later is not what limits those that are connected: see
//! [`Log`]. A client of several channels still has one cursor, because all logs number their
//! messages from one sequence, and the reader reads them as one.
//!
//! # Rules that hold everywhere
//!
//! No socket, no clock, no thread, no global. Time is a `Duration` since an origin of the
//! caller's choice. Encoders append to a `BytesMut`; on an error it is as it was. What a
//! peer sends is bounded by a named limit.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod iframe;
pub mod jsonp;
pub mod poll;
pub mod script;
pub mod socket;
pub mod stream;

mod cursor;
mod hold;
mod log;
mod merge;
mod reader;

pub use cursor::{Cursor, ParseCursorError, ParseCursorErrorKind};
pub use hold::{Hold, Release};
pub use log::{Entries, Lingering, Log, LogLimits, PushError};
pub use reader::{Position, Reader, Reading, Since};
