//! How the program listens, starts and stops, as seen by an operator.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod admin;
mod handover;
mod keys;
mod limits;
mod listening;
mod options;
mod signals;
mod support;
mod systemd;
