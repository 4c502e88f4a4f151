//! What `holdline proxy` stands between, and what it shows.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Endpoint;
use super::listening::tcp;
use crate::inspect::Side;

/// Two addresses, and what to show of what goes between them.
#[derive(Args, Clone, Debug)]
pub(crate) struct ProxyArguments {
    /// Where clients connect: HOST:PORT. The host must be this machine (127.0.0.0/8 or ::1), unless --public is given.
    #[arg(long, value_parser = tcp, default_value = "127.0.0.1:8081", value_name = "ADDR")]
    pub(crate) listen: Endpoint,
    /// The server: HOST:PORT.
    #[arg(long, value_parser = tcp, value_name = "ADDR")]
    pub(crate) to: Endpoint,
    /// Allow an address that others can reach. They can then use the server through this proxy, from this machine.
    #[arg(long)]
    pub(crate) public: bool,
    /// Print items as lines of JSON, as `decode connection` does, instead of the bytes with what they mean.
    #[arg(long)]
    pub(crate) json: bool,
    /// --json: print the events of an event stream instead of its data.
    #[arg(long, requires = "json")]
    pub(crate) events: bool,
    /// Show only what this side sends.
    #[arg(long, value_enum, value_name = "SIDE")]
    pub(crate) from: Option<From>,
    /// Show only requests whose target begins with PREFIX, with what follows each of them on its connection. What is
    /// read at one time is judged by the last request so far, also if a client pipelines several.
    #[arg(long, value_name = "PREFIX")]
    pub(crate) path: Option<String>,
    /// Write to a file instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Show the values of Authorization, Cookie, Set-Cookie and the like, of `token=`, and passwords in URLs. Otherwise
    /// stars stand for them.
    #[arg(long)]
    pub(crate) show_secrets: bool,
    /// Connections at one time. More wait until one ends.
    #[arg(long, default_value = "256", value_name = "N")]
    pub(crate) max_connections: NonZeroUsize,
    /// The greatest width of a line in columns [default: the terminal's, or 115].
    #[arg(long, value_parser = clap::value_parser!(u16).range(60..), value_name = "COLUMNS")]
    pub(crate) width: Option<u16>,
}

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum From {
    Client,
    Server,
}

impl std::convert::From<From> for Side {
    fn from(from: From) -> Self {
        match from {
            From::Client => Self::Client,
            From::Server => Self::Server,
        }
    }
}
