//! nats-server and the servers end and start again under load.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use holdline_e2e::{END, LIMIT, NatsServer, Server, Tally, Transport, numbered, subscribe};

use super::{ask, lost, node, node_at, parts, post, post_again, texts, until};

const PUBLISHERS: usize = 2;
/// About the longest text.
const MOST: usize = 2000;

/// Sends a message with a key to one server or the other, until one of them has it.
fn insist(nodes: &[SocketAddr], key: &str, text: &str) {
    let begun = Instant::now();
    for address in nodes.iter().cycle() {
        let fields = format!("Idempotency-Key: {key}\r\n");
        match ask(*address, "POST", "/channels/test", &fields, text) {
            Ok((200, _)) => return,
            other => assert!(begun.elapsed() < LIMIT, "{key}: {other:?}"),
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Reads at one server, and at the next one whenever a connection ends, until the end.
fn follow(transport: Transport, nodes: &[SocketAddr], since: &str) -> Tally {
    let mut tally = Tally::new(PUBLISHERS, MOST);
    let begun = Instant::now();
    for address in nodes.iter().cycle() {
        let since = tally.cursor().unwrap_or(since).to_owned();
        let result = subscribe(
            transport,
            *address,
            "test",
            Some(&since),
            &mut |item| match tally
                .take(&item)
                .unwrap_or_else(|error| panic!("{transport}: {error}"))
            {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            },
        );
        match result {
            Ok(()) => break,
            Err(error) => assert!(begun.elapsed() < 2 * LIMIT, "{transport}: {error}"),
        }
        thread::sleep(Duration::from_millis(50));
    }
    tally
}

/// Publishes and reads over all transports at both servers, for as long as `disturb` does what it does.
pub(super) fn run(nodes: &[SocketAddr; 2], since: &str, disturb: impl FnOnce()) {
    let is_over = AtomicBool::new(false);
    let (sent, tallies) = thread::scope(|scope| {
        let is_over = &is_over;
        let publishers: Vec<_> = (0..PUBLISHERS)
            .map(|publisher| scope.spawn(move || publish_until(is_over, nodes, publisher)))
            .collect();
        let readers: Vec<_> = Transport::ALL
            .into_iter()
            .enumerate()
            .map(|(index, transport)| {
                let mut nodes = *nodes;
                nodes.rotate_left(index % 2);
                let reader = scope.spawn(move || follow(transport, &nodes, since));
                (transport, reader)
            })
            .collect();
        disturb();
        is_over.store(true, Ordering::SeqCst);
        let sent: Vec<_> = publishers
            .into_iter()
            .map(|publisher| publisher.join().unwrap())
            .collect();
        insist(nodes, "end", END);
        let tallies: Vec<_> = readers
            .into_iter()
            .map(|(transport, reader)| (transport, reader.join().unwrap()))
            .collect();
        (sent, tallies)
    });
    let digest = tallies[0].1.digest();
    for (transport, tally) in &tallies {
        assert_eq!(tally.by_publisher(), sent, "{transport}");
        assert_eq!(tally.digest(), digest, "{transport} saw another order");
    }
}

/// Returns how many messages were taken.
fn publish_until(is_over: &AtomicBool, nodes: &[SocketAddr; 2], publisher: usize) -> usize {
    let mut sent = 0;
    while !is_over.load(Ordering::SeqCst) {
        let text = numbered(publisher, sent, MOST);
        insist(nodes, &format!("{publisher}.{sent}"), &text);
        sent += 1;
        thread::sleep(Duration::from_millis(10));
    }
    sent
}

#[test]
fn when_nats_server_is_killed_under_load_nothing_is_lost_or_doubled() {
    let Some(mut nats) = NatsServer::start().unwrap() else {
        return;
    };
    let nodes = [node(&nats, "?sync=always"), node(&nats, "?sync=always")];
    let begin = post(&nodes[0], "test", "0 begin");
    let addresses = [nodes[0].address(), nodes[1].address()];
    run(&addresses, &begin, || {
        for _ in 0..4 {
            thread::sleep(Duration::from_millis(400));
            nats.kill();
            thread::sleep(Duration::from_millis(300));
            nats.restart().unwrap();
        }
    });
    let last = post_again(&nodes[1], "last");
    assert_eq!(parts(&last).0, parts(&begin).0, "a new life began");
}

#[test]
fn when_a_server_is_killed_under_load_its_clients_go_on_at_the_other_one() {
    let Some(nats) = NatsServer::start().unwrap() else {
        return;
    };
    let mut one = node(&nats, "?sync=always");
    let two = node(&nats, "?sync=always");
    let begin = post(&two, "test", "0 begin");
    let addresses = [one.address(), two.address()];
    run(&addresses, &begin, || {
        for _ in 0..4 {
            thread::sleep(Duration::from_millis(400));
            one.kill();
            thread::sleep(Duration::from_millis(200));
            one.restart().unwrap();
        }
    });
}

/// nats-server says that it has a message when it is not on the disk yet, so that after a restart nobody knows.
#[test]
fn if_nats_server_does_not_sync_clients_are_told_after_it_has_started_again() {
    let Some(mut nats) = NatsServer::start().unwrap() else {
        return;
    };
    let nodes: [Server; 2] = [node(&nats, ""), node(&nats, "")];
    assert!(
        nodes[0].log().contains("sync_interval: always"),
        "{}",
        nodes[0].log()
    );
    let before = post(&nodes[0], "test", "before");
    nats.kill();
    let (status, answer) = ask(nodes[0].address(), "POST", "/channels/test", "", "x").unwrap();
    assert_eq!(status, 503, "{answer}");
    nats.restart().unwrap();
    insist(&[nodes[0].address()], "k", "after");
    for node in &nodes {
        let items = until(Transport::LongPoll, node.address(), Some(&before), "after");
        assert_eq!(lost(&items), 1, "{items:?}");
        let after = items.last().unwrap().cursor();
        assert_ne!(parts(after).0, parts(&before).0);
        assert!(parts(after).1 > parts(&before).1, "{after} after {before}");
        assert_eq!(
            texts(&until(
                Transport::Sse,
                node.address(),
                Some(&before),
                "after"
            ))
            .last(),
            Some(&"after")
        );
    }
}

#[test]
fn when_one_of_three_servers_of_nats_is_killed_the_others_go_on() {
    let Some(mut cluster) = NatsServer::cluster().unwrap() else {
        return;
    };
    let hosts = cluster
        .each_ref()
        .map(|nats| nats.address().to_string())
        .join(",");
    let url = format!("nats://{hosts}?sync=always&replicas=3");
    let nodes = [node_at(&url, &[]), node_at(&url, &[])];
    let begin = post(&nodes[0], "test", "0 begin");
    let addresses = [nodes[0].address(), nodes[1].address()];
    run(&addresses, &begin, || {
        for nats in &mut cluster {
            thread::sleep(Duration::from_millis(500));
            nats.kill();
            thread::sleep(Duration::from_millis(500));
            nats.restart().unwrap();
            // The next one must not be killed before this one has what it missed: two of three must have it.
            thread::sleep(Duration::from_secs(3));
        }
    });
    insist(&addresses, "last", "last");
    let items = until(Transport::Sse, nodes[0].address(), Some(&begin), "last");
    assert_eq!(lost(&items), 0);
}
