//! History that memory does not have is read from Redis.

use holdline_e2e::long::{LITTLE_MEMORY, fill, read};

use super::*;

#[test]
fn all_history_comes_over_each_transport_from_any_server_and_is_told_lost_once_trimmed() {
    let redis = Redis::durable();
    let a = node_with(&redis, &LITTLE_MEMORY);
    fill(&a, 0, 400).unwrap();
    let b = node_with(&redis, &LITTLE_MEMORY);
    std::thread::scope(|scope| {
        let readers = Transport::ALL.map(|transport| {
            let server = match transport {
                Transport::Sse | Transport::Poll | Transport::WebSocket => &a,
                _ => &b,
            };
            scope.spawn(move || read(server, transport, "earliest", 0, 450).unwrap())
        });
        fill(&b, 400, 450).unwrap();
        for reader in readers {
            assert_eq!(reader.join().unwrap().1, 450);
        }
    });
    let (begin, _) = read(&a, Transport::Sse, "earliest", 0, 1).unwrap();
    redis.cli(&["XTRIM", "holdline", "MAXLEN", "100"]);
    let (messages, lost) = poll_all(&a, "long", &begin).unwrap();
    assert!(lost);
    assert_eq!(messages.len(), 100);
    assert_eq!(parts(&messages[0].0).1, 351);
}

#[test]
fn a_broker_that_dies_while_it_is_read_is_told_and_read_on_when_it_is_back() {
    let mut redis = Redis::durable();
    let a = node_with(&redis, &LITTLE_MEMORY);
    fill(&a, 0, 300).unwrap();
    let (cursor, next) = read(&a, Transport::Sse, "earliest", 0, 50).unwrap();
    redis.kill();
    let target = format!("/channels/long/poll?since={cursor}");
    let (status, answer) = ask(&a, "GET", &target, "", "");
    assert_eq!((status, code(&answer)), (503, "history_unreadable"));
    redis.restart();
    wait_for("the broker to be read again", || {
        (ask(&a, "GET", &target, "", "").0 == 200).then_some(())
    });
    assert_eq!(read(&a, Transport::Sse, &cursor, next, 300).unwrap().1, 300);
}
