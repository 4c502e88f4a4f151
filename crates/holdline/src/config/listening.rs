//! Options for listening and for stopping.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;

use super::secret::SecretSource;

/// These are about sockets and the process, not about what is served.
#[derive(Args, Clone, Debug)]
pub(crate) struct ListenArguments {
    /// Where to listen: HOST:PORT, with all addresses of the name, or unix:PATH. May be given more than once.
    /// Sockets from systemd are served in addition [default: 127.0.0.1:8080, unless there are sockets from systemd].
    #[arg(
        long,
        env = "HOLDLINE_LISTEN",
        value_delimiter = ',',
        value_name = "ADDR"
    )]
    pub(crate) listen: Vec<Endpoint>,
    /// Where to answer plug-in sockets, which speak NUL-terminated JSON and no HTTP: HOST:PORT. May be given more than
    /// once.
    #[arg(
        long,
        env = "HOLDLINE_SOCKET_LISTEN",
        value_delimiter = ',',
        value_parser = tcp,
        value_name = "ADDR"
    )]
    pub(crate) socket_listen: Vec<Endpoint>,
    /// Mode of the files of Unix sockets, which decides who may connect to them.
    #[arg(
        long,
        env = "HOLDLINE_UNIX_MODE",
        default_value = "660",
        value_parser = mode,
        value_name = "MODE"
    )]
    pub(crate) unix_mode: u32,
    /// Where to answer /stats and /metrics (they are then answered only there), and /health even when the server is
    /// full: a loopback address, or unix:PATH.
    #[arg(long, env = "HOLDLINE_ADMIN", value_name = "ADDR")]
    pub(crate) admin: Option<Endpoint>,
    /// Token that must be shown on the admin address, as `Authorization: Bearer TOKEN`; @FILE reads it from a file.
    /// With a token, --admin may be any address.
    #[arg(
        long,
        env = "HOLDLINE_ADMIN_TOKEN",
        hide_env_values = true,
        requires = "admin",
        value_name = "TOKEN|@FILE"
    )]
    pub(crate) admin_token: Option<SecretSource>,
    /// Time over which connections are closed when the server stops, so that clients do not all come back at once.
    /// It is shortened if fewer than 1000 connections a second would be closed; 0s closes all at once.
    #[arg(
        long,
        env = "HOLDLINE_DRAIN",
        default_value = "5s",
        value_parser = humantime::parse_duration,
        value_name = "TIME"
    )]
    pub(crate) drain: Duration,
    /// Take the listening sockets over from the process that was started with the same path, and later hand them to
    /// the next one, so that no client is turned away in between.
    #[arg(long, env = "HOLDLINE_HANDOVER", value_name = "PATH")]
    pub(crate) handover: Option<PathBuf>,
    /// Let other processes listen on the same addresses (SO_REUSEPORT). When one of them ends, clients that it has
    /// not accepted yet are reset. And you will not notice if you start a server twice by accident. Prefer
    /// --handover.
    #[arg(long, env = "HOLDLINE_REUSE_PORT", value_parser = BoolishValueParser::new())]
    pub(crate) reuse_port: bool,
}

/// Something to listen on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Endpoint {
    /// A host, which may be a name, and a port.
    Tcp(String),
    Unix(PathBuf),
}

/// An endpoint of TCP.
pub(super) fn tcp(text: &str) -> Result<Endpoint, String> {
    match text.parse()? {
        Endpoint::Unix(_) => Err("only TCP is possible here: it is HOST:PORT".to_owned()),
        endpoint => Ok(endpoint),
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err("a path goes behind `unix:`".to_owned()),
                _ if !cfg!(unix) => Err("there are no Unix sockets on this system".to_owned()),
                path => Ok(Self::Unix(path.into())),
            };
        }
        let parts = text.rsplit_once(':');
        let fits = |host: &str| match host.strip_prefix('[') {
            Some(rest) => rest.ends_with(']'),
            None => !host.is_empty() && !host.contains([':', '/', '@']),
        };
        match parts {
            Some((host, port)) if fits(host) && port.parse::<u16>().is_ok() => {
                Ok(Self::Tcp(text.to_owned()))
            }
            _ => Err(
                "it is HOST:PORT, such as 127.0.0.1:8080, [::1]:8080 or localhost:8080, or unix:PATH"
                    .to_owned(),
            ),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(text) => f.write_str(text),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

fn mode(text: &str) -> Result<u32, String> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 && mode & 0o222 != 0 => Ok(mode),
        _ => Err(
            "it is octal, at most 777, such as 660; at least one user must have write permission in order to connect"
                .to_owned(),
        ),
    }
}
