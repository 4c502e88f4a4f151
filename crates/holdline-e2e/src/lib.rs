//! What the tests of the built program stand on.
//!
//! The tests in `tests/` drive the program `holdline` as a user would: they start it, talk to it
//! over real sockets, cut those, kill it and start it again, with clients that are not ours where
//! there are any. Some drive the blocking clients and servers of `holdline-net`, mostly as its built
//! examples. What stands on the other side is never ours and uses none of the codec crates, so that
//! a misunderstanding of a standard that both sides share cannot hide.
//!
//! - [`Server`] is the program, and ends with its test.
//! - [`EchoServer`] and [`testsuite_client`] are examples of `holdline-net`, for WebSocket suites.
//! - [`Browser`] is a headless Chromium with its driver, and ends with its test.
//! - [`CutProxy`] stands between a client and the server, and cuts.
//! - [`conformance`] is a list of WebSocket cases for both roles.
//! - [`Footprint`] is what the program takes of the machine; [`Tally`] finds what is lost, doubled or changed.
//! - [`Client`] speaks HTTP/1.1 to the letter over one socket, [`subscribe`] the seven transports.
//!
//! Nothing here measures how fast anything is. Every wait has a limit so generous that only something broken
//! reaches it, and says what it waited for.
//!
//! The program is found by the variable `HOLDLINE_BIN`, else it is the newest of `release/holdline`
//! and `debug/holdline` in the target directory that the tests were built in. The examples of
//! `holdline-net` are found by `HOLDLINE_EXAMPLES` in the same way.

mod browser;
pub mod conformance;
mod example;
mod footprint;
mod garbage;
mod http;
mod process;
mod proxy;
mod server;
mod subscriber;
mod tally;
mod wait;

pub use browser::{Browser, Entry};
pub use example::{EchoServer, testsuite_client};
pub use footprint::Footprint;
pub use garbage::{garbage, mutated};
pub use http::{Body, Client, Head, Response, publish, with_host};
pub use process::Process;
pub use proxy::CutProxy;
pub use server::{Server, program};
pub use subscriber::{Item, Transport, subscribe, subscribe_on};
pub use tally::{END, Tally, numbered};
pub use wait::{LIMIT, wait_for};
