//! Every way to publish, through the server itself.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read as _, Write};
use std::net::Shutdown;
use std::time::Instant;

use holdline_comet::{Cursor, Position};
use holdline_net::blocking::websocket::{Message, WebSocket};
use holdline_websocket::CloseCode;

use super::*;
use crate::demo::Walk;
use crate::hub::Read;
use crate::poll_answer::ANSWER;

/// The messages of a stream that has begun, as numbers and texts, starting with the next one.
fn stream(served: &Served, channel: &str) -> impl Iterator<Item = (u64, String)> {
    let mut stream = served.connect();
    let request = format!(
        "GET /channels/{channel}/xhr-stream HTTP/1.1\r\nHost: {}\r\n\r\n",
        served.address
    );
    stream.write_all(request.as_bytes()).unwrap();
    let lines = BufReader::new(stream).lines().map(Result::unwrap);
    let mut messages = lines
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str::<Value>(&line).unwrap());
    assert_eq!(messages.next().unwrap()["event"], "holdline.open");
    messages.map(|message| {
        let (number, text) = number_and_text(&message);
        (number, text.to_owned())
    })
}

/// Whether a number was assigned whose message is not here yet.
pub(super) fn is_on_its_way(hub: &Hub, number: u64) -> bool {
    let mut position = Position::after(Cursor::new(EPOCH, number));
    let read = hub.read(&["a".into()], &mut position, ANSWER, None);
    matches!(read, Read::Later)
}

#[test]
fn commits_end_in_any_order_and_readers_see_the_order_of_numbers() {
    let served = Served::start(LIMIT);
    let stream = stream(&served, "a");
    let posts: Vec<_> = (0..6)
        .map(|i| (i.to_string(), served.post(&i.to_string())))
        .collect();
    let answered: BTreeMap<u64, String> = posts
        .into_iter()
        .map(|(text, post)| {
            let answer = post.join().unwrap();
            assert_eq!((answer.status, &answer.json["receivers"]), (200, &json!(1)));
            (number(&answer.json["id"]), text)
        })
        .collect();
    let seen: Vec<_> = stream.take(6).collect();
    assert_eq!(seen, answered.into_iter().collect::<Vec<_>>());
}

#[test]
fn nothing_is_shown_before_it_is_kept_and_the_publisher_waits() {
    let served = Served::start(LIMIT);
    let first = served.post("stall");
    served.wait_for_stalled(1);
    // The second message is kept before the first.
    let second = served.post("second");
    wait_until(|| is_on_its_way(&served.shared.hub, 2));
    let poll = served.get("/channels/a/poll?since=earliest");
    assert_eq!(
        poll.json,
        json!({"cursor": "1-0", "messages": [], "lost": false})
    );
    assert!(!first.is_finished() && !second.is_finished());
    served.release();
    assert_eq!(first.join().unwrap().json["id"], "1-1");
    assert_eq!(second.join().unwrap().json["id"], "1-2");
    let poll = served.get("/channels/a/poll?since=earliest");
    assert_eq!(poll.messages(), [(1, "stall"), (2, "second")]);
}

#[test]
fn a_commit_that_fails_is_told_to_its_publisher_and_shown_to_nobody() {
    let served = Served::start(LIMIT);
    assert_eq!(served.post("one").join().unwrap().json["id"], "1-1");
    let failed = served.post("fail").join().unwrap();
    assert_eq!(failed.refusal(), (503, true, "not_kept"));
    let unknown = served.post("vanish").join().unwrap();
    assert_eq!(unknown.refusal(), (503, true, "outcome_unknown"));
    assert_eq!(served.post("four").join().unwrap().json["id"], "1-4");
    let poll = served.get("/channels/a/poll?since=1-1");
    assert_eq!(
        (poll.messages(), &poll.json["lost"]),
        (vec![(4, "four")], &json!(false))
    );
    // The channel table is checked before a number is assigned.
    assert_eq!(served.shared.hub.totals().channels, 1);
}

#[test]
fn a_publisher_that_asks_for_what_it_missed_gets_it_with_its_own_message() {
    let served = Served::start(LIMIT);
    let stalled = served.post("stall");
    served.wait_for_stalled(1);
    let both = served.ask("POST", "/channels/a?since=1-0", "mine");
    wait_until(|| is_on_its_way(&served.shared.hub, 2));
    served.release();
    let answer = both.join().unwrap();
    assert_eq!(
        (answer.status, &answer.json["id"], &answer.json["cursor"]),
        (200, &json!("1-2"), &json!("1-2"))
    );
    assert_eq!(answer.messages(), [(1, "stall"), (2, "mine")]);
    assert_eq!(stalled.join().unwrap().status, 200);
    let failed = served
        .ask("POST", "/channels/a?since=1-0", "fail")
        .join()
        .unwrap();
    assert_eq!(failed.refusal(), (503, true, "not_kept"));
}

#[test]
fn a_poll_with_a_cursor_that_is_on_its_way_waits_and_loses_nothing() {
    let served = Served::start(LIMIT);
    let first = served.post("stall");
    served.wait_for_stalled(1);
    let second = served.post("second");
    wait_until(|| is_on_its_way(&served.shared.hub, 2));
    let poll = served.ask("GET", "/channels/a,b/poll?since=1-2", "");
    let long_poll = served.ask("GET", "/channels/a/long-poll?since=1-2", "");
    let hub = &served.shared.hub;
    wait_until(|| hub.waiting() == 2);
    served.release();
    let poll = poll.join().unwrap();
    assert_eq!(
        poll.json,
        json!({"cursor": "1-2", "messages": [], "lost": false})
    );
    assert_eq!(
        (first.join().unwrap().status, second.join().unwrap().status),
        (200, 200)
    );
    assert_eq!(served.post("third").join().unwrap().status, 200);
    let long_poll = long_poll.join().unwrap();
    assert_eq!(
        (long_poll.messages(), &long_poll.json["lost"]),
        (vec![(3, "third")], &json!(false))
    );
    assert_eq!(hub.waiting(), 0);
}

