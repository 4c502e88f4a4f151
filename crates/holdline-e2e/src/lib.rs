//! The foundation for tests of the built program.
//!
//! The tests in `tests/` use the program `holdline` as a user would: they start it, talk to it over real sockets,
//! cut connections, kill it and start it again, using third-party clients where there are any. Some test the
//! blocking clients and servers of `holdline-net`, mostly through its built examples. The other side is never our
//! own code and uses none of the codec crates, so that both sides cannot share the same misunderstanding of a
//! standard.
//!
//! - [`Server`] is the program, and ends with its test.
//! - [`EchoServer`] and [`testsuite_client`] are examples of `holdline-net`, for WebSocket suites.
//! - [`Browser`] is a headless Chromium with its driver, and ends with its test.
//! - [`CutProxy`] stands between a client and the server, and cuts connections; [`MoodyProxy`] treats HTTP as
//!   proxies do.
//! - [`NatsServer`] and [`RedisServer`] are brokers, and [`Balancer`] a proxy before two servers.
//! - [`conformance`] is a list of WebSocket cases for both roles.
//! - [`probes`] is a list of HTTP/1.1 requests for servers.
//! - [`long`] is a channel with more history than memory has.
//! - [`Footprint`] is what the program uses of the machine; [`Tally`] finds messages that were lost, doubled or changed.
//! - [`sign_token`] makes tokens.
//! - [`narrow`] connects a client that falls behind as soon as it does not read.
//! - [`Client`] speaks strict HTTP/1.1 over one socket, [`subscribe`] the seven transports.
//!
//! Nothing here measures speed. Every wait has a limit so generous that it is only reached if something is broken,
//! and says what it waited for.
//!
//! The variable `HOLDLINE_BIN` says where the program is. Without it, the newest of `release/holdline` and
//! `debug/holdline` is taken from the target directory in which the tests were built. `HOLDLINE_EXAMPLES` does the
//! same for the examples of `holdline-net`.

mod balancer;
mod browser;
pub mod conformance;
mod example;
mod footprint;
mod garbage;
mod http;
mod json;
pub mod long;
mod moody;
mod narrow;
mod nats;
pub mod probes;
mod process;
mod proxy;
mod redis;
mod server;
mod subscriber;
mod tally;
mod token;
mod wait;

pub use balancer::Balancer;
pub use browser::{Browser, Entry};
pub use example::{EchoServer, testsuite_client};
pub use footprint::Footprint;
pub use garbage::{garbage, mutated};
pub use http::{Body, Client, Head, Response, publish, with_host};
pub use json::{ask, cursor_parts, poll_all, post_again};
pub use moody::{Mood, MoodyProxy};
pub use narrow::narrow;
pub use nats::NatsServer;
pub use process::Process;
pub use proxy::CutProxy;
pub use redis::RedisServer;
pub use server::{Server, program};
pub use subscriber::{Item, Transport, subscribe, subscribe_as, subscribe_on};
pub use tally::{END, Tally, numbered};
pub use token::{TOKEN_KEY, sign_token};
pub use wait::{LIMIT, wait_for};
