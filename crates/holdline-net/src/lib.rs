#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod accept;
mod address;
mod addresses;
pub mod blocking;
mod clock;
mod config;
mod connection;
mod connection_id;
pub mod entropy;
mod event_loop;
mod finished;
mod handler;
mod leaving;
mod listener;
mod load;
mod machine;
mod message;
mod meter;
mod output;
mod peer;
mod queue;
mod raw;
mod responder;
mod server;
mod shared;
mod socket;
mod tap;
mod timer;
mod uploads;

pub use address::Address;
pub use config::Config;
pub use finished::{End, Late};
pub use handler::{ConnectionId, Ending, Finished, Handler, Progress, Rejection, Request, Wake};
pub use listener::Listener;
pub use load::{Load, Times};
pub use machine::MessageError;
pub use message::{Message, Piece};
pub use meter::Meter;
pub use output::{Body, Exchange, Held, Output, Raw, WebSocketOutput};
pub use raw::{Arrival, Expects};
pub use responder::{Intake, Responder};
pub use server::{Handle, Notifier, Server};
pub use tap::Tap;
