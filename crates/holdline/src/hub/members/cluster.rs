//! What servers that share a broker tell each other about members.

use std::sync::Arc;

/// What one server has in one channel, or what changed there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct RoomNews {
    pub(crate) channel: Arc<str>,
    /// It has too many to list; then no name is.
    pub(crate) is_crowd: bool,
    /// Names with their numbers of connections.
    pub(crate) here: Vec<(Arc<str>, u32)>,
    pub(crate) gone: Vec<Arc<str>>,
}

impl RoomNews {
    pub(crate) fn new(channel: &Arc<str>, is_crowd: bool) -> Self {
        Self {
            channel: Arc::clone(channel),
            is_crowd,
            here: Vec::new(),
            gone: Vec::new(),
        }
    }
}

/// What is to be told of the members of this server.
#[derive(Debug, Default)]
pub(crate) enum Changes {
    #[default]
    None,
    Some(Vec<RoomNews>),
    /// Too much has changed to tell it singly, so this is everything.
    All(Vec<RoomNews>),
}

/// Which server told something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Source {
    pub(crate) node: u64,
    /// Another one each time it begins to tell everything. Never 0.
    pub(crate) pass: u32,
}
