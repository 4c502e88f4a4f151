//! Tests of the whole crate, and the harness for the others.

pub(crate) mod examples;
pub(crate) mod harness;
mod heads;
mod hop_by_hop;
mod properties;
mod rules;
