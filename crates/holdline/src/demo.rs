//! The moving box: a random walk on a stage of 800 by 600, published to the channel `box`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::hub::Hub;
use crate::journal::{Draft, Journal};

/// How fast the box moves.
#[derive(Debug)]
pub(crate) struct MovingBox {
    tick: AtomicU64,
}

impl MovingBox {
    pub(crate) const CHANNEL: &str = "box";
    /// The ticks to choose from, in milliseconds.
    pub(crate) const TICKS: [u64; 3] = [2000, 500, 100];

    pub(crate) fn new() -> Self {
        Self {
            tick: AtomicU64::new(Self::TICKS[0]),
        }
    }

    /// Milliseconds between two moves.
    pub(crate) fn tick(&self) -> u64 {
        self.tick.load(Ordering::Relaxed)
    }

    /// Sets the tick. Returns whether it is one of [`TICKS`](Self::TICKS).
    pub(crate) fn set_tick(&self, tick: u64) -> bool {
        let known = Self::TICKS.contains(&tick);
        if known {
            self.tick.store(tick, Ordering::Relaxed);
        }
        known
    }
}

/// The walk itself. It continues for a while after the last watcher has left, so that a watcher whose connection was
/// cut has something to resume.
#[derive(Debug)]
pub(crate) struct Walk {
    x: i64,
    y: i64,
    random: u64,
    next: Instant,
    watched: Option<Instant>,
}

impl Walk {
    /// The `seed` decides the path.
    pub(crate) fn new(seed: u64) -> Self {
        let (x, y) = ((WIDTH - SIZE) / 2, (HEIGHT - SIZE) / 2);
        Self {
            x,
            y,
            random: seed | 1,
            next: Instant::now(),
            watched: None,
        }
    }

    /// Moves the box if it is time to. Returns the time until the next step.
    pub(crate) fn step(
        &mut self,
        now: Instant,
        moving_box: &MovingBox,
        hub: &Hub,
        journal: &dyn Journal,
    ) -> Duration {
        if hub.presence(MovingBox::CHANNEL).total() > 0 {
            self.watched = Some(now);
        }
        let tick = Duration::from_millis(moving_box.tick());
        if self
            .watched
            .is_none_or(|at| now.duration_since(at) >= LINGER)
        {
            return Duration::MAX;
        }
        // A faster tick chosen in the meantime takes effect at once.
        self.next = self.next.min(now + tick);
        if now < self.next {
            return self.next - now;
        }
        self.next = now + tick;
        self.x = (self.x + self.stride()).clamp(0, WIDTH - SIZE);
        self.y = (self.y + self.stride()).clamp(0, HEIGHT - SIZE);
        let place = serde_json::json!({ "x": self.x, "y": self.y }).to_string();
        let draft = Draft::message(MovingBox::CHANNEL, None, &place);
        // A journal that answers later also logs if it could not keep the message.
        if let Err(refusal) = journal.append(draft, None) {
            tracing::warn!(?refusal, "the moving box is not published");
        }
        tick
    }

    /// A number from -60 to 60: xorshift, which is random enough to look at.
    fn stride(&mut self) -> i64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 33) as i64 % 121 - 60
    }
}

const WIDTH: i64 = 800;
const HEIGHT: i64 = 600;
/// The width and height of the box.
const SIZE: i64 = 40;
/// How long the box keeps moving when nobody watches.
const LINGER: Duration = Duration::from_secs(60);
