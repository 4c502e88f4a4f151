//! A low limit of open files.

use rustix::process::{Resource, Rlimit, getrlimit, prlimit};

use crate::support::*;

/// It used to say "serves on" and answer 503 to everyone.
#[test]
fn with_512_files_it_serves_as_many_as_it_can_and_says_so() {
    let arguments = [&LISTEN[..], &["--threads", "2"]].concat();
    let server = Server::spawn(&mut holdline("ulimit -n 512", &arguments), 1);
    server.wait_for_log("LimitNOFILE=");
    let log = server.log();
    let words = log.split("at most ").nth(1).unwrap();
    let most: usize = words.split(' ').next().unwrap().parse().unwrap();
    assert!((256..512).contains(&most), "{log}");
    assert!(
        log.contains("instead of 10000 (--max-connections)"),
        "{log}"
    );
    // All connections really work.
    let mut clients = Vec::new();
    for _ in 0..most {
        let mut client = server.connect();
        websocket(&mut client, "/channels/a/websocket");
        clients.push(client);
    }
    is(&get(server.connect(), "/channels/a/poll", ""), 503);
    // The reserve.
    is(
        &request(server.connect(), "POST", "/channels/a", "", "hello"),
        200,
    );
    read_until(&mut clients[most - 1], "\"data\":\"hello\"}");
    assert!(!server.log().contains("cannot accept"), "{}", server.log());
}

#[test]
fn a_soft_limit_is_raised() {
    let server = Server::spawn(&mut holdline("ulimit -S -n 64", &LISTEN), 1);
    let mut clients = Vec::new();
    for _ in 0..100 {
        let mut client = server.connect();
        websocket(&mut client, "/channels/a/websocket");
        clients.push(client);
    }
}

#[test]
fn with_too_few_files_it_does_not_start_and_says_why() {
    let refused = ends("ulimit -n 40", &[&LISTEN[..], &["--threads", "2"]].concat());
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stdout.is_empty());
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(
        why.contains("too few to serve anyone") && why.contains("ulimit -n"),
        "{why}"
    );
}

/// It used to log ten times a second that it cannot accept.
#[test]
fn no_file_for_a_connection_is_told_once_a_minute() {
    let server = Server::start(&["--threads", "1"]);
    let first = server.connect();
    is(&get(&first, "/health", ""), 200);
    drop(first);
    // From now on no more files can be opened.
    let before = prlimit(
        Some(server.pid()),
        Resource::Nofile,
        Rlimit {
            current: Some(3),
            maximum: getrlimit(Resource::Nofile).maximum,
        },
    )
    .unwrap();
    let mut waiting: Vec<_> = (0..20).map(|_| server.connect()).collect();
    server.wait_for_log("cannot accept connections");
    // Enough for more than ten tries.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    waiting.extend((0..20).map(|_| server.connect()));
    std::thread::sleep(std::time::Duration::from_millis(500));
    prlimit(Some(server.pid()), Resource::Nofile, before).unwrap();
    for client in waiting {
        is(&get(client, "/health", ""), 200);
    }
    let log = server.log();
    assert_eq!(log.matches("cannot accept").count(), 1, "{log}");
}
