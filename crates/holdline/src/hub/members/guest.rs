//! Subscribers that have a name or watch.

use std::sync::Arc;

/// What a request says about its client as a member.
#[derive(Clone, Debug, Default)]
pub(crate) struct Introduction {
    pub(crate) name: Option<Arc<str>>,
    /// For a client that watches: the last change that it was told, for each channel. 0 means nothing yet.
    pub(crate) told: Option<Box<[u64]>>,
}

impl Introduction {
    pub(crate) fn is_empty(&self) -> bool {
        self.name.is_none() && self.told.is_none()
    }

    pub(crate) fn watch(&self) -> Option<Watch> {
        let told = self.told.clone()?;
        Some(Watch { told, seen: 0 })
    }
}

/// A subscriber that has a name or watches.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(super) channels: Arc<[Arc<str>]>,
    pub(super) name: Option<Arc<str>>,
    /// The channels in which its name has a record, as bits. In the others there was no memory left for it.
    named: u32,
    pub(crate) watch: Option<Watch>,
}

impl Guest {
    pub(super) fn new(channels: Arc<[Arc<str>]>, introduction: &Introduction) -> Self {
        Self {
            channels,
            name: introduction.name.clone(),
            named: 0,
            watch: introduction.watch(),
        }
    }

    pub(super) fn set_named(&mut self, index: usize, named: bool) {
        self.named |= u32::from(named) << index;
    }

    pub(super) fn is_named(&self, index: usize) -> bool {
        self.named >> index & 1 == 1
    }

    /// Its channels, and what it was told about them. `None` if it does not watch.
    pub(crate) fn watching(&mut self) -> Option<(&[Arc<str>], &mut Watch)> {
        Some((&self.channels, self.watch.as_mut()?))
    }
}

/// What a client that watches was told.
#[derive(Debug)]
pub(crate) struct Watch {
    /// The last change that it was told, for each channel.
    pub(super) told: Box<[u64]>,
    /// Up to this change there is nothing left to tell.
    pub(super) seen: u64,
}
