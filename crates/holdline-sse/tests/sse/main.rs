//! Every rule of the standard as a named test, an oracle, and properties.

mod awkward;
mod client;
mod cuts;
mod encoder;
mod foreign;
mod harness;
mod limits;
mod network;
mod oracle;
mod platform;
mod properties;
mod rules;
mod surface;
