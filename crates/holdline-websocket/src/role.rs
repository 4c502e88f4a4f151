//! The two sides.

/// One side of a connection. A client masks what it sends, a server does not (RFC 6455 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The side that asked for the connection.
    Client,
    /// The side that accepted it.
    Server,
}
