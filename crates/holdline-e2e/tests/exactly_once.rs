//! A subscriber that is cut again and again receives each message exactly once, in one order, on
//! every transport, and also when it changes transport each time.
//!
//! `HOLDLINE_E2E_MESSAGES` and `HOLDLINE_E2E_CUTS` make it more than 1,000 messages and 30 cuts.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use holdline_e2e::{
    Client, CutProxy, Item, LIMIT, Server, Transport, publish, subscribe, wait_for,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

#[test]
fn poll() {
    one_transport(Transport::Poll);
}

#[test]
fn long_poll() {
    one_transport(Transport::LongPoll);
}

#[test]
fn jsonp() {
    one_transport(Transport::Jsonp);
}

#[test]
fn xhr_stream() {
    one_transport(Transport::XhrStream);
}

#[test]
fn iframe() {
    one_transport(Transport::Iframe);
}

#[test]
fn sse() {
    one_transport(Transport::Sse);
}

#[test]
fn websocket() {
    one_transport(Transport::WebSocket);
}

#[test]
fn another_transport_each_time() {
    run(&Transport::ALL, 1);
}

fn one_transport(transport: Transport) {
    run(&[transport], 1);
}

/// Several publishers at once, seven subscribers: all see one order.
#[test]
fn one_order_for_all() {
    let server = server();
    let address = server.address();
    let ready = AtomicUsize::new(0);
    let total = number("HOLDLINE_E2E_MESSAGES", 1000) / 4;
    let received: Vec<Vec<(String, String)>> = thread::scope(|scope| {
        let subscribers: Vec<_> = Transport::ALL
            .into_iter()
            .map(|transport| {
                let ready = &ready;
                scope.spawn(move || {
                    let proxy = CutProxy::start(address).unwrap();
                    cut_randomly(&proxy, &[transport], total, 5, 7);
                    let mut subscriber = Subscriber::new(&proxy, 7);
                    while subscriber.received.len() < total {
                        subscriber.connect(&[transport], |subscriber| {
                            if subscriber.cursor.is_some() && !subscriber.counted {
                                subscriber.counted = true;
                                ready.fetch_add(1, Ordering::SeqCst);
                            }
                            subscriber.received.len() == total
                        });
                    }
                    subscriber.received
                })
            })
            .collect();
        wait_for("all subscribers", || {
            (ready.load(Ordering::SeqCst) == 7).then_some(())
        });
        for publisher in 0..3 {
            let share = total / 3 + usize::from(publisher < total % 3);
            scope.spawn(move || {
                let mut client = Client::connect(address).unwrap();
                for number in 0..share {
                    publish(&mut client, "test", &format!("{publisher} {number}")).unwrap();
                }
            });
        }
        subscribers
            .into_iter()
            .map(|one| one.join().unwrap())
            .collect()
    });
    for one in &received[1..] {
        assert!(*one == received[0], "two subscribers saw different orders");
    }
    for publisher in 0..3 {
        let own = |text: &&String| text.starts_with(&format!("{publisher} "));
        let texts = received[0].iter().map(|(_, text)| text).filter(own);
        for (number, text) in texts.enumerate() {
            assert_eq!(
                *text,
                format!("{publisher} {number}"),
                "a publisher's own order"
            );
        }
    }
    let ids: BTreeSet<_> = received[0].iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), received[0].len(), "an id that is not unique");
}

/// Publishes, cuts and receives, one of `transports` at a time.
fn run(transports: &[Transport], seed: u64) {
    let messages = number("HOLDLINE_E2E_MESSAGES", 1000);
    let cuts = number("HOLDLINE_E2E_CUTS", 30);
    let server = server();
    let proxy = CutProxy::start(server.address()).unwrap();
    let mut subscriber = Subscriber::new(&proxy, seed);
    // To learn where it stands, so that nothing is published before.
    subscriber.connect(transports, |subscriber| subscriber.cursor.is_some());
    cut_randomly(&proxy, transports, messages, cuts, seed);
    let received = AtomicUsize::new(0);
    let texts: Vec<String> = (0..messages).map(text).collect();
    thread::scope(|scope| {
        scope.spawn(|| publisher(server.address(), &texts, &received, &proxy, cuts as u64));
        // What was published last comes after the last cut.
        while subscriber.received.len() < messages {
            subscriber.connect(transports, |subscriber| {
                received.store(subscriber.received.len(), Ordering::SeqCst);
                subscriber.received.len() == messages
            });
        }
    });
    let got: Vec<&String> = subscriber.received.iter().map(|(_, text)| text).collect();
    assert!(
        got.into_iter().eq(&texts),
        "other texts, or in another order"
    );
    assert!(proxy.cuts() >= cuts as u64);
    assert!(
        subscriber.connections > cuts,
        "it was cut, and connected no more"
    );
}

