//! `holdline publish` and `holdline subscribe` as people run them, against the real server, over a line
//! that is cut, and against servers that misbehave.

#![allow(clippy::unwrap_used, reason = "a test that fails is to panic")]

mod publish;
mod subscribe;
mod support;
