//! What other servers have.

use std::sync::Arc;
use std::time::Duration;

use super::nodes::Far;
use super::{State, name_bytes, room_bytes};
use crate::hub::members::cluster::{RoomNews, Source};

impl<W: Copy + Ord> State<W> {
    pub(in super::super) fn linger_time(&self) -> Duration {
        self.limits.linger
    }

    pub(in super::super) fn channels_of(&self, node: u64) -> Vec<Arc<str>> {
        let channels = self.nodes.0.get(&node);
        channels.map_or(Vec::new(), |channels| channels.keys().cloned().collect())
    }

    /// Returns whether there is memory for all of it.
    pub(in super::super) fn hear(
        &mut self,
        source: Source,
        news: &RoomNews,
        now: Duration,
    ) -> bool {
        let channel = &news.channel;
        let adds = news.is_crowd || !news.here.is_empty();
        if !self.open(source, channel, adds) {
            return !adds;
        }
        let mut is_short = false;
        if news.is_crowd {
            for name in self.names_at(source.node, channel) {
                self.remove(source.node, channel, &name, now);
            }
        }
        for (name, connections) in &news.here {
            is_short |= !self.add(source, channel, name, *connections, now);
        }
        for name in &news.gone {
            self.remove(source.node, channel, name, now);
        }
        self.mark(source, channel, now, |far| {
            far.is_crowd = news.is_crowd;
            // When everything is told again, there may be memory for all.
            far.is_short = is_short || far.is_short && far.pass == source.pass;
            far.pass = source.pass;
        });
        self.close(source.node, channel);
        !is_short
    }

    /// Removes what was not told of in this pass.
    pub(in super::super) fn sweep(&mut self, source: Source, channel: &Arc<str>, now: Duration) {
        let older = self.rooms.get(channel);
        for name in older.map_or(Vec::new(), |room| room.older_at(source)) {
            self.remove(source.node, channel, &name, now);
        }
        self.mark(source, channel, now, |far| {
            far.is_crowd &= far.pass == source.pass;
            far.is_short &= far.pass == source.pass;
        });
        self.close(source.node, channel);
    }

    /// Begins to keep what this server has in this channel, if it `adds` something and there is memory for it.
    fn open(&mut self, source: Source, channel: &Arc<str>, adds: bool) -> bool {
        if self.nodes.find(source.node, channel).is_some() {
            return true;
        }
        let room = match self.rooms.contains_key(channel) {
            true => 0,
            false => room_bytes::<W>(channel),
        };
        if !adds || self.bytes + room + far_bytes(channel) > self.limits.total_bytes {
            return false;
        }
        self.room(channel);
        self.bytes += far_bytes(channel);
        let far = Far {
            names: 0,
            pass: source.pass,
            is_crowd: false,
            is_short: false,
        };
        let channels = self.nodes.0.entry(source.node).or_default();
        channels.insert(Arc::clone(channel), far);
        true
    }

    /// Forgets the channel if this server has nobody there any more.
    fn close(&mut self, node: u64, channel: &Arc<str>) {
        let Some(channels) = self.nodes.0.get_mut(&node) else {
            return;
        };
        let is_unused = |far: &Far| far.names == 0 && !far.is_crowd && !far.is_short;
        if channels.get(channel).is_some_and(is_unused) {
            channels.remove(channel);
            self.bytes -= far_bytes(channel);
        }
        if channels.is_empty() {
            self.nodes.0.remove(&node);
        }
        self.forget_unused(channel);
    }

    /// Changes whether the server counts as one that does not list its members.
    fn mark(
        &mut self,
        source: Source,
        channel: &Arc<str>,
        now: Duration,
        mark: impl FnOnce(&mut Far),
    ) {
        let Some(far) = self.nodes.find(source.node, channel) else {
            return;
        };
        let counts = |far: &Far| far.is_crowd || far.is_short;
        let was = counts(far);
        mark(far);
        let is = counts(far);
        if was != is
            && let Some(room) = self.rooms.get_mut(channel)
        {
            room.count_crowd(is);
            self.happened(channel, now);
        }
    }

    /// Returns whether there is memory for it.
    fn add(
        &mut self,
        source: Source,
        channel: &Arc<str>,
        name: &Arc<str>,
        connections: u32,
        now: Duration,
    ) -> bool {
        let room = self.rooms.get(channel);
        let member = room.and_then(|room| room.member(name));
        let is_new = member.is_none_or(|member| !member.is_at(source.node));
        if is_new {
            let bytes = FAR_NAME + member.map_or(name_bytes(name), |_| 0);
            if self.bytes + bytes > self.limits.total_bytes {
                return false;
            }
            self.bytes += FAR_NAME;
            if let Some(far) = self.nodes.find(source.node, channel) {
                far.names += 1;
            }
        }
        self.update(channel, name, now, |member| {
            member.put_at(source, connections);
        });
        true
    }

    fn remove(&mut self, node: u64, channel: &Arc<str>, name: &Arc<str>, now: Duration) {
        let room = self.rooms.get(channel);
        let member = room.and_then(|room| room.member(name));
        if !member.is_some_and(|member| member.is_at(node)) {
            return;
        }
        self.bytes -= FAR_NAME;
        if let Some(far) = self.nodes.find(node, channel) {
            far.names -= 1;
        }
        self.update(channel, name, now, |member| member.take_from(node));
    }

    fn names_at(&self, node: u64, channel: &str) -> Vec<Arc<str>> {
        let room = self.rooms.get(channel);
        // No pass is 0.
        room.map_or(Vec::new(), |room| room.older_at(Source { node, pass: 0 }))
    }
}

#[cfg(test)]
impl<W: Copy + Ord> State<W> {
    /// The counts are right. Returns the bytes that other servers take.
    pub(super) fn check_others(&self) -> usize {
        let mut bytes = 0;
        for (channel, room) in &self.rooms {
            let fars = self.nodes.0.values().filter_map(|node| node.get(channel));
            let (mut names, mut crowds) = (0, 0);
            for far in fars {
                names += far.names;
                crowds += u32::from(far.is_crowd || far.is_short);
                bytes += far_bytes(channel);
            }
            let (here, elsewhere) = room.count();
            assert_eq!(names, elsewhere);
            assert_eq!(room.kept_counts(), (here, crowds));
            bytes += FAR_NAME * names;
        }
        let channels = self.nodes.0.values().flat_map(|node| node.keys());
        for channel in channels {
            assert!(self.rooms.contains_key(channel), "{channel}");
        }
        bytes
    }
}

/// The memory for a channel at one other server, in a table that may be half empty.
fn far_bytes(channel: &str) -> usize {
    2 * size_of::<(Arc<str>, Far)>() + channel.len() + 64
}

/// The memory for a name at one other server: the first one takes a list with four places.
const FAR_NAME: usize = 64;
