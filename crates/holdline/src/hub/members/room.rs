//! The members of one channel.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::cluster::{RoomNews, Source};
use super::guest::Watch;
use super::told::{Listed, Told};

/// When something is to be done. The number makes it unique.
pub(super) type Alarm = (Duration, u64);

/// A name, with all connections that gave it.
#[derive(Debug, Default)]
pub(super) struct Member {
    /// Those of this server.
    pub(super) connections: u32,
    /// Set while it has no connection: when it is removed.
    pub(super) alarm: Option<Alarm>,
    /// Other servers that have it, too.
    elsewhere: Vec<Elsewhere>,
    /// The last change has it as a member.
    told: bool,
    /// It is in [`Room::changed`].
    is_changed: bool,
}

/// A member at another server.
#[derive(Debug)]
pub(super) struct Elsewhere {
    node: u64,
    connections: u32,
    /// When it was told of last.
    pass: u32,
}

/// What an update has changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Updated {
    /// The member has joined or left.
    pub(super) is_change: bool,
    /// Other servers are to know.
    pub(super) is_news: bool,
}

impl Member {
    fn is_present(&self) -> bool {
        self.here().is_some() || !self.elsewhere.is_empty()
    }

    /// The number of its connections, if it is a member at this server.
    fn here(&self) -> Option<u32> {
        (self.connections > 0 || self.alarm.is_some()).then_some(self.connections)
    }

    /// At all servers.
    fn all_connections(&self) -> u32 {
        let others = self.elsewhere.iter().map(|other| other.connections);
        others.fold(self.connections, u32::saturating_add)
    }

    pub(super) fn is_at(&self, node: u64) -> bool {
        self.elsewhere.iter().any(|other| other.node == node)
    }

    /// It is at another server, with so many connections.
    pub(super) fn put_at(&mut self, source: Source, connections: u32) {
        let Source { node, pass } = source;
        let told = Elsewhere {
            node,
            connections,
            pass,
        };
        match self.elsewhere.iter_mut().find(|other| other.node == node) {
            Some(other) => *other = told,
            None => self.elsewhere.push(told),
        }
    }

    pub(super) fn take_from(&mut self, node: u64) {
        self.elsewhere.retain(|other| other.node != node);
    }
}

/// The members of one channel, and the connections that watch it.
#[derive(Debug)]
pub(super) struct Room<W> {
    channel: Arc<str>,
    names: BTreeMap<Arc<str>, Member>,
    /// How many of the names are members. The others are gone, but that is not told yet.
    present: usize,
    /// How many are members at this server.
    here: usize,
    /// Connections for whose name there was no memory left.
    nameless: u32,
    /// Other servers that do not list their members, or for whose members there was no memory left.
    crowds: u32,
    /// Other servers were told that there are too many to list here.
    is_told_crowd: bool,
    watchers: BTreeSet<W>,
    /// Until then, a client that polls and watches may come back.
    pub(super) kept: Option<Alarm>,
    /// Names that may have joined or left since the last change.
    changed: Vec<Arc<str>>,
    /// It is part of the next change.
    pub(super) is_changed: bool,
    /// There are too many names to list them.
    is_crowd: bool,
    /// The number of the last change.
    version: u64,
    /// All changes after this number are in `changes`.
    since: u64,
    changes: VecDeque<(u64, Arc<Told>)>,
    /// All members as of the last change, once a client had to be told.
    list: Option<Arc<Told>>,
}

impl<W: Copy + Ord> Room<W> {
    /// A room for a channel that may have had one before, with no change after `version`.
    pub(super) fn new(channel: &Arc<str>, version: u64) -> Self {
        Self {
            channel: Arc::clone(channel),
            names: BTreeMap::new(),
            present: 0,
            here: 0,
            nameless: 0,
            crowds: 0,
            is_told_crowd: false,
            watchers: BTreeSet::new(),
            kept: None,
            changed: Vec::new(),
            is_changed: false,
            is_crowd: false,
            version,
            since: version,
            changes: VecDeque::new(),
            list: None,
        }
    }

    pub(super) fn member(&self, name: &str) -> Option<&Member> {
        self.names.get(name)
    }

    pub(super) fn names(&self) -> usize {
        self.names.len()
    }

