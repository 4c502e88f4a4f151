//! What the pages about techniques ask the program for, byte by byte.

#![allow(clippy::unwrap_used, reason = "a test that fails is to panic")]

mod commands;
mod meter;
#[allow(dead_code, reason = "what the other tests use")]
#[path = "../clients/support.rs"]
mod program;
mod traces;
mod waits;
mod wire;
