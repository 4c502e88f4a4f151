//! What the lock guards: the rooms, and a schedule of what to do when.

mod elsewhere;
mod nodes;
mod sharing;
mod telling;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use self::nodes::Nodes;
use self::sharing::Sharing;
use super::guest::Watch;
use super::limits::{MemberLimits, PAUSE};
use super::room::{Alarm, Member, Room};
use super::told::{Listed, News, Told};

#[derive(Debug)]
pub(super) struct State<W> {
    limits: MemberLimits,
    /// The number of the last change.
    number: u64,
    /// Channels without a room had no change after this one.
    forgotten: u64,
    rooms: HashMap<Arc<str>, Room<W>>,
    alarms: BTreeMap<Alarm, Due>,
    /// How many alarms were ever set.
    alarms_set: u64,
    /// Rooms in which something happened since the last change, and when the first of it did.
    changed: Vec<Arc<str>>,
    changed_at: Option<Duration>,
    /// Names over all rooms.
    names: usize,
    /// Bytes of rooms and names, and of the changes that are known.
    bytes: usize,
    change_bytes: usize,
    /// What other servers are to be told.
    sharing: Sharing,
    /// What other servers have.
    nodes: Nodes,
}

/// What to do.
#[derive(Debug)]
enum Due {
    /// Remove a name from this channel.
    Name(Arc<str>, Arc<str>),
    /// Stop waiting for a client that polls and watches this channel.
    Room(Arc<str>),
}