    /// Changes a member, or adds it.
    pub(super) fn update(&mut self, name: &Arc<str>, update: impl FnOnce(&mut Member)) -> Updated {
        let member = self.names.entry(Arc::clone(name)).or_default();
        let (was, was_here) = (member.is_present(), member.here());
        update(member);
        let (is, is_here) = (member.is_present(), member.here());
        match (was_here, is_here) {
            (None, Some(_)) => self.here += 1,
            (Some(_), None) => self.here = self.here.saturating_sub(1),
            _ => {}
        }
        let is_news = was_here != is_here;
        if was == is {
            return Updated {
                is_change: false,
                is_news,
            };
        }
        match is {
            true => self.present += 1,
            false => self.present = self.present.saturating_sub(1),
        }
        if !std::mem::replace(&mut member.is_changed, true) {
            self.changed.push(Arc::clone(name));
        }
        Updated {
            is_change: true,
            is_news,
        }
    }

    /// Counts one more connection, or one less, for whose name there is no memory left.
    pub(super) fn count_nameless(&mut self, more: bool) {
        self.nameless = match more {
            true => self.nameless.saturating_add(1),
            false => self.nameless.saturating_sub(1),
        };
    }

    /// Counts one more server that has a crowd, or one less.
    pub(super) fn count_crowd(&mut self, more: bool) {
        self.crowds = match more {
            true => self.crowds.saturating_add(1),
            false => self.crowds.saturating_sub(1),
        };
    }

    /// The names that another server has, if they were not told of in this pass.
    pub(super) fn older_at(&self, source: Source) -> Vec<Arc<str>> {
        let names = self.names.iter().filter(|(_, member)| {
            let mut others = member.elsewhere.iter();
            others.any(|other| other.node == source.node && other.pass != source.pass)
        });
        names.map(|(name, _)| Arc::clone(name)).collect()
    }

    /// What other servers are to know of these names. `None` if that is nothing.
    pub(super) fn news_of(
        &mut self,
        names: impl IntoIterator<Item = Arc<str>>,
        listed: usize,
    ) -> Option<RoomNews> {
        let is_crowd = self.nameless > 0 || self.here > most(listed, self.is_told_crowd);
        let mut news = RoomNews::new(&self.channel, is_crowd);
        let was = std::mem::replace(&mut self.is_told_crowd, is_crowd);
        match (was, is_crowd) {
            (true, true) => return None,
            (false, true) => {}
            (true, false) => self.add_all(&mut news),
            (false, false) => {
                for name in names {
                    match self.names.get(&name).and_then(Member::here) {
                        Some(connections) => news.here.push((name, connections)),
                        None => news.gone.push(name),
                    }
                }
            }
        }
        let is_nothing = !is_crowd && !was && news.here.is_empty() && news.gone.is_empty();
        (!is_nothing).then_some(news)
    }

    /// All that other servers are to know. `None` if it has nobody at this server.
    pub(super) fn all_news(&mut self, listed: usize) -> Option<RoomNews> {
        let is_crowd = self.nameless > 0 || self.here > most(listed, self.is_told_crowd);
        self.is_told_crowd = is_crowd;
        let mut news = RoomNews::new(&self.channel, is_crowd);
        if !is_crowd {
            self.add_all(&mut news);
        }
        (is_crowd || !news.here.is_empty()).then_some(news)
    }

    fn add_all(&self, news: &mut RoomNews) {
        let here = self.names.iter();
        let here = here.filter_map(|(name, member)| Some((Arc::clone(name), member.here()?)));
        news.here.extend(here);
    }

    pub(super) fn watch(&mut self, waiter: W) {
        self.watchers.insert(waiter);
    }

    pub(super) fn unwatch(&mut self, waiter: W) {
        self.watchers.remove(&waiter);
    }

    pub(super) fn watchers(&self) -> impl Iterator<Item = W> {
        self.watchers.iter().copied()
    }

