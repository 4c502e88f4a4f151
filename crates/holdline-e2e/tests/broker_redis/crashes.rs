//! The broker and servers are killed under load, while publishers with keys try again.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use holdline_e2e::{Client, LIMIT};

use super::*;

/// Publishes texts one after the other until it is over, each under a key of its own and to any of the servers until it
/// is acknowledged. Returns the numbers with their texts.
fn publish_all(name: &str, servers: &[SocketAddr], is_over: &AtomicBool) -> Vec<(String, String)> {
    let mut acknowledged = Vec::new();
    let mut attempt = 0;
    for number in 0.. {
        if is_over.load(Ordering::SeqCst) {
            return acknowledged;
        }
        let text = format!("{name}.{number}");
        let begun = Instant::now();
        let id = loop {
            assert!(begun.elapsed() < 2 * LIMIT, "{text} is never taken");
            attempt += 1;
            match try_publish(servers[attempt % servers.len()], &text) {
                Some(id) => break id,
                None => thread::sleep(Duration::from_millis(20)),
            }
        };
        acknowledged.push((id, text));
    }
    acknowledged
}

fn try_publish(server: SocketAddr, text: &str) -> Option<String> {
    let mut client = Client::connect(server).ok()?;
    let length = text.len();
    client
        .send(format!(
            "POST /channels/test HTTP/1.1\r\nHost: test\r\nIdempotency-Key: {text}\r\n\
             Content-Length: {length}\r\n\r\n{text}"
        ))
        .ok()?;
    let answer = client.answer("POST").ok()?;
    match answer.head.status {
        200 => Some(answer.json().ok()?["id"].as_str()?.to_owned()),
        409 | 503 => None,
        status => panic!("{text}: {status}"),
    }
}

/// What one subscriber has received: numbers with texts, and how often it was told that something is lost.
pub(crate) type Received = (Vec<(String, String)>, usize);

/// Receives from one server and then another one, over all transports, whatever is cut, until `end`.
fn follow(servers: &[SocketAddr], mut cursor: String) -> Received {
    let (mut received, mut lost) = (Vec::new(), 0);
    let begun = Instant::now();
    for turn in 0.. {
        assert!(
            begun.elapsed() < 3 * LIMIT,
            "no end after {} messages",
            received.len()
        );
        let transport = Transport::ALL[turn % Transport::ALL.len()];
        let server = servers[turn % servers.len()];
        let since = cursor.clone();
        let mut is_over = false;
        let mut left = 200;
        let _ = subscribe(transport, server, "test", Some(&since), &mut |item| {
            item.cursor().clone_into(&mut cursor);
            match item {
                Item::Position(_) | Item::Told { .. } => {}
                Item::Lost(_) => lost += 1,
                Item::Message { id, data, .. } => {
                    is_over = data == "end";
                    received.push((id, data));
                    left -= 1;
                }
            }
            match is_over || left == 0 {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        if is_over {
            break;
        }
        thread::sleep(Duration::from_millis(5));
    }
    (received, lost)
}

/// Has publishers and subscribers work while `disturb` does its work. Returns what was acknowledged, and what each of the
/// subscribers received.
pub(crate) fn work(
    servers: &[SocketAddr],
    begin: &str,
    disturb: impl FnOnce(),
) -> (Vec<(String, String)>, Vec<Received>) {
    let is_over = AtomicBool::new(false);
    let (mut published, received) = thread::scope(|scope| {
        let followers: Vec<_> = (0..3)
            .map(|shift| {
                let mut servers = servers.to_vec();
                let shift = shift % servers.len();
                servers.rotate_left(shift);
                let begin = begin.to_owned();
                scope.spawn(move || follow(&servers, begin))
            })
            .collect();
        let publishers: Vec<_> = (0..4)
            .map(|publisher| {
                let (servers, is_over) = (servers.to_vec(), &is_over);
                scope.spawn(move || publish_all(&publisher.to_string(), &servers, is_over))
            })
            .collect();
        disturb();
        is_over.store(true, Ordering::SeqCst);
        let published: Vec<_> = publishers
            .into_iter()
            .flat_map(|publisher| publisher.join().unwrap())
            .collect();
        let begun = Instant::now();
        while try_publish(servers[0], "end").is_none() {
            assert!(begun.elapsed() < LIMIT);
            thread::sleep(Duration::from_millis(20));
        }
        let received: Vec<_> = followers
            .into_iter()
            .map(|follower| follower.join().unwrap())
            .collect();
        (published, received)
    });
    println!("{} messages were acknowledged", published.len());
    assert!(published.len() > 50);
    published.sort_by_key(|(id, _)| parts(id).1);
    (published, received)
}

/// Checks that each message that was acknowledged is there once, under its number, and that all received the same.
fn check(servers: &[SocketAddr], begin: &str, disturb: impl FnOnce()) {
    let (expected, received) = work(servers, begin, disturb);
    for (mut received, lost) in received {
        assert_eq!(lost, 0, "nothing was lost");
        assert_eq!(received.pop().unwrap().1, "end");
        assert!(
            received == expected,
            "{} were received, {} acknowledged",
            received.len(),
            expected.len()
        );
    }
}

#[test]
fn the_broker_is_killed_and_comes_back_under_load() {
    let mut redis = Redis::durable();
    let (a, b) = (node(&redis), node(&redis));
    let begin = post(&a, "begin");
    wait_for_text(&b, "begin");
    check(&[a.address(), b.address()], &begin, || {
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(700));
            redis.kill();
            thread::sleep(Duration::from_millis(300));
            redis.restart();
        }
        thread::sleep(Duration::from_secs(1));
    });
}

#[test]
fn a_server_is_killed_under_load_and_comes_back() {
    let redis = Redis::durable();
    let (a, mut b) = (node(&redis), node(&redis));
    let begin = post(&a, "begin");
    wait_for_text(&b, "begin");
    check(&[a.address(), b.address()], &begin, || {
        for _ in 0..4 {
            thread::sleep(Duration::from_millis(400));
            b.kill();
            thread::sleep(Duration::from_millis(200));
            b.restart().unwrap();
        }
        thread::sleep(Duration::from_millis(500));
    });
}
