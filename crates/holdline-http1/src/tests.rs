//! Tests of the whole crate, and the harness for the others.

mod examples;
pub(crate) mod harness;
mod heads;
