//! Why a request is over, for a server that tells of each.

use std::fmt;

/// Why a request is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum End {
    /// The response was sent to its end, or the WebSocket was closed by handshake.
    Done,
    /// The client closed its side of the connection.
    ClientClosed,
    /// The connection was reset, or broke.
    Reset,
    /// The client broke the protocol.
    Failed,
    /// The client missed a deadline.
    Late(Late),
    /// What it had sent of something was too much for the memory that there is for that.
    NoRoom,
    /// The server stopped.
    Stopped,
}

/// A deadline that a client missed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Late {
    /// [`head_timeout`](crate::Config::head_timeout)
    Head,
    /// [`body_timeout`](crate::Config::body_timeout)
    Body,
    /// [`message_timeout`](crate::Config::message_timeout)
    Message,
    /// [`write_timeout`](crate::Config::write_timeout)
    Write,
    /// A WebSocket's ping or close was not answered.
    Answer,
}

impl fmt::Display for End {
    /// A word for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::ClientClosed => "client-closed",
            Self::Reset => "reset",
            Self::Failed => "protocol-error",
            Self::Late(Late::Head) => "late-head",
            Self::Late(Late::Body) => "late-body",
            Self::Late(Late::Message) => "late-message",
            Self::Late(Late::Write) => "late-write",
            Self::Late(Late::Answer) => "late-answer",
            Self::NoRoom => "no-room",
            Self::Stopped => "stopped",
        })
    }
}
