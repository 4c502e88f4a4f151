//! A subscriber of several channels is cut again and again, and comes back each time with
//! nothing but the text of its cursor.
#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::time::Duration;

use holdline_comet::{Cursor, Log, LogLimits, Position, Reader};
use proptest::prelude::*;

const CHANNELS: usize = 4;

/// A server in its smallest form: channels that share one sequence.
struct Server {
    epoch: u64,
    head: u64,
    logs: Vec<Log<u64>>,
}

impl Server {
    fn start(epoch: u64, max_messages: usize) -> Self {
        let mut limits = LogLimits::default();
        limits.max_messages = max_messages;
        let logs = (0..CHANNELS).map(|_| Log::new(limits)).collect();
        Self {
            epoch,
            head: 0,
            logs,
        }
    }

    fn publish(&mut self, channel: usize) {
        self.head += 1;
        let (sequence, log) = (self.head, &mut self.logs[channel]);
        log.push(sequence, 10, Duration::ZERO, sequence).unwrap();
    }
}

/// A client of the channels before `channels`, between two connections.
struct Client {
    channels: usize,
    cursor: String,
    received: Vec<u64>,
    /// Where it was told that something before is lost.
    told: Vec<Cursor>,
}

impl Client {
    fn subscribe(server: &Server, channels: usize) -> Self {
        Self {
            channels,
            cursor: Cursor::new(server.epoch, server.head).to_string(),
            received: vec![],
            told: vec![],
        }
    }

    /// Connects, receives at most `budget` messages, and is cut.
    fn connect(&mut self, server: &Server, budget: usize) {
        let logs: Vec<_> = server.logs[..self.channels].iter().collect();
        let mut position = Position::after(self.cursor.parse().unwrap());
        let mut reading = Reader::new(server.epoch, server.head, &logs).read(&mut position);
        if let Some(cursor) = reading.lost {
            self.told.push(cursor);
            self.cursor = cursor.to_string();
        }
        for (_, sequence, message) in reading.by_ref().take(budget) {
            assert_eq!(sequence, *message);
            self.received.push(sequence);
            self.cursor = Cursor::new(server.epoch, sequence).to_string();
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Publish(usize),
    Connect(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..CHANNELS).prop_map(Step::Publish),
        1 => (0..12_usize).prop_map(Step::Connect),
    ];
    proptest::collection::vec(step, 0..300)
}

fn play(steps: &[Step], max_messages: usize, channels: usize) -> (Client, Vec<u64>) {
    let mut server = Server::start(1, max_messages);
    let mut client = Client::subscribe(&server, channels);
    let mut published = vec![];
    for step in steps {
        match *step {
            Step::Publish(channel) => {
                server.publish(channel);
                if channel < channels {
                    published.push(server.head);
                }
            }
            Step::Connect(budget) => client.connect(&server, budget),
        }
    }
    client.connect(&server, usize::MAX);
    (client, published)
}

proptest! {
    #[test]
    fn cut_at_any_time_nothing_is_lost(steps in steps(), channels in 1..=CHANNELS) {
        let (client, published) = play(&steps, 1000, channels);
        prop_assert_eq!(client.received, published);
        prop_assert_eq!(client.told, []);
    }

    #[test]
    fn what_a_small_log_has_lost_is_told(
        steps in steps(),
        channels in 1..=CHANNELS,
        max_messages in 1..10_usize,
    ) {
        let (client, published) = play(&steps, max_messages, channels);
        // In order, so each at most once.
        prop_assert!(client.received.is_sorted_by(|a, b| a < b));
        let missing = published.iter().filter(|message| !client.received.contains(message));
        let missing = missing.count();
        prop_assert_eq!(missing == 0, client.told.is_empty());
    }
}

#[test]
fn ten_thousand_messages_and_two_hundred_cuts() {
    let mut server = Server::start(1, 10_000);
    let mut client = Client::subscribe(&server, CHANNELS);
    for cut in 0..200 {
        for message in 0..50 {
            server.publish((cut * 7 + message * 3) % CHANNELS);
        }
        client.connect(&server, (cut * 31) % 120);
    }
    client.connect(&server, usize::MAX);
    assert!(client.received.iter().copied().eq(1..=10_000));
    assert_eq!(client.told, []);
}

#[test]
fn after_a_restart_the_client_is_told_and_goes_on() {
    let mut server = Server::start(1, 100);
    let mut client = Client::subscribe(&server, CHANNELS);
    server.publish(0);
    client.connect(&server, 10);
    let mut server = Server::start(2, 100);
    client.connect(&server, 10);
    assert_eq!(client.told, [Cursor::new(2, 0)]);
    server.publish(0);
    client.connect(&server, 10);
    assert_eq!(client.received, [1, 1]);
    assert_eq!(client.told, [Cursor::new(2, 0)]);
}
