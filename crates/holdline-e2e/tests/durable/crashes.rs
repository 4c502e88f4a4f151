//! The server is killed under load.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::thread;
use std::time::Duration;

use holdline_e2e::{Client, Item, LIMIT, Transport, publish, subscribe};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{parts, poll, serve};

const PUBLISHERS: usize = 4;

fn kills() -> usize {
    match std::env::var_os("HOLDLINE_LONG") {
        Some(_) => 100,
        None => 10,
    }
}

/// Publishes until the server is gone. Each text once: those that were answered with their id, and the one that was not.
#[derive(Default)]
struct Said {
    answered: Vec<(String, String)>,
    open: HashSet<String>,
}

impl Said {
    fn add(&mut self, other: Self) {
        self.answered.extend(other.answered);
        self.open.extend(other.open);
    }
}

fn publish_until_the_end(address: std::net::SocketAddr, name: &str) -> Said {
    let mut said = Said::default();
    let Ok(mut client) = Client::connect(address) else {
        return said;
    };
    for number in 0.. {
        let text = format!("{name}.{number}");
        match publish(&mut client, "test", &text) {
            Ok(id) => said.answered.push((id, text)),
            Err(_) => {
                said.open.insert(text);
                return said;
            }
        }
    }
    said
}

/// What was acknowledged is there once, under the number that the publisher was told, and there is nothing but what was
/// published.
#[test]
fn what_was_acknowledged_is_there_after_kill_9_at_any_moment() {
    let seed = 14;
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let directory = tempfile::tempdir().unwrap();
    let all = [
        "--history",
        "10000000",
        "--history-age",
        "0s",
        "--history-bytes",
        "1000000000",
    ];
    let mut server = serve(directory.path(), &all);
    let mut said = Said::default();
    for round in 0..kills() {
        let address = server.address();
        thread::scope(|scope| {
            let publishers: Vec<_> = (0..PUBLISHERS)
                .map(|publisher| {
                    let name = format!("{round}.{publisher}");
                    scope.spawn(move || publish_until_the_end(address, &name))
                })
                .collect();
            thread::sleep(Duration::from_millis(random.random_range(1..300)));
            server.kill();
            for publisher in publishers {
                said.add(publisher.join().unwrap());
            }
        });
        server.restart().unwrap();
        let (there, lost) = poll(&server, "test", "earliest");
        assert!(!lost);
        let mut by_text = HashMap::new();
        for (id, text) in &there {
            assert!(by_text.insert(text, id).is_none(), "{text} is there twice");
        }
        assert!(there.is_sorted_by_key(|(id, _)| parts(id).1));
        for (id, text) in &said.answered {
            assert_eq!(by_text.get(text), Some(&id), "{text}, round {round}");
        }
        let answered: HashSet<_> = said.answered.iter().map(|(_, text)| text).collect();
        let others = by_text.keys().filter(|text| !answered.contains(**text));
        for text in others {
            assert!(said.open.contains(*text), "nobody published {text}");
        }
    }
    let per_round = said.answered.len() / kills();
    println!(
        "{} messages were acknowledged, {per_round} a round",
        said.answered.len()
    );
    assert!(per_round > 5);
}

/// One subscriber for each transport comes back after each kill with the cursor that it has.
#[test]
fn subscribers_over_all_transports_go_on_after_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = serve(directory.path(), &[]);
    let address = server.address();
    let begin = super::post(&server, "test", "begin");
    let (is_over, said) = (AtomicBool::new(false), Mutex::new(Said::default()));
    // Held for writing while there is no server.
    let up = Arc::new(RwLock::new(()));
    let received: Vec<(Transport, Vec<(String, String)>)> = thread::scope(|scope| {
        let subscribers: Vec<_> = Transport::ALL
            .into_iter()
            .map(|transport| {
                let (begin, is_over, up) = (begin.clone(), &is_over, Arc::clone(&up));
                scope.spawn(move || (transport, follow(transport, address, begin, is_over, &up)))
            })
            .collect();
        for round in 0..4 {
            let publishers: Vec<_> = (0..PUBLISHERS)
                .map(|publisher| {
                    let name = format!("{round}.{publisher}");
                    scope.spawn(move || publish_until_the_end(address, &name))
                })
                .collect();
            thread::sleep(Duration::from_millis(300));
            let down = up.write().unwrap();
            server.kill();
            for publisher in publishers {
                said.lock().unwrap().add(publisher.join().unwrap());
            }
            server.restart().unwrap();
            drop(down);
        }
        super::post(&server, "test", "end");
        let all = subscribers
            .into_iter()
            .map(|one| one.join().unwrap())
            .collect();
        is_over.store(true, Ordering::SeqCst);
        all
    });
    let (there, _) = poll(&server, "test", &begin);
    for (transport, received) in received {
        assert!(
            received == there,
            "{transport} got something else than what is there"
        );
    }
    let there: HashSet<_> = there.into_iter().collect();
    for message in said.into_inner().unwrap().answered {
        assert!(there.contains(&message), "{message:?} is missing");
    }
}

/// Follows from `cursor` to the end, over as many connections as it takes.
fn follow(
    transport: Transport,
    address: std::net::SocketAddr,
    mut cursor: String,
    is_over: &AtomicBool,
    up: &RwLock<()>,
) -> Vec<(String, String)> {
    let mut received = Vec::new();
    let since = std::time::Instant::now();
    while since.elapsed() < 2 * LIMIT && !is_over.load(Ordering::SeqCst) {
        drop(up.read().unwrap());
        let from = cursor.clone();
        let result = subscribe(transport, address, "test", Some(&from), &mut |item| {
            item.cursor().clone_into(&mut cursor);
            match item {
                Item::Position(_) | Item::Told { .. } => ControlFlow::Continue(()),
                Item::Lost(at) => panic!("{transport} is told that something is lost at {at}"),
                Item::Message { id, data, .. } => {
                    let is_last = data == "end";
                    received.push((id, data));
                    match is_last {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    }
                }
            }
        });
        match result {
            Ok(()) => return received,
            // The server is gone, or not there again yet.
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    }
    panic!("{transport} got no end after {} messages", received.len());
}
