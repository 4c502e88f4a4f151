//! An engine in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::journal::broker::engine::{
    Change, Connection, Engine, Entry, Fate, Identity, Life, Outgoing, Radio, Sight, Talk, Trouble,
    What,
};

#[derive(Debug)]
pub(super) struct Fake {
    state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) entries: Vec<Entry>,
    pub(super) last: u64,
    pub(super) life: Option<Life>,
    pub(super) keys: HashMap<[u8; 32], ([u8; 32], u64)>,
    /// Changes when it starts again: older connections break.
    pub(super) name: String,
    pub(super) is_durable: bool,
    /// The lease that somebody has, and its number.
    pub(super) lease: Option<(String, String)>,
    pub(super) fault: Option<&'static str>,
    /// Nobody can connect, and connections break.
    pub(super) is_away: bool,
    /// A range is not answered.
    pub(super) hangs: bool,
    /// So many batches are kept, but their answers are lost.
    pub(super) mute: usize,
    /// So many batches are lost before they are kept.
    pub(super) deaf: usize,
    /// How long it takes to give one entry, instead of all at once.
    pub(super) pace: Option<Duration>,
    /// How often entries were published, counted for each batch.
    pub(super) batches: Vec<usize>,
    /// All that was said over the radio.
    said: Vec<Vec<u8>>,
}

impl Fake {
    pub(super) fn new() -> Arc<Self> {
        let state = State {
            entries: Vec::new(),
            last: 0,
            life: None,
            keys: HashMap::new(),
            name: "first".to_owned(),
            is_durable: true,
            lease: None,
            fault: None,
            is_away: false,
            hangs: false,
            mute: 0,
            deaf: 0,
            pace: None,
            batches: Vec::new(),
            said: Vec::new(),
        };
        Arc::new(Self {
            state: Mutex::new(state),
        })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody else writes an entry.
    pub(super) fn add(&self, what: What) -> u64 {
        let mut state = self.state();
        state.add(99, what)
    }
}

impl State {
    fn add(&mut self, mark: u64, what: What) -> u64 {
        self.last += 1;
        self.entries.push(Entry {
            number: self.last,
            mark,
            time: None,
            what,
        });
        self.last
    }

    fn publish(&mut self, epoch: u64, outgoing: &Outgoing) -> Fate {
        if self.fault.is_some() {
            return Fate::Refused("the stream is poisoned".to_owned());
        }
        if self.life.as_ref().map(|life| life.epoch) != Some(epoch) {
            return Fate::OtherLife;
        }
        if let Some(fence) = &outgoing.fence
            && self.lease != Some((fence.lease.clone(), fence.number.clone()))
        {
            return Fate::Fenced;
        }
        if let Some(key) = &outgoing.key
            && let Some((content, number)) = self.keys.get(&key.scope)
        {
            return match *content == key.content {
                true => Fate::Repeated(*number),
                false => Fate::OtherContent,
            };
        }
        let number = self.add(
            outgoing.mark,
            What::Change {
                channel: outgoing.channel.clone(),
                change: outgoing.change.clone(),
            },
        );
        if let Some(key) = &outgoing.key {
            self.keys.insert(key.scope, (key.content, number));
        }
        Fate::Number(number)
    }
}

pub(super) fn message(channel: &str, data: &str) -> What {
    What::Change {
        channel: channel.to_owned(),
        change: Change::Message {
            event: None,
            data: data.to_owned(),
        },
    }
}

impl Engine for Arc<Fake> {
    fn connect(&self) -> Result<Box<dyn Connection>, Trouble> {
        let name = self.state().name.clone();
        let connected = Connected {
            fake: Arc::clone(self),
            name,
        };
        drop(connected.alive()?);
        Ok(Box::new(connected))
    }

    fn radio(&self, talk: &mut Talk<'_>) -> Result<(), Trouble> {
        let connected = Connected {
            fake: Arc::clone(self),
            name: self.state().name.clone(),
        };
        let heard = connected.alive()?.said.len();
        talk(&mut Air { connected, heard })
    }

