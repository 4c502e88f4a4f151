//! The channels by name, and by an ID that saves looking up the name.

use std::collections::HashMap;
use std::sync::Arc;

use super::channel::Channel;

/// Identifies a channel for as long as it is known. A channel that somebody watches stays known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Id(u32);

impl Id {
    /// Refers to no channel.
    pub(super) const UNKNOWN: Self = Self(u32::MAX);
}

/// The channels that one subscriber reads.
#[derive(Debug)]
pub(super) enum Ids {
    /// The usual case needs no allocation.
    One(Id),
    Several(Box<[Id]>),
}

impl Ids {
    pub(super) fn single(&self) -> Option<Id> {
        match self {
            Self::One(id) => Some(*id),
            Self::Several(_) => None,
        }
    }

    pub(super) fn as_slice(&self) -> &[Id] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Several(ids) => ids,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Channels {
    ids: HashMap<Arc<str>, Id>,
    slots: Vec<Option<Channel>>,
    free: Vec<Id>,
}

impl Channels {
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn id(&self, name: &str) -> Option<Id> {
        self.ids.get(name).copied()
    }

    /// The IDs of these names, [unknown](Id::UNKNOWN) where there is no such channel.
    pub(super) fn ids(&self, names: &[Arc<str>]) -> Ids {
        let id = |name| self.id(name).unwrap_or(Id::UNKNOWN);
        match names {
            [name] => Ids::One(id(name)),
            names => Ids::Several(names.iter().map(|name| id(name)).collect()),
        }
    }

    pub(super) fn get(&self, id: Id) -> Option<&Channel> {
        self.slots.get(id.0 as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut Channel> {
        self.slots.get_mut(id.0 as usize)?.as_mut()
    }

    /// Adds a channel whose name is not known yet.
    pub(super) fn insert(&mut self, channel: Channel) -> Id {
        let name = Arc::clone(&channel.name);
        let id = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            Id((self.slots.len() - 1) as u32)
        });
        if let Some(slot) = self.slots.get_mut(id.0 as usize) {
            *slot = Some(channel);
        }
        self.ids.insert(name, id);
        id
    }

    pub(super) fn remove(&mut self, id: Id) -> Option<Channel> {
        let channel = self.slots.get_mut(id.0 as usize)?.take()?;
        self.ids.remove(&channel.name);
        self.free.push(id);
        Some(channel)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (Id, &mut Channel)> {
        let slots = self.slots.iter_mut().enumerate();
        slots.filter_map(|(index, slot)| Some((Id(index as u32), slot.as_mut()?)))
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &Channel> {
        self.slots.iter().flatten()
    }
}