    pub(super) fn is_unused(&self) -> bool {
        let is_watched = !self.watchers.is_empty() || self.kept.is_some();
        let is_empty = self.names.is_empty() && self.nameless == 0 && self.crowds == 0;
        is_empty && !is_watched && !self.is_changed
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// How many bytes the known changes take.
    pub(super) fn change_bytes(&self) -> usize {
        self.changes.iter().map(|(_, told)| told.bytes()).sum()
    }

    /// Turns what happened since the last change into change `number`, if there is something to tell. At most `listed`
    /// names are listed, and the change is kept only if it fits in `room` bytes. Returns the names that were removed.
    pub(super) fn settle(&mut self, number: u64, listed: usize, room: usize) -> Vec<Arc<str>> {
        self.is_changed = false;
        let (mut joined, mut left, mut forgotten) = (Vec::new(), Vec::new(), Vec::new());
        for name in std::mem::take(&mut self.changed) {
            let Some(member) = self.names.get_mut(&name) else {
                continue;
            };
            member.is_changed = false;
            let is = member.is_present();
            match (std::mem::replace(&mut member.told, is), is) {
                (false, true) => joined.push(name),
                (true, true) => {}
                (was, false) => {
                    self.names.remove(&name);
                    forgotten.push(Arc::clone(&name));
                    if was {
                        left.push(name);
                    }
                }
            }
        }
        let is_crowd = self.is_too_full(listed);
        match (std::mem::replace(&mut self.is_crowd, is_crowd), is_crowd) {
            (true, true) => {}
            (false, false) => self.change(number, joined, left, room),
            _ => self.tell_all(number),
        }
        forgotten
    }

    /// Calls `tell` with each event that a client lacks which was told up to change `told`, and updates that.
    pub(super) fn tell(&mut self, told: &mut u64, mut tell: impl FnMut(&Arc<Told>)) {
        if *told < self.since {
            tell(self.list());
        } else {
            let known = self.changes.iter();
            for (_, event) in known.filter(|(number, _)| *number > *told) {
                tell(event);
            }
        }
        *told = self.version.max(*told);
    }

    /// The current members.
    pub(super) fn listed(&self, listed: usize) -> Listed {
        if self.is_crowd || self.is_too_full(listed) {
            return Listed::Crowd;
        }
        let present = self.names.iter().filter(|(_, it)| it.is_present());
        Listed::Names(
            present
                .map(|(name, member)| (Arc::clone(name), member.all_connections()))
                .collect(),
        )
    }

    fn is_too_full(&self, listed: usize) -> bool {
        let is_short = self.nameless > 0 || self.crowds > 0;
        is_short || self.present > most(listed, self.is_crowd)
    }

    fn change(&mut self, number: u64, joined: Vec<Arc<str>>, left: Vec<Arc<str>>, room: usize) {
        if joined.is_empty() && left.is_empty() {
            return;
        }
        let mut events = Vec::new();
        if !joined.is_empty() {
            events.push(Told::join(&self.channel, joined));
        }
        if !left.is_empty() {
            events.push(Told::leave(&self.channel, left));
        }
        let bytes: usize = events.iter().map(Told::bytes).sum();
        let is_watched = !self.watchers.is_empty() || self.kept.is_some();
        if !is_watched || bytes > room {
            return self.tell_all(number);
        }
        self.version = number;
        self.list = None;
        for event in events {
            self.changes.push_back((number, Arc::new(event)));
        }
        while self.changes.len() > CHANGES
            && let Some((number, _)) = self.changes.pop_front()
        {
            self.since = number;
        }
    }

    /// All clients that watch are told the whole list.
    fn tell_all(&mut self, number: u64) {
        self.version = number;
        self.since = number;
        self.changes.clear();
        self.list = None;
    }

    fn list(&mut self) -> &Arc<Told> {
        let (names, is_crowd) = (&self.names, self.is_crowd);
        self.list.get_or_insert_with(|| {
            let told = names.iter().filter(|(_, member)| member.told);
            let told = || told.map(|(name, _)| Arc::clone(name)).collect();
            Arc::new(Told::members(&self.channel, (!is_crowd).then(told)))
        })
    }
}

#[cfg(test)]
impl<W> Room<W> {
    pub(super) fn each_name(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(|name| &**name)
    }

    /// How many names are at this server, and how many times any is at another one.
    pub(super) fn count(&self) -> (usize, usize) {
        let here = self.names.values().filter(|it| it.here().is_some()).count();
        (here, self.names.values().map(|it| it.elsewhere.len()).sum())
    }

    pub(super) fn kept_counts(&self) -> (usize, u32) {
        (self.here, self.crowds)
    }
}

impl Watch {
    /// Resets numbers that cannot have been told.
    pub(super) fn correct(&mut self, number: u64) {
        for told in &mut self.told {
            if *told > number {
                *told = 0;
            }
        }
    }
}

/// How many names may be there before a room is a crowd, or when it is one. With one limit for both directions, each name
/// that joins and leaves could turn the list on and off.
fn most(listed: usize, is_crowd: bool) -> usize {
    match is_crowd {
        true => listed - listed / 4,
        false => listed,
    }
}

/// How many events are kept for each channel. A client that lacks more is told the whole list.
const CHANGES: usize = 32;
