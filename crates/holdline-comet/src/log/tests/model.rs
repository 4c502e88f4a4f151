//! `Log` beside a naive model: a `Vec` that never forgets, and a list of the live clients.

use alloc::vec;

use proptest::prelude::*;

use super::*;

/// What happened to one message, kept for ever.
#[derive(Debug)]
struct Seen {
    sequence: u64,
    size: u64,
    charged: u64,
    pushed: u64,
    retained: bool,
    gone: bool,
}

/// The rules of `Log` in the plainest words.
struct Model {
    limits: LogLimits,
    seen: Vec<Seen>,
    /// The places of the live clients. A place before what is gone is that of one that lost something.
    live: Vec<u64>,
}

impl Model {
    fn there(&self) -> impl Iterator<Item = &Seen> {
        self.seen.iter().filter(|seen| !seen.gone)
    }

    fn sum(&self, retained: bool) -> u64 {
        let such = self.there().filter(|seen| seen.retained == retained);
        such.map(|seen| seen.charged).sum()
    }

    fn gone(&self) -> u64 {
        let gone = self.seen.iter().filter(|seen| seen.gone);
        gone.map(|seen| seen.sequence).max().unwrap_or(0)
    }

    fn earliest(&self) -> u64 {
        let retired = self.seen.iter().filter(|seen| !seen.retained);
        retired.map(|seen| seen.sequence).max().unwrap_or(0)
    }

    fn push(&mut self, sequence: u64, size: u64, now: u64) {
        self.expire(now);
        self.seen.push(Seen {
            sequence,
            size,
            charged: size,
            pushed: now,
            retained: true,
            gone: false,
        });
        self.retire_excess();
        self.evict(now, Some(sequence));
    }

    fn charge(&mut self, sequence: u64, bytes: u64) {
        let there = self.seen.iter_mut().find(|seen| seen.sequence == sequence);
        if let Some(seen) = there.filter(|seen| !seen.gone) {
            seen.charged += bytes;
        }
        self.retire_excess();
    }

    fn discharge(&mut self, sequence: u64, bytes: u64) {
        let there = self.seen.iter_mut().find(|seen| seen.sequence == sequence);
        if let Some(seen) = there.filter(|seen| !seen.gone) {
            seen.charged = seen.charged.saturating_sub(bytes);
        }
    }

    fn retire_excess(&mut self) {
        while self.there().filter(|seen| seen.retained).count() > self.limits.max_messages
            || self.sum(true) > self.limits.max_bytes as u64
        {
            let oldest = self.seen.iter_mut().find(|seen| seen.retained);
            oldest.unwrap().retained = false;
        }
    }

    fn expire(&mut self, now: u64) {
        for seen in &mut self.seen {
            let max_age = self.limits.max_age;
            seen.retained &= max_age.is_none_or(|most| secs(now) - secs(seen.pushed) <= most);
        }
        self.evict(now, None);
    }

