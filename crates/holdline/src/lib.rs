#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod emitter;
pub mod event_stream;
pub mod origins;
