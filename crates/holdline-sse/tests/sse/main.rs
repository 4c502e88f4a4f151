//! Every rule of the standard as a named test, an oracle, and properties.

mod client;
mod encoder;
mod harness;
mod limits;
mod oracle;
mod properties;
mod rules;
