//! The name of a connection.

/// Names a connection of one event loop. Never used again for a later connection.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ConnectionId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}