    fn address(&self) -> &str {
        "fake"
    }
}

struct Air {
    connected: Connected,
    heard: usize,
}

impl Radio for Air {
    fn say(&mut self, message: &[u8]) -> Result<(), Trouble> {
        self.connected.alive()?.said.push(message.to_vec());
        Ok(())
    }

    fn hear(&mut self, wait: Duration) -> Result<Vec<Vec<u8>>, Trouble> {
        let until = Instant::now() + wait;
        loop {
            let state = self.connected.alive()?;
            let fresh = state.said[self.heard..].to_vec();
            self.heard = state.said.len();
            drop(state);
            if !fresh.is_empty() || Instant::now() >= until {
                return Ok(fresh);
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

#[derive(Debug)]
struct Connected {
    fake: Arc<Fake>,
    name: String,
}

impl Connected {
    fn alive(&self) -> Result<MutexGuard<'_, State>, Trouble> {
        let state = self.fake.state();
        match state.is_away || state.name != self.name {
            true => Err(Trouble::Away("it is away".to_owned())),
            false => Ok(state),
        }
    }
}

impl Connection for Connected {
    fn identify(&mut self) -> Result<Identity, Trouble> {
        let state = self.alive()?;
        Ok(Identity {
            name: state.name.clone(),
            is_durable: state.is_durable,
            warning: None,
        })
    }

    fn look(&mut self) -> Result<Sight, Trouble> {
        let state = self.alive()?;
        let first = state.entries.first();
        Ok(Sight {
            life: state.life.clone(),
            last: state.last,
            first: first.map_or(state.last + 1, |first| first.number),
            fault: state.fault,
        })
    }

    fn set_life(&mut self, before: Option<&Life>, next: &Life) -> Result<bool, Trouble> {
        let mut state = self.alive()?;
        if state.life.as_ref() != before {
            return Ok(false);
        }
        if before.map(|before| before.epoch) != Some(next.epoch) {
            state.keys.clear();
            state.last = state.last.max(next.start);
        }
        state.life = Some(next.clone());
        Ok(true)
    }

    fn publish(&mut self, epoch: u64, entries: &[Outgoing]) -> Vec<Fate> {
        let unknown = || vec![Fate::Unknown("it broke".to_owned()); entries.len()];
        let Ok(mut state) = self.alive() else {
            return unknown();
        };
        state.batches.push(entries.len());
        if state.deaf > 0 {
            state.deaf -= 1;
            return unknown();
        }
        let fates = entries
            .iter()
            .map(|outgoing| state.publish(epoch, outgoing))
            .collect();
        if state.mute > 0 {
            state.mute -= 1;
            return unknown();
        }
        fates
    }

    fn follow(&mut self, after: u64, wait: Duration) -> Result<Vec<Entry>, Trouble> {
        let begun = Instant::now();
        loop {
            let state = self.alive()?;
            let entries = state.entries.iter();
            let mut entries: Vec<_> = entries
                .filter(|entry| entry.number > after)
                .cloned()
                .collect();
            let pace = state.pace;
            drop(state);
            if let Some(pace) = pace {
                entries.truncate(1);
                thread::sleep(pace);
            }
            if !entries.is_empty() || begun.elapsed() >= wait {
                return Ok(entries);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn range(&mut self, from: u64, to: u64, most: usize) -> Result<Vec<Entry>, Trouble> {
        let begun = Instant::now();
        while self.alive()?.hangs {
            if begun.elapsed() >= Duration::from_millis(500) {
                return Err(Trouble::Away("it hangs".to_owned()));
            }
            thread::sleep(Duration::from_millis(1));
        }
        let state = self.alive()?;
        let entries = state.entries.iter();
        let entries = entries.filter(|entry| (from..=to).contains(&entry.number));
        Ok(entries.take(most).cloned().collect())
    }
}
