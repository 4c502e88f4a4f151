//! What this crate takes and what it sends, beside parsers that are not ours: httparse and hyper.

mod accepted;
mod dice;
mod framing;
mod heads;
mod hyper;
mod receiving;
mod sending;
