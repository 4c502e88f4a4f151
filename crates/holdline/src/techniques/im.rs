//! Instant messaging by commands, as a web IM had it: one address for everything, and what is meant stands in `cmd`. Each
//! command is another form of a request that this server has anyway, with the same rules.

use crate::reply::Reply;
use crate::transport::Transport;

/// What `cmd` asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Command {
    /// Where the conversation stands: the answer to a poll, whose `cursor` is the client's place from then on.
    Build,
    /// What came after `since`, held for `wait` seconds.
    Polling,
    /// Publishes `message`.
    Send,
}

impl Command {
    /// The command `cmd` of a request with this method.
    pub(crate) fn of(method: &str, cmd: Option<&str>) -> Result<Self, Reply> {
        match (cmd, method) {
            (Some("build"), "GET" | "HEAD") => Ok(Self::Build),
            (Some("polling"), "GET" | "HEAD") => Ok(Self::Polling),
            (Some("send"), "POST") => Ok(Self::Send),
            _ => {
                let message =
                    "`cmd` is `build` or `polling` in a GET request, or `send` in a POST request";
                Err(Reply::error(400, "bad_command", message))
            }
        }
    }

    /// How a command that reads is answered.
    pub(crate) fn transport(self) -> Option<Transport> {
        match self {
            Self::Build => Some(Transport::Poll),
            Self::Polling => Some(Transport::LongPoll),
            Self::Send => None,
        }
    }
}
