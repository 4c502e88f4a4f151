//! The event loop as peers see it that are slow, go, or send what is not wanted.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what goes wrong is to end it"
)]

mod answers;
mod arrived;
mod full;
mod head;
mod kept;
mod large;
#[cfg(feature = "deflate")]
mod pieces;
mod progress;
#[path = "../support/mod.rs"]
mod support;
mod uploads;
mod vanished;