/// Publishes in bursts, and goes on when the subscriber is not too far behind, so that some
/// messages are received live and some are replayed. Keeps the last one
/// until there were all the cuts.
fn publisher(
    address: SocketAddr,
    texts: &[String],
    received: &AtomicUsize,
    proxy: &CutProxy,
    cuts: u64,
) {
    let mut random = StdRng::seed_from_u64(3);
    let mut client = Client::connect(address).unwrap();
    let (last, texts) = texts.split_last().unwrap();
    let mut sent = 0;
    while sent < texts.len() {
        for _ in 0..random.random_range(1..20) {
            let Some(text) = texts.get(sent) else { break };
            publish(&mut client, "test", text).unwrap();
            sent += 1;
        }
        let behind = random.random_range(0..60);
        wait_for("the subscriber to follow", || {
            (received.load(Ordering::SeqCst) + behind >= sent).then_some(())
        });
    }
    // Nothing flows any more that could be cut at some byte of it.
    wait_for("the cuts", || {
        if proxy.cuts() < cuts {
            proxy.cut();
        }
        (proxy.cuts() >= cuts).then_some(())
    });
    publish(&mut client, "test", last).unwrap();
}

/// Cuts so that the cuts are spread over what is to be carried.
fn cut_randomly(
    proxy: &CutProxy,
    transports: &[Transport],
    messages: usize,
    cuts: usize,
    seed: u64,
) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut left = cuts;
    // What a connection costs before it carries a message, at most.
    let overhead = match transports {
        [Transport::XhrStream | Transport::Iframe] => 3000,
        [Transport::Poll | Transport::LongPoll | Transport::Jsonp] => 1000,
        [_] => 500,
        _ => 1500,
    };
    let most = (overhead + 120 * messages / cuts) as u64;
    proxy.cut_after(move || {
        left = left.checked_sub(1)?;
        Some(random.random_range(1..most))
    });
}

/// One who keeps the last cursor, and nothing else.
struct Subscriber {
    address: SocketAddr,
    random: StdRng,
    cursor: Option<String>,
    received: Vec<(String, String)>,
    connections: usize,
    counted: bool,
}

impl Subscriber {
    fn new(proxy: &CutProxy, seed: u64) -> Self {
        Self {
            address: proxy.address(),
            random: StdRng::seed_from_u64(seed),
            cursor: None,
            received: Vec::new(),
            connections: 0,
            counted: false,
        }
    }

    /// One connection over one of `transports`, until it is cut or it is `enough`.
    fn connect(&mut self, transports: &[Transport], enough: impl Fn(&mut Self) -> bool) {
        let transport = transports[self.random.random_range(0..transports.len())];
        self.connections += 1;
        let since = self.cursor.clone();
        let result = subscribe(
            transport,
            self.address,
            "test",
            since.as_deref(),
            &mut |item| {
                self.cursor = Some(item.cursor().to_owned());
                match item {
                    Item::Position(_) | Item::Told { .. } => {}
                    Item::Lost(cursor) => {
                        panic!("{transport} says that something is lost at {cursor}")
                    }
                    Item::Message { id, event, data } => {
                        assert_eq!(event, None);
                        self.received.push((id, data));
                    }
                }
                if enough(self) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
        );
        match result {
            Ok(()) => {}
            Err(error) => {
                let kind = error.kind();
                let broken = matches!(
                    kind,
                    ErrorKind::InvalidData | ErrorKind::WouldBlock | ErrorKind::TimedOut
                );
                assert!(
                    !broken,
                    "{transport} after {} messages, silent for up to {} s: {error}",
                    self.received.len(),
                    LIMIT.as_secs()
                );
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// Something that every wire form must protect.
fn text(number: usize) -> String {
    let tail = [
        "",
        "two\nlines, the last empty\n",
        "</script><!-- <script> & \u{2028} \u{2029}",
        "\"quoted\\\" \t tab",
        "Grüße, мир, 世界, 🦀",
        "\n: no comment\nid: 1\n\n",
        " a space in front",
    ];
    format!("{number} {}", tail[number % tail.len()])
}

fn server() -> Server {
    // No sign of life but messages, so that a lost one shows as silence.
    Server::start(&["--heartbeat", "1h"]).unwrap()
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}
