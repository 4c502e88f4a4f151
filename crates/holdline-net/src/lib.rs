#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod blocking;
mod connection;
pub mod entropy;
mod event_loop;
mod handler;
mod machine;
mod output;
mod queue;
mod server;
mod timer;

pub use handler::{ConnectionId, Ending, Handler, Message, Progress, Rejection, Request, Wake};
pub use output::{Body, Exchange, Held, MessageError, Output, Responder, WebSocket};
pub use server::{Config, Handle, Notifier, Server};