    /// Evicts from the front what nothing keeps.
    fn evict(&mut self, now: u64, newest: Option<u64>) {
        while let Some(oldest) = self.seen.iter().position(|seen| !seen.gone) {
            let (gone, seen) = (self.gone(), &self.seen[oldest]);
            let after: u64 = self.seen[oldest + 1..].iter().map(|seen| seen.size).sum();
            let mut live = self.live.iter();
            let is_needed = live.any(|place| (gone..seen.sequence).contains(place));
            if seen.retained
                || newest == Some(seen.sequence)
                || secs(now - seen.pushed) < self.limits.resume_window
                || is_needed && after <= self.limits.max_lag
            {
                return;
            }
            self.seen[oldest].gone = true;
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Push {
        hole: u64,
        size: u64,
        elapsed: u64,
    },
    Expire {
        elapsed: u64,
    },
    Charge {
        back: u64,
        bytes: u64,
    },
    Join,
    Leave {
        client: prop::sample::Index,
    },
    Read {
        client: prop::sample::Index,
        back: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let client = any::<prop::sample::Index>;
    prop_oneof![
        6 => (1..4_u64, 0..40_u64, 0..5_u64)
            .prop_map(|(hole, size, elapsed)| Step::Push { hole, size, elapsed }),
        1 => (0..20_u64).prop_map(|elapsed| Step::Expire { elapsed }),
        1 => (0..9_u64, 0..40_u64).prop_map(|(back, bytes)| Step::Charge { back, bytes }),
        1 => Just(Step::Join),
        1 => client().prop_map(|client| Step::Leave { client }),
        3 => (client(), 0..9_u64).prop_map(|(client, back)| Step::Read { client, back }),
    ]
}

/// Does the same to both.
fn apply(step: Step, log: &mut Log<u64>, model: &mut Model, now: &mut u64) {
    let last = log.last_sequence();
    match step {
        Step::Push {
            hole,
            size,
            elapsed,
        } => {
            *now += elapsed;
            let next = last + hole;
            log.push(next, size as usize, secs(*now), next).unwrap();
            model.push(next, size, *now);
        }
        Step::Expire { elapsed } => {
            *now += elapsed;
            log.expire(secs(*now));
            model.expire(*now);
        }
        Step::Charge { back, bytes } => {
            log.charge(last.saturating_sub(back), bytes);
            model.charge(last.saturating_sub(back), bytes);
            // It turns out to be less, for this message or for the one before it.
            let back = back + bytes % 2;
            log.discharge(last.saturating_sub(back), bytes / 2);
            model.discharge(last.saturating_sub(back), bytes / 2);
        }
        Step::Join => {
            log.join();
            model.live.push(last);
        }
        Step::Leave { client } if !model.live.is_empty() => {
            let client = client.index(model.live.len());
            log.leave(model.live.swap_remove(client));
        }
        Step::Read { client, back } if !model.live.is_empty() => {
            let client = client.index(model.live.len());
            let place = &mut model.live[client];
            // Who lost something goes on at the end.
            let to = match *place < log.evicted_through() {
                true => last,
                false => last.saturating_sub(back).max(*place),
            };
            log.advance(*place, to);
            *place = to;
        }
        Step::Leave { .. } | Step::Read { .. } => {}
    }
}

proptest! {
    #[test]
    fn the_log_agrees_with_one_that_never_forgets(
        max_messages in 0..20_usize,
        max_bytes in 0..300_usize,
        max_age in proptest::option::of(0..30_u64),
        resume_window in 0..30_u64,
        max_lag in 0..200_u64,
        steps in proptest::collection::vec(step(), 0..80),
    ) {
        let limits = LogLimits {
            resume_window: secs(resume_window),
            max_lag,
            ..limits(max_messages, max_bytes, max_age)
        };
        let mut log = Log::new(limits);
        let mut model = Model { limits, seen: vec![], live: vec![] };
        let mut now = 0;
        for step in steps {
            apply(step, &mut log, &mut model, &mut now);
            prop_assert_eq!(log.retained_bytes(), model.sum(true));
            prop_assert_eq!(log.lingering_bytes(), model.sum(false));
            prop_assert_eq!(log.evicted_through(), model.gone());
            prop_assert_eq!(log.earliest(), model.earliest());
        }
        let retained = model.there().filter(|seen| seen.retained).count();
        prop_assert_eq!((log.len(), log.retained()), (model.there().count(), retained));
        for cursor in 0..=log.last_sequence() + 2 {
            let after = || model.there().filter(move |seen| seen.sequence > cursor);
            let expected: Vec<_> = after().map(|seen| seen.sequence).collect();
            prop_assert_eq!(sequences(log.after(cursor)), expected);
            prop_assert!(log.after(cursor).all(|(sequence, message)| sequence == *message));
            prop_assert_eq!(log.lag(cursor), after().map(|seen| seen.size).sum::<u64>());
        }
        let furthest = model.live.iter().filter(|place| **place >= model.gone()).min();
        let lacks = |seen: &&Seen| furthest.is_some_and(|place| seen.sequence > *place);
        let lacking: Vec<_> = model.there().filter(lacks).collect();
        let bytes = lacking.iter().map(|seen| seen.size).sum::<u64>();
        prop_assert_eq!(log.furthest_behind(), (lacking.len(), bytes));
        // What was counted is counted back.
        for place in model.live.drain(..) {
            log.leave(place);
        }
        prop_assert!(log.level == 0 && log.entries.iter().all(|entry| entry.waiting == 0));
    }
}
