//! From bytes to messages: frames, fragments, text and limits, for one receiving role.

mod admit;
mod decoder;
#[cfg(feature = "deflate")]
mod inflate;
mod parts;
mod room;
mod step;

pub use decoder::MessageDecoder;
pub(crate) use parts::discard;
