//! The emitter as applications use it: on the real event loop, over loopback, from threads of
//! their own.

#![allow(clippy::unwrap_used, reason = "a test that fails is to panic")]

mod example;
mod limits;
mod stream;
#[allow(dead_code, reason = "what the other tests use")]
mod support;