impl<W: Copy + Ord> State<W> {
    pub(super) fn new(limits: MemberLimits) -> Self {
        Self {
            limits,
            // 0 stands for a client that was told nothing.
            number: 1,
            forgotten: 1,
            rooms: HashMap::new(),
            alarms: BTreeMap::new(),
            alarms_set: 0,
            changed: Vec::new(),
            changed_at: None,
            names: 0,
            bytes: 0,
            change_bytes: 0,
            sharing: Sharing::default(),
            nodes: Nodes::default(),
        }
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// When there is work to do next.
    pub(super) fn due(&self) -> Option<Duration> {
        let alarm = self.alarms.keys().next().map(|alarm| alarm.0);
        let change = self.changed_at.map(|at| at + PAUSE);
        alarm.into_iter().chain(change).min()
    }

    /// Adds a connection with a name. Returns whether there is memory for the name.
    pub(super) fn come(&mut self, channel: &Arc<str>, name: &Arc<str>, now: Duration) -> bool {
        let has_room = self.has_room_for(channel, name);
        let room = self.room(channel);
        if !has_room {
            room.count_nameless(true);
            self.sharing.note(channel, None);
            self.happened(channel, now);
            return false;
        }
        let mut alarm = None;
        self.update(channel, name, now, |member| {
            member.connections = member.connections.saturating_add(1);
            alarm = member.alarm.take();
        });
        self.stop(alarm);
        true
    }

    /// Removes one of its connections.
    pub(super) fn go(&mut self, channel: &Arc<str>, name: &Arc<str>, now: Duration) {
        let room = self.rooms.get(channel);
        let Some(member) = room.and_then(|room| room.member(name)) else {
            return;
        };
        let alarm = match member.connections {
            1 => self.linger(channel, name, now),
            _ => None,
        };
        self.update(channel, name, now, |member| {
            member.connections = member.connections.saturating_sub(1);
            member.alarm = alarm;
        });
    }

    /// The same for a connection whose name had no memory.
    pub(super) fn go_nameless(&mut self, channel: &Arc<str>, now: Duration) {
        if let Some(room) = self.rooms.get_mut(channel) {
            room.count_nameless(false);
            self.sharing.note(channel, None);
            self.happened(channel, now);
        }
    }

    /// A poll. Without memory for the name, it has no effect.
    pub(super) fn visit(&mut self, channel: &Arc<str>, name: &Arc<str>, now: Duration) {
        if self.limits.linger.is_zero() || !self.has_room_for(channel, name) {
            return;
        }
        self.room(channel);
        let alarm = self.linger(channel, name, now);
        let mut former = alarm;
        self.update(channel, name, now, |member| {
            if member.connections == 0 {
                former = std::mem::replace(&mut member.alarm, alarm);
            }
        });
        self.stop(former);
    }

    /// A client that polls watches this channel: its room stays for a while.
    pub(super) fn keep(&mut self, channel: &Arc<str>, now: Duration) {
        let is_known = self.rooms.contains_key(channel);
        if !is_known && self.bytes + room_bytes::<W>(channel) > self.limits.total_bytes {
            return;
        }
        let alarm = self.alarm(now + KEPT, Due::Room(Arc::clone(channel)));
        let former = self.room(channel).kept.replace(alarm);
        self.stop(former);
    }

    pub(super) fn watch(&mut self, channel: &Arc<str>, waiter: W) {
        self.room(channel).watch(waiter);
    }

    pub(super) fn unwatch(&mut self, channel: &Arc<str>, waiter: W, now: Duration) {
        if let Some(room) = self.rooms.get_mut(channel) {
            room.unwatch(waiter);
            self.keep(channel, now);
            self.forget_unused(channel);
        }
    }

    pub(super) fn news(&mut self, channels: &[Arc<str>], watch: &mut Watch, budget: usize) -> News {
        watch.correct(self.number);
        let mut news = News::default();
        let mut bytes = 0;
        for (channel, told) in channels.iter().zip(&mut watch.told) {
            if bytes >= budget {
                news.more = true;
                return news;
            }
            let mut tell = |event: &Arc<Told>| {
                bytes += event.bytes();
                news.told.push(Arc::clone(event));
            };
            match self.rooms.get_mut(channel) {
                Some(room) => room.tell(told, tell),
                None => {
                    if *told < self.forgotten {
                        tell(&Arc::new(Told::members(channel, Some(Vec::new()))));
                    }
                    *told = self.number;
                }
            }
        }
        watch.seen = self.number;
        news
    }

    pub(super) fn listed(&self, channel: &str) -> Listed {
        match self.rooms.get(channel) {
            Some(room) => room.listed(self.limits.listed),
            None => Listed::Names(Vec::new()),
        }
    }

    pub(super) fn totals(&self) -> (u64, u64) {
        let bytes = self.bytes + self.change_bytes;
        (self.names as u64, bytes as u64)
    }

    pub(super) fn tick(&mut self, now: Duration) -> Vec<W> {
        while let Some(next) = self.alarms.first_entry()
            && next.key().0 <= now
        {
            match next.remove() {
                Due::Name(channel, name) => {
                    self.update(&channel, &name, now, |member| member.alarm = None);
                }
                Due::Room(channel) => {
                    if let Some(room) = self.rooms.get_mut(&channel) {
                        room.kept = None;
                    }
                    self.forget_unused(&channel);
                }
            }
        }
        match self.changed_at {
            Some(at) if at + PAUSE <= now => self.settle(),
            _ => Vec::new(),
        }
    }

    /// Turns all that happened into a change.
    fn settle(&mut self) -> Vec<W> {
        self.changed_at = None;
        let mut waiters = Vec::new();
        let number = self.number + 1;
        for channel in std::mem::take(&mut self.changed) {
            let Some(room) = self.rooms.get_mut(&channel) else {
                continue;
            };
            // Changes must not use up the memory for names.
            let half = self.limits.total_bytes / 2;
            let left = half.saturating_sub(self.bytes + self.change_bytes);
            self.change_bytes -= room.change_bytes();
            let forgotten = room.settle(number, self.limits.listed, left);
            self.change_bytes += room.change_bytes();
            if room.version() == number {
                self.number = number;
                waiters.extend(room.watchers());
            }
            self.names -= forgotten.len();
            self.bytes -= forgotten.iter().map(|name| name_bytes(name)).sum::<usize>();
            self.forget_unused(&channel);
        }
        // A connection may watch several channels.
        waiters.sort_unstable();
        waiters.dedup();
        waiters
    }

    /// Changes a member of an existing room, or adds it.
    fn update(
        &mut self,
        channel: &Arc<str>,
        name: &Arc<str>,
        now: Duration,
        update: impl FnOnce(&mut Member),
    ) {
        let Some(room) = self.rooms.get_mut(channel) else {
            return;
        };
        let names = room.names();
        let updated = room.update(name, update);
        if room.names() > names {
            self.names += 1;
            self.bytes += name_bytes(name);
        }
        if updated.is_news {
            self.sharing.note(channel, Some(name));
        }
        if updated.is_change {
            self.happened(channel, now);
        }
    }

    /// Notes that something happened in this room.
    fn happened(&mut self, channel: &Arc<str>, now: Duration) {
        if let Some(room) = self.rooms.get_mut(channel)
            && !std::mem::replace(&mut room.is_changed, true)
        {
            self.changed.push(Arc::clone(channel));
            self.changed_at.get_or_insert(now);
        }
    }

    fn has_room_for(&self, channel: &Arc<str>, name: &Arc<str>) -> bool {
        let room = match self.rooms.get(channel) {
            Some(room) if room.member(name).is_some() => return true,
            Some(_) => 0,
            None => room_bytes::<W>(channel),
        };
        self.bytes + room + name_bytes(name) <= self.limits.total_bytes
    }

    fn room(&mut self, channel: &Arc<str>) -> &mut Room<W> {
        let room = self.rooms.entry(Arc::clone(channel));
        room.or_insert_with(|| {
            self.bytes += room_bytes::<W>(channel);
            Room::new(channel, self.forgotten)
        })
    }

    fn forget_unused(&mut self, channel: &Arc<str>) {
        let room = self.rooms.get(channel);
        if room.is_some_and(Room::is_unused)
            && let Some(room) = self.rooms.remove(channel)
        {
            self.forgotten = self.forgotten.max(room.version());
            self.bytes -= room_bytes::<W>(channel);
            self.change_bytes -= room.change_bytes();
        }
    }

    /// Sets the alarm for a name whose last connection has gone. `None` if it does not linger.
    fn linger(&mut self, channel: &Arc<str>, name: &Arc<str>, now: Duration) -> Option<Alarm> {
        let linger = self.limits.linger;
        let due = Due::Name(Arc::clone(channel), Arc::clone(name));
        (!linger.is_zero()).then(|| self.alarm(now.saturating_add(linger), due))
    }

    fn alarm(&mut self, at: Duration, due: Due) -> Alarm {
        self.alarms_set += 1;
        let alarm = (at, self.alarms_set);
        self.alarms.insert(alarm, due);
        alarm
    }

    fn stop(&mut self, alarm: Option<Alarm>) {
        if let Some(alarm) = alarm {
            self.alarms.remove(&alarm);
        }
    }
}

#[cfg(test)]
impl<W: Copy + Ord> State<W> {
    /// The counts are right.
    pub(super) fn check(&self) {
        let names: usize = self.rooms.values().map(Room::names).sum();
        assert_eq!(self.names, names);
        let changes: usize = self.rooms.values().map(Room::change_bytes).sum();
        assert_eq!(self.change_bytes, changes);
        let rooms = self.rooms.iter();
        let rooms: usize = rooms
            .map(|(channel, room)| {
                let names = room.each_name().map(name_bytes).sum::<usize>();
                room_bytes::<W>(channel) + names
            })
            .sum();
        assert_eq!(self.bytes, rooms + self.check_others());
        if self.rooms.is_empty() {
            assert_eq!(self.bytes, 0);
            assert!(self.alarms.is_empty());
        }
    }
}

/// The memory that a room takes without its names.
fn room_bytes<W>(channel: &str) -> usize {
    // The table may be half empty. The rest is the channel's name and the alarm.
    2 * size_of::<(Arc<str>, Room<W>)>() + channel.len() + 256
}

/// The memory that a name takes in one channel: in the ordered list, which may be half empty, for its alarm, and in the
/// encoded list, where each of its bytes may become two.
fn name_bytes(name: &str) -> usize {
    2 * size_of::<(Arc<str>, Member)>() + 4 * name.len() + 224
}

/// How long a room stays after a poll of a client that watches.
const KEPT: Duration = Duration::from_secs(30);
