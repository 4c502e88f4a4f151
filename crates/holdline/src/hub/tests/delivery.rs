//! What is kept, whatever the history limit says, for clients that are connected or were a moment ago.

use super::*;
use crate::counters::Loss;

const SECOND: Duration = Duration::from_secs(1);

/// No history, and no resume window.
pub(super) fn no_history() -> HubLimits {
    limits(0)
}

/// A stream that has received everything so far.
pub(super) struct Stream {
    channels: Arc<[Arc<str>]>,
    pub(super) place: Place,
    /// The texts it received.
    pub(super) got: Vec<String>,
    /// How often it was told that messages were lost.
    pub(super) lost: usize,
}

impl Stream {
    pub(super) fn open(hub: &Hub, names: &[&str]) -> Self {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let channels = hub.register(LoopKey(0), &names, Transport::Sse).unwrap();
        let mut stream = Self {
            place: hub.place(&channels, Since::Now),
            channels,
            got: Vec::new(),
            lost: 0,
        };
        stream.read(hub, 1);
        stream
    }

    /// Reads once. Returns whether there is more.
    fn read(&mut self, hub: &Hub, budget: usize) -> bool {
        let mut looks = Looks::default();
        let more = self.share(hub, budget, &mut looks);
        looks.clear(hub);
        more
    }

    /// The same through a shared look.
    pub(super) fn share(&mut self, hub: &Hub, budget: usize, looks: &mut Looks) -> bool {
        let batch = looks.read(hub, &mut self.place, wanted(budget), None);
        self.lost += usize::from(batch.lost.is_some());
        let texts = batch.messages.iter();
        self.got
            .extend(texts.map(|message| message.data().to_owned()));
        batch.more
    }

    pub(super) fn read_all(&mut self, hub: &Hub) {
        while self.read(hub, 300) {}
    }

    pub(super) fn close(self, hub: &Hub) {
        hub.unregister(LoopKey(0), Transport::Sse, &self.place);
    }
}

fn publish_numbers(hub: &Hub, channel: &str, numbers: std::ops::Range<u32>) -> Vec<String> {
    let texts: Vec<String> = numbers.map(|number| number.to_string()).collect();
    for text in &texts {
        publish(hub, channel, text);
    }
    texts
}

fn earliest(hub: &Hub, name: &str) -> usize {
    let names = names(&[name]);
    let mut position = hub.position(&names, Since::Earliest);
    drain(hub, &names, &mut position).0.len()
}

#[test]
fn with_a_history_of_one_message_a_stream_gets_all_that_come_before_it_is_woken() {
    let hub = Hub::new(1, limits(1));
    let mut stream = Stream::open(&hub, &["a", "b"]);
    let texts = publish_numbers(&hub, "a", 0..50);
    assert_eq!(earliest(&hub, "a"), 1);
    stream.read_all(&hub);
    assert_eq!((stream.got, stream.lost), (texts, 0));
}

#[test]
fn without_history_nothing_can_be_asked_for_later_and_a_stream_gets_everything() {
    let hub = Hub::new(1, no_history());
    let cursor = publish(&hub, "a", "before").cursor;
    let mut stream = Stream::open(&hub, &["a"]);
    let texts = publish_numbers(&hub, "a", 0..10);
    assert_eq!(earliest(&hub, "a"), 0);
    stream.read_all(&hub);
    assert_eq!((&stream.got, stream.lost), (&texts, 0));
    hub.expire();
    // Except for the record of the channel itself.
    assert_eq!(hub.totals().delivery_bytes, 0);
    assert!(hub.totals().bytes < 3_000);
    let a = names(&["a"]);
    let mut position = hub.position(&a, Since::Cursor(cursor));
    assert_eq!(drain(&hub, &a, &mut position), (vec![], true));
    stream.close(&hub);
}

#[test]
fn who_comes_back_within_the_resume_window_gets_what_came_meanwhile() {
    let mut limits = no_history();
    limits.log.resume_window = 30 * SECOND;
    let hub = Hub::new(1, limits);
    let start = hub.now();
    let cursor = publish(&hub, "a", "x").cursor;
    publish_numbers(&hub, "a", 0..3);
    let a = names(&["a"]);
    for (later, expected) in [(29, (vec![2, 3, 4], false)), (32, (vec![], true))] {
        hub.lock().expire(start + later * SECOND);
        let mut position = hub.position(&a, Since::Cursor(cursor));
        assert_eq!(drain(&hub, &a, &mut position), expected);
    }
}

#[test]
fn a_stream_that_is_too_slow_is_told_so_once_and_goes_on() {
    for history in [0, 100] {
        let mut limits = limits(history);
        limits.log.max_lag = 20_000;
        let hub = Hub::new(1, limits);
        let mut stream = Stream::open(&hub, &["a", "b"]);
        for _ in 0..40 {
            publish(&hub, "a", &"x".repeat(2_000));
            // It takes one message, and then nothing for a while.
            if stream.got.is_empty() {
                stream.read(&hub, 1);
            }
        }
        publish(&hub, "a", "the last");
        stream.read_all(&hub);
        assert!(stream.got.len() <= 2, "{}", stream.got.len());
        assert_eq!(stream.lost, 1);
        let texts = publish_numbers(&hub, "a", 0..5);
        stream.read_all(&hub);
        assert_eq!(stream.got.split_off(stream.got.len() - 5), texts);
        assert_eq!(stream.lost, 1);
    }
}