#[test]
fn who_waits_too_long_is_told_what_is_known() {
    let served = Served::start(Duration::from_millis(60));
    let first = served.post("stall");
    served.wait_for_stalled(1);
    let second = served.post("second").join().unwrap();
    assert_eq!(
        (second.status, second.json),
        (200, json!({"id": "1-2", "receivers": null}))
    );
    let third = served
        .ask("POST", "/channels/a?since=1-2", "third")
        .join()
        .unwrap();
    let expected =
        json!({"id": "1-3", "receivers": null, "cursor": "1-2", "messages": [], "lost": false});
    assert_eq!((third.status, third.json), (200, expected));
    let poll = served.get("/channels/a/poll?since=1-3");
    assert_eq!(poll.refusal(), (503, true, "not_here_yet"));
    assert_eq!(served.shared.hub.waiting(), 0);
    // Nobody knows yet whether the first one is kept, so it keeps waiting.
    assert!(!first.is_finished());
    served.release();
    assert_eq!(first.join().unwrap().json["id"], "1-1");
}

#[test]
fn a_held_publisher_is_told_what_is_known_when_the_server_stops() {
    let served = Served::start(LIMIT);
    let first = served.post("stall");
    served.wait_for_stalled(1);
    let second = served.post("second");
    wait_until(|| is_on_its_way(&served.shared.hub, 2));
    let poll = served.ask("GET", "/channels/a/poll?since=1-2", "");
    wait_until(|| served.shared.hub.waiting() == 1);
    served.handle.stop();
    assert_eq!(
        first.join().unwrap().refusal(),
        (503, true, "outcome_unknown")
    );
    let second = second.join().unwrap();
    assert_eq!(
        (second.status, second.json),
        (200, json!({"id": "1-2", "receivers": null}))
    );
    assert_eq!(poll.join().unwrap().refusal(), (503, true, "unavailable"));
}

#[test]
fn a_publisher_that_goes_away_does_not_take_its_message_with_it() {
    let served = Served::start(LIMIT);
    let mut gone = served.connect();
    let head = format!(
        "POST /channels/a HTTP/1.1\r\nHost: {}\r\nContent-Length: 5\r\n\r\nstall",
        served.address
    );
    gone.write_all(head.as_bytes()).unwrap();
    served.wait_for_stalled(1);
    // Forces a reset: a client that only closes its sending side may still read the answer.
    let linger = socket2::SockRef::from(&gone).set_linger(Some(Duration::ZERO));
    linger.unwrap();
    drop(gone);
    wait_until(|| served.handle.connections() == 0);
    served.release();
    let poll = served.get("/channels/a/poll?since=earliest");
    assert_eq!(poll.messages(), [(1, "stall")]);
}

#[test]
fn a_publisher_that_has_ended_its_side_still_gets_its_answer() {
    let served = Served::start(LIMIT);
    let mut publisher = served.connect();
    let head = format!(
        "POST /channels/a HTTP/1.1\r\nHost: {}\r\nContent-Length: 5\r\n\r\nstall",
        served.address
    );
    publisher.write_all(head.as_bytes()).unwrap();
    publisher.shutdown(Shutdown::Write).unwrap();
    served.wait_for_stalled(1);
    served.release();
    let mut answer = String::new();
    publisher.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[test]
fn messages_over_a_websocket_are_published_later_and_a_failure_closes_it() {
    let served = Served::start(LIMIT);
    let host = served.address.to_string();
    let mut socket = WebSocket::connect(served.connect(), &host, "/channels/a/websocket").unwrap();
    for text in ["one", "two", "three"] {
        socket.send_text(text).unwrap();
    }
    let mut seen = Vec::new();
    while seen.len() < 4 {
        let Some(Message::Text(json)) = socket.read().unwrap() else {
            panic!("{seen:?}");
        };
        let message: Value = serde_json::from_str(json).unwrap();
        seen.push(message["data"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen, ["", "one", "two", "three"]); // the first is `holdline.open`
    socket.send_text("fail").unwrap();
    while socket.read().unwrap().is_some() {}
    let (code, reason) = socket.close_reason().unwrap();
    assert_eq!(
        (code, reason),
        (CloseCode::TRY_AGAIN_LATER, "a message could not be kept")
    );
    let poll = served.get("/channels/a/poll?since=earliest");
    assert_eq!(poll.messages().len(), 3);
}

#[test]
fn the_moving_box_moves_over_a_journal_that_answers_later() {
    let served = Served::start(LIMIT);
    let mut stream = stream(&served, MovingBox::CHANNEL);
    let Shared {
        hub,
        journal,
        moving_box,
        ..
    } = &*served.shared;
    let mut walk = Walk::new(1);
    let now = Instant::now() + Duration::from_secs(60);
    walk.step(now, moving_box, hub, &**journal);
    let (number, place) = stream.next().unwrap();
    let place: Value = serde_json::from_str(&place).unwrap();
    assert_eq!((number, place["x"].is_number()), (1, true));
}
