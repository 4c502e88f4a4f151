//! With a real server, where there is one.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::api;
use super::link::Link;
use super::*;
use crate::journal::broker::engine::{Change, Key, What};
use serde_json::json;

/// A running server with its directory. It ends with its test.
struct Server {
    process: Child,
    folder: TempDir,
    address: SocketAddr,
}

impl Server {
    /// `None` if it is not installed.
    fn start() -> Option<Self> {
        if Command::new("nats-server")
            .arg("--version")
            .output()
            .is_err()
        {
            eprintln!("nats-server is not installed: nothing is tested");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        // Free, and a moment later hopefully still so.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let process = run(&folder, address);
        Some(Self {
            process,
            folder,
            address,
        })
    }

    /// Ends at once, and starts again with what is on the disk.
    fn restart(&mut self) {
        self.end();
        self.process = run(&self.folder, self.address);
    }

    fn end(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn engine(&self, query: &str) -> Nats {
        self.engine_with(query, 100)
    }

    fn engine_with(&self, query: &str, keys: usize) -> Nats {
        let options = EngineOptions {
            keep: 1000,
            keys,
            key_time: Duration::from_secs(120),
            max_message: 1000,
        };
        Nats::new(&format!("nats://{}{query}", self.address), options).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn run(folder: &TempDir, address: SocketAddr) -> Child {
    let log = File::create(folder.path().join("log")).unwrap();
    let process = Command::new("nats-server")
        .args([
            "-js",
            "-a",
            "127.0.0.1",
            "-p",
            &address.port().to_string(),
            "-sd",
        ])
        .arg(folder.path().join("data"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < until, "nats-server does not listen");
        thread::sleep(Duration::from_millis(10));
    }
    process
}

/// Connects, for a while if JetStream is not ready.
fn connect(engine: &Nats) -> Box<dyn Connection> {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        match engine.connect() {
            Ok(connection) => return connection,
            Err(trouble) => assert!(Instant::now() < until, "{trouble}"),
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn message(mark: u64, text: &str, key: Option<Key>) -> Outgoing {
    let (event, data) = (None, text.to_owned());
    Outgoing {
        mark,
        channel: "a.b".to_owned(),
        change: Change::Message { event, data },
        key,
        fence: None,
    }
}

fn key(scope: u8, content: u8) -> Option<Key> {
    let (scope, content) = ([scope; 32], [content; 32]);
    Some(Key { scope, content })
}

fn publish(connection: &mut dyn Connection, epoch: u64, text: &str) -> Fate {
    let mut fates = connection.publish(epoch, &[message(1, text, None)]);
    fates.remove(0)
}

fn texts(entries: &[Entry]) -> Vec<(u64, &str)> {
    let text = |entry| match entry {
        &Entry {
            number,
            what:
                What::Change {
                    change: Change::Message { ref data, .. },
                    ..
                },
            ..
        } => Some((number, data.as_str())),
        _ => None,
    };
    entries.iter().filter_map(text).collect()
}

const LONG: Duration = Duration::from_secs(20);

#[test]
fn entries_are_numbered_densely_and_followed() {
    let Some(server) = Server::start() else {
        return;
    };
    let engine = server.engine("");
    let (mut one, mut two) = (connect(&engine), connect(&engine));
    let sight = one.look().unwrap();
    assert_eq!((sight.life, sight.last, sight.first), (None, 0, 1));
    let before = two.follow(0, Duration::from_millis(20)).unwrap();
    assert_eq!(before, []);
    let batch: Vec<_> = (1..=3)
        .map(|mark| message(mark, &format!("m{mark}"), None))
        .collect();
    let fates = one.publish(7, &batch);
    assert_eq!(fates, [1, 2, 3].map(Fate::Number));
    let mut entries = Vec::new();
    while entries.len() < 3 {
        entries.extend(two.follow(entries.len() as u64, LONG).unwrap());
    }
    assert_eq!(texts(&entries), [(1, "m1"), (2, "m2"), (3, "m3")]);
    let marks: Vec<_> = entries.iter().map(|entry| entry.mark).collect();
    assert_eq!(marks, [1, 2, 3]);
    // On the same connection, in between.
    assert_eq!(texts(&two.range(2, 2, 10).unwrap()), [(2, "m2")]);
    assert_eq!(texts(&two.range(1, 9, 2).unwrap()), [(1, "m1"), (2, "m2")]);
    assert_eq!(two.range(4, 9, 10).unwrap(), []);
    assert_eq!(two.look().unwrap().last, 3);
    assert_eq!(publish(&mut *one, 7, "m4"), Fate::Number(4));
    assert_eq!(texts(&two.follow(3, LONG).unwrap()), [(4, "m4")]);
    // From another place.
    assert_eq!(texts(&two.follow(2, LONG).unwrap())[0], (3, "m3"));
}

#[test]
fn a_long_history_with_large_messages_is_read_in_pieces() {
    let Some(server) = Server::start() else {
        return;
    };
    let engine = server.engine("");
    let mut one = connect(&engine);
    let large = "x".repeat(100_000);
    for batch in 0..20 {
        let texts = (0..50).map(|index| match index {
            0 => message(index, &large, None),
            _ => message(index, &format!("{batch} {index}"), None),
        });
        let fates = one.publish(7, &texts.collect::<Vec<_>>());
        assert!(
            fates.iter().all(|fate| matches!(fate, Fate::Number(_))),
            "{fates:?}"
        );
    }
    let mut next = 1;
    while next <= 1000 {
        let entries = one.range(next, 1000, 700).unwrap();
        for entry in &entries {
            assert_eq!(entry.number, next);
            next += 1;
        }
        assert!(!entries.is_empty(), "nothing from {next}");
    }
    let mut passed = 0;
    while passed < 1000 {
        for entry in one.follow(passed, LONG).unwrap() {
            assert_eq!(entry.number, passed + 1);
            passed += 1;
        }
    }
    // The oldest one goes.
    assert_eq!(publish(&mut *one, 7, "more"), Fate::Number(1001));
    assert_eq!(one.look().unwrap().first, 2);
}

#[test]
fn a_key_is_published_once_in_a_life_also_when_the_server_starts_again() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let engine = server.engine("?sync=always");
    let mut one = connect(&engine);
    let first = message(1, "x", key(1, 1));
    assert_eq!(
        one.publish(7, std::slice::from_ref(&first)),
        [Fate::Number(1)]
    );
    let again = [
        message(2, "x", key(1, 1)),
        message(3, "y", key(1, 2)),
        message(4, "z", key(2, 2)),
    ];
    let expected = [Fate::Repeated(1), Fate::OtherContent, Fate::Number(2)];
    assert_eq!(one.publish(7, &again), expected);
    server.restart();
    let mut one = connect(&engine);
    assert_eq!(one.publish(7, &again[..2]), expected[..2]);
    // A new life forgets.
    assert_eq!(one.publish(8, &again[..1]), [Fate::Number(3)]);
}

#[test]
fn when_there_are_too_many_keys_those_that_are_there_still_work() {
    let Some(server) = Server::start() else {
        return;
    };
    let engine = server.engine_with("", 2);
    let mut one = connect(&engine);
    let batch = [message(1, "x", key(1, 1)), message(2, "x", key(2, 1))];
    assert_eq!(one.publish(7, &batch), [1, 2].map(Fate::Number));
    let fates = one.publish(7, &[message(3, "x", key(1, 1)), message(4, "x", key(3, 1))]);
    assert_eq!(fates[0], Fate::Repeated(1));
    assert!(
        matches!(fates[1], Fate::NoRoomForKey(wait) if wait > Duration::from_secs(100)),
        "{fates:?}"
    );
    // Another server learns of them when it reads.
    let other = server.engine_with("", 2);
    let mut two = connect(&other);
    assert_eq!(two.range(1, 2, 10).unwrap().len(), 2);
    let fates = two.publish(7, &[message(5, "x", key(4, 1))]);
    assert!(matches!(fates[0], Fate::NoRoomForKey(_)), "{fates:?}");
}

#[test]
fn one_of_two_servers_begins_the_life_and_numbers_never_go_back() {
    let Some(server) = Server::start() else {
        return;
    };
    let engine = server.engine("");
    let (mut one, mut two) = (connect(&engine), connect(&engine));
    let life = |epoch, start| Life {
        epoch,
        start,
        engine: "e".to_owned(),
    };
    assert!(one.set_life(None, &life(1, 0)).unwrap());
    assert!(!two.set_life(None, &life(2, 0)).unwrap());
    assert_eq!(two.look().unwrap().life, Some(life(1, 0)));
    assert_eq!(publish(&mut *one, 1, "x"), Fate::Number(1));
    // It goes on after what somebody was told.
    assert!(two.set_life(Some(&life(1, 0)), &life(2, 5)).unwrap());
    assert!(!one.set_life(Some(&life(1, 0)), &life(3, 5)).unwrap());
    assert_eq!(publish(&mut *one, 2, "y"), Fate::Number(6));
    let entries = one.range(1, 9, 10).unwrap();
    assert_eq!(texts(&entries), [(1, "x"), (6, "y")]);
    assert_eq!(entries[1].what, What::Nothing);
    // Far away.
    assert!(
        one.set_life(Some(&life(2, 5)), &life(3, 1_000_000))
            .unwrap()
    );
    assert_eq!(publish(&mut *two, 3, "z"), Fate::Number(1_000_001));
    let sight = one.look().unwrap();
    assert_eq!((sight.first, sight.last), (1_000_001, 1_000_001));
}

#[test]
fn the_identity_changes_with_the_server_and_with_the_stream() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let engine = server.engine("?sync=always");
    let mut one = connect(&engine);
    let first = one.identify().unwrap();
    assert!(first.is_durable && first.warning.is_none());
    assert_eq!(connect(&engine).identify().unwrap(), first);
    let other = connect(&server.engine("")).identify().unwrap();
    assert_eq!(other.name, first.name);
    assert!(!other.is_durable && other.warning.unwrap().contains("sync_interval: always"));
    let mut link = Link::new(&engine.0.address).unwrap();
    let _: api::Done = api::ask(&mut link, "STREAM.DELETE.holdline", &json!({}))
        .map_err(Trouble::from)
        .unwrap();
    assert!(matches!(one.look(), Err(Trouble::Away(_))));
    assert!(matches!(publish(&mut *one, 1, "x"), Fate::Refused(_)));
    // The next connection makes it again.
    let second = connect(&engine).identify().unwrap();
    assert_ne!(second.name, first.name);
    server.restart();
    assert!(one.follow(0, LONG).is_err());
    let third = connect(&engine).identify().unwrap();
    assert_ne!(third.name, second.name);
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_made_again_before_anything_is_sent() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let engine = server.engine("");
    let mut one = connect(&engine);
    assert_eq!(publish(&mut *one, 1, "x"), Fate::Number(1));
    server.restart();
    drop(connect(&engine));
    // It leads to another run of the server: whoever uses it has to look at that first.
    assert!(matches!(publish(&mut *one, 1, "y"), Fate::Refused(_)));
    assert_eq!(connect(&engine).look().unwrap().last, 1);
}

#[test]
fn what_cannot_work_says_so() {
    let Some(server) = Server::start() else {
        return;
    };
    let text = "x".repeat(2 << 20);
    let engine = server.engine("");
    let mut one = connect(&engine);
    let fates = one.publish(1, &[message(1, &text, None), message(2, "x", None)]);
    assert!(
        matches!(&fates[0], Fate::Refused(why) if why.contains("max_payload")),
        "{fates:?}"
    );
    assert_eq!(fates[1], Fate::Number(1));
    // Somebody else's stream.
    let mut link = Link::new(&engine.0.address).unwrap();
    let body = json!({"name": "other", "subjects": ["x"], "retention": "limits", "storage": "file", "discard": "old",
        "max_msgs": -1, "max_msgs_per_subject": -1, "num_replicas": 1});
    let _: api::Done = api::ask(&mut link, "STREAM.CREATE.other", &body)
        .map_err(Trouble::from)
        .unwrap();
    match server.engine("/other").connect() {
        Err(Trouble::Wrong(text)) => assert!(text.contains("it needs other.>"), "{text}"),
        other => panic!("{other:?}"),
    }
    // Nobody, and somebody who speaks something else.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let other = Nats::new(&format!("nats://{address}"), engine.0.options).unwrap();
    assert!(matches!(other.connect(), Err(Trouble::Away(_))));
    drop(silent);
    assert!(matches!(other.connect(), Err(Trouble::Away(_))));
}
