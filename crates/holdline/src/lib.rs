//! What the program's event streams are made of, for other programs: what a client
//! [asks for](event_stream) when it opens one, and which [pages](origins) may.
#![forbid(unsafe_code)]

pub mod event_stream;
pub mod origins;
