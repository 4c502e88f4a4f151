//! `holdline publish` and `holdline subscribe` as people run them: with the real server, over a connection that is
//! cut, and with servers that misbehave.

#![allow(clippy::unwrap_used, reason = "a test that fails is to panic")]

mod publish;
mod retry;
mod subscribe;
mod support;
mod tokens;
