#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod blocking;
mod config;
mod connection;
pub mod entropy;
mod event_loop;
mod handler;
mod machine;
mod output;
mod queue;
mod server;
mod shared;
mod timer;

pub use config::Config;
pub use handler::{ConnectionId, Ending, Handler, Message, Progress, Rejection, Request, Wake};
pub use output::{Body, Exchange, Held, MessageError, Output, Responder, WebSocket};
pub use server::{Handle, Notifier, Server};