/// One message with more text than a stream may fall behind.
#[test]
fn a_message_larger_than_the_lag_is_delivered() {
    let mut limits = no_history();
    limits.log.max_lag = 0;
    let hub = Hub::new(1, limits);
    let mut stream = Stream::open(&hub, &["a"]);
    for _ in 0..3 {
        publish(&hub, "a", "large");
        stream.read_all(&hub);
    }
    assert_eq!((stream.got.len(), stream.lost), (3, 0));
}

/// `--delivery-total`: first the resume window shrinks, then the slowest stream loses messages.
#[test]
fn over_the_delivery_total_the_window_is_shortened_before_a_stream_loses_anything() {
    let mut limits = no_history();
    limits.log.resume_window = 1_000 * SECOND;
    limits.delivery_bytes = 100_000;
    let hub = Hub::new(1, limits);
    let mut stream = Stream::open(&hub, &["slow"]);
    let texts = publish_numbers(&hub, "slow", 0..3);
    let cursor = publish(&hub, "busy", "x").cursor;
    for _ in 0..200 {
        publish(&hub, "busy", &"x".repeat(5_000));
        assert!(hub.totals().delivery_bytes <= limits.delivery_bytes);
    }
    assert!(hub.totals().delivery_bytes > limits.delivery_bytes / 2);
    let busy = names(&["busy"]);
    let mut position = hub.position(&busy, Since::Cursor(cursor));
    assert!(drain(&hub, &busy, &mut position).1);
    stream.read_all(&hub);
    assert_eq!((&stream.got, stream.lost), (&texts, 0));
}

#[test]
fn then_the_stream_that_is_furthest_behind_is_told_and_no_other() {
    let mut limits = no_history();
    limits.delivery_bytes = 100_000;
    let hub = Hub::new(1, limits);
    let mut slow = Stream::open(&hub, &["a"]);
    let mut less_slow = Stream::open(&hub, &["a"]);
    let mut other = Stream::open(&hub, &["b"]);
    publish(&hub, "b", "first of all");
    other.read_all(&hub);
    for number in 0..40 {
        publish(&hub, "a", &"x".repeat(5_000));
        publish(&hub, "b", "y");
        if number % 10 == 9 {
            less_slow.read_all(&hub);
        }
        assert!(hub.totals().delivery_bytes <= limits.delivery_bytes + 8_000);
    }
    for stream in [&mut slow, &mut less_slow, &mut other] {
        stream.read_all(&hub);
    }
    // The slowest stream continues at the head.
    assert_eq!((slow.got.len(), slow.lost), (0, 1));
    assert_eq!((less_slow.got.len(), less_slow.lost), (40, 0));
    publish(&hub, "a", "next");
    slow.read_all(&hub);
    assert_eq!((&slow.got[..], slow.lost), (&["next".to_owned()][..], 1));
}

#[test]
fn a_replay_has_no_more_than_what_retention_keeps() {
    let hub = Hub::new(1, limits(5));
    let a = names(&["a"]);
    let channels = hub
        .register(LoopKey(0), &["a".to_owned()], Transport::Sse)
        .unwrap();
    publish_numbers(&hub, "a", 0..5);
    let mut replay = Stream {
        place: hub.place(&a, Since::Earliest),
        channels,
        got: Vec::new(),
        lost: 0,
    };
    assert!(replay.read(&hub, 1));
    publish_numbers(&hub, "a", 5..10);
    replay.read_all(&hub);
    assert_eq!((replay.got.len(), replay.lost), (1 + 5, 1));
}

#[test]
fn a_form_is_charged_when_it_is_asked_for_first() {
    let hub = Hub::new(1, limits(10));
    let mut streams = [Stream::open(&hub, &["a"]), Stream::open(&hub, &["a"])];
    publish(&hub, "a", &"x".repeat(1_000));
    let bare = hub.totals().bytes;
    assert!((1_000..4_000).contains(&bare), "{bare}");
    streams[0].read_all(&hub);
    let with_line = hub.totals().bytes;
    assert!(
        (bare + 1_000..bare + 1_500).contains(&with_line),
        "{with_line}"
    );
    streams[1].read_all(&hub);
    assert_eq!(hub.totals().bytes, with_line);
}

