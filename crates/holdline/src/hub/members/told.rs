//! What clients are told about the members of a channel.

use std::sync::{Arc, OnceLock};

use serde::Serialize;

use crate::names;

/// One event, encoded at most once for all clients.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) channel: Arc<str>,
    /// One of the server's own event types.
    pub(crate) event: &'static str,
    /// `None` for too many.
    names: Option<Vec<Arc<str>>>,
    data: OnceLock<Box<str>>,
}

impl Told {
    /// All members; `None` if there are too many.
    pub(super) fn members(channel: &Arc<str>, names: Option<Vec<Arc<str>>>) -> Self {
        Self::new(channel, names::MEMBERS, names)
    }

    pub(super) fn join(channel: &Arc<str>, names: Vec<Arc<str>>) -> Self {
        Self::new(channel, names::JOIN, Some(names))
    }

    pub(super) fn leave(channel: &Arc<str>, names: Vec<Arc<str>>) -> Self {
        Self::new(channel, names::LEAVE, Some(names))
    }

    fn new(channel: &Arc<str>, event: &'static str, names: Option<Vec<Arc<str>>>) -> Self {
        Self {
            channel: Arc::clone(channel),
            event,
            names,
            data: OnceLock::new(),
        }
    }

    /// `{"channel":NAME,"names":[…]}`; `"names":null` for too many.
    pub(crate) fn data(&self) -> &str {
        self.data.get_or_init(|| {
            #[derive(Serialize)]
            struct Data<'a> {
                channel: &'a str,
                names: Option<Vec<&'a str>>,
            }
            let names = self.names.as_ref();
            let data = Data {
                channel: &self.channel,
                names: names.map(|names| names.iter().map(|name| &**name).collect()),
            };
            // Texts alone cannot fail to serialize.
            serde_json::to_string(&data).unwrap_or_default().into()
        })
    }

    /// Upper limit for the memory it takes. The names themselves are shared.
    pub(super) fn bytes(&self) -> usize {
        let names = self.names.iter().flatten();
        // Quotation marks and backslashes have two bytes each in JSON.
        let names: usize = names
            .map(|name| size_of::<Arc<str>>() + 2 * name.len() + 3)
            .sum();
        FRAME + 2 * self.channel.len() + names
    }
}

/// What to tell one client now.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) told: Vec<Arc<Told>>,
    /// There is more.
    pub(crate) more: bool,
}

/// The names in one channel.
#[derive(Debug, PartialEq)]
pub(crate) enum Listed {
    /// Each with its current number of connections.
    Names(Vec<(Arc<str>, u32)>),
    /// Too many to list.
    Crowd,
}

/// The structure with its counters, and an entry in a ring buffer that may be half empty.
const FRAME: usize = size_of::<Told>() + 3 * size_of::<(u64, Arc<Told>)>() + 64;