/// A client asks for a message in all forms: charging for them must not break the limits.
#[test]
fn forms_that_are_made_later_are_within_the_limits() {
    let mut limits = limits(1_000);
    limits.log.max_bytes = 100_000;
    let hub = Hub::new(1, limits);
    let a = names(&["a"]);
    for _ in 0..50 {
        publish(&hub, "a", &"x".repeat(1_000));
    }
    assert_eq!(hub.totals().messages, 50);
    for wire in [Wire::Json, Wire::Sse, Wire::SseJson, Wire::Script] {
        let mut position = hub.position(&a, Since::Earliest);
        let budget = usize::MAX;
        let all = hub.read(&a, &mut position, Wanted { budget, wire }, None);
        assert!(matches!(all, Read::Batch(_)));
        assert!(hub.totals().bytes <= 102_000);
    }
    assert!(
        (10..30).contains(&hub.totals().messages),
        "{:?}",
        hub.totals()
    );
}

/// Streams come, read a little, stall and leave. Those that are not too far behind get everything, and the sums
/// always match what is there.
#[test]
fn whatever_happens_who_is_here_gets_everything_or_is_told() {
    let mut random = Random::from_environment();
    for round in 0..200 {
        let mut limits = limits(round % 3);
        limits.log.max_lag = [0, 3_000, 1 << 20][round % 3];
        limits.delivery_bytes = [10_000, 1 << 20][round % 2];
        limits.channels = 3;
        let hub = Hub::new(1, limits);
        let mut streams: Vec<(Stream, u64, u64)> = Vec::new();
        let mut published: Vec<(u64, usize)> = Vec::new();
        for _ in 0..100 {
            match random.below(8) {
                0 if streams.len() < 6 => {
                    let channels = [&["a"][..], &["a", "b"], &["b", "c", "d"]][random.below(3)];
                    let head = hub.totals().head.sequence();
                    streams.push((Stream::open(&hub, channels), head, head));
                }
                1 if !streams.is_empty() => {
                    let (stream, ..) = streams.swap_remove(random.below(streams.len()));
                    stream.close(&hub);
                }
                2..5 if !streams.is_empty() => {
                    let index = random.below(streams.len());
                    let (stream, from, _) = &mut streams[index];
                    let lost = stream.lost;
                    stream.read(&hub, 1 + random.below(900));
                    if stream.lost > lost {
                        *from = hub.totals().head.sequence();
                        stream.got.clear();
                    }
                    let watched: Vec<&str> = stream.channels.iter().map(AsRef::as_ref).collect();
                    let due = published.iter().filter(|(number, channel)| {
                        number > from && watched.contains(&CHANNELS[*channel])
                    });
                    let due: Vec<String> = due.map(|(number, _)| number.to_string()).collect();
                    assert!(due.starts_with(&stream.got[..]), "{due:?} {:?}", stream.got);
                    let all_is_kept =
                        limits.log.max_lag == 1 << 20 && limits.delivery_bytes == 1 << 20;
                    assert!(stream.lost == 0 || !all_is_kept);
                }
                _ => {
                    let channel = random.below(CHANNELS.len());
                    let number = hub.totals().head.sequence() + 1;
                    publish(&hub, CHANNELS[channel], &number.to_string());
                    published.push((number, channel));
                }
            }
            hub.expire();
            hub.lock().check();
        }
    }
}

const CHANNELS: [&str; 5] = ["a", "b", "c", "d", "e"];

#[test]
fn a_compressed_form_costs_what_it_has_once_it_is_made() {
    let hub = Hub::new(1, limits(10));
    publish(&hub, "a", &"x".repeat(10_000));
    let a = names(&["a"]);
    let mut position = hub.position(&a, Since::Earliest);
    let wire = Wire::WebSocket { deflate_from: 512 };
    let budget = 1000;
    let Read::Batch(batch) = hub.read(&a, &mut position, Wanted { budget, wire }, None) else {
        panic!("not here yet")
    };
    let most = hub.totals().bytes;
    let message = &batch.messages[0];
    let prepared = message.websocket_deflated();
    let compressed = prepared.compressed_bytes().unwrap().len();
    hub.correct(message);
    hub.correct(message);
    hub.expire();
    let takes = hub.totals().bytes;
    assert!(most - takes > 9_000, "{takes} of {most}");
    let least = 10_000 + prepared.bytes().len() + compressed;
    assert!(takes as usize >= least, "{takes}, at least {least}");
    hub.lock().check();
}

/// `holdline_lost_total` said that there was too little memory for delivery.
#[test]
fn a_stream_whose_socket_is_full_is_counted_as_behind_the_lag() {
    for (delivery_bytes, loss) in [(1 << 20, Loss::Lag), (10_000, Loss::Room)] {
        let mut limits = no_history();
        limits.log.max_lag = 20_000;
        limits.delivery_bytes = delivery_bytes;
        let hub = Hub::new(1, limits);
        let mut stream = Stream::open(&hub, &["a"]);
        for _ in 0..40 {
            publish(&hub, "a", &"x".repeat(2_000));
        }
        let mut looks = Looks::default();
        let batch = looks.read(&hub, &mut stream.place, wanted(300), None);
        assert_eq!(batch.loss(), Some(loss));
    }
}
