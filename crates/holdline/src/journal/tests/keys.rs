//! Messages that come again under their idempotency key while the first is on its way. The sequence of these tests
//! remembers two keys.

use std::io::Write;

use super::*;

fn wait_for_second(served: &Served, first: &JoinHandle<Answer>) {
    // It is held as the first is: both connections are open, and nothing is answered.
    wait_until(|| served.handle.connections() == 2);
    thread::sleep(Duration::from_millis(100));
    assert!(!first.is_finished());
}

#[test]
fn two_at_once_are_one_message_and_get_the_same_answer() {
    let served = Served::start(LIMIT);
    let first = served.post_under("k", "stall");
    served.wait_for_stalled(1);
    let second = served.ask_under(Some("k"), "POST", "/channels/a?since=1-0", "stall");
    wait_for_second(&served, &first);
    assert!(!second.is_finished());
    served.release();
    let (first, second) = (first.join().unwrap(), second.join().unwrap());
    assert_eq!(
        (first.status, &first.json),
        (200, &json!({"id": "1-1", "receivers": 0}))
    );
    assert_eq!(
        (second.status, &second.json["id"], &second.json["repeated"]),
        (200, &json!("1-1"), &json!(true))
    );
    // And what it missed, as with any message.
    assert_eq!(second.messages(), [(1, "stall")]);
    let third = served.post_under("k", "stall").join().unwrap();
    assert_eq!(
        third.json,
        json!({"id": "1-1", "receivers": 0, "repeated": true})
    );
    let other = served.post_under("k", "other").join().unwrap();
    assert_eq!(other.refusal(), (422, false, "key_reused"));
    let poll = served.get("/channels/a/poll?since=earliest");
    assert_eq!(poll.messages(), [(1, "stall")]);
}

#[test]
fn a_failure_is_told_to_both_and_not_remembered() {
    let served = Served::start(LIMIT);
    let first = served.post_under("k", "stall");
    served.wait_for_stalled(1);
    let second = served.post_under("k", "stall");
    wait_for_second(&served, &first);
    std::mem::take(&mut *served.stalled.lock().unwrap())
        .into_iter()
        .for_each(|commit| commit.failed(Refusal::NotKept));
    for answer in [first, second] {
        assert_eq!(answer.join().unwrap().refusal(), (503, true, "not_kept"));
    }
    // Its number is not used again, and nobody has seen it.
    let again = served.post_under("k", "stall");
    served.wait_for_stalled(1);
    served.release();
    assert_eq!(
        again.join().unwrap().json,
        json!({"id": "1-2", "receivers": 0})
    );
    let poll = served.get("/channels/a/poll?since=1-0");
    assert_eq!(poll.messages(), [(2, "stall")]);
}

#[test]
fn who_waits_too_long_for_the_first_is_told_to_come_again() {
    let served = Served::start(Duration::from_millis(60));
    let first = served.post_under("k", "stall");
    served.wait_for_stalled(1);
    let second = served.post_under("k", "stall").join().unwrap();
    assert_eq!(second.refusal(), (409, true, "key_in_use"));
    // The first waits on, since nobody knows what becomes of it.
    assert!(!first.is_finished());
    // A message that is kept and waits for that one.
    let kept = served.post_under("l", "kept").join().unwrap();
    assert_eq!(kept.json, json!({"id": "1-2", "receivers": null}));
    let again = served.post_under("l", "kept").join().unwrap();
    assert_eq!(
        again.json,
        json!({"id": "1-2", "receivers": null, "repeated": true})
    );
    served.release();
    assert_eq!(first.join().unwrap().json["id"], "1-1");
    let again = served.post_under("l", "kept").join().unwrap();
    assert_eq!(
        again.json,
        json!({"id": "1-2", "receivers": 0, "repeated": true})
    );
}

#[test]
fn without_room_a_new_key_is_refused_and_a_known_one_is_not() {
    let served = Served::start(Duration::from_millis(60));
    let stalled = served.post_under("k", "stall");
    served.wait_for_stalled(1);
    assert_eq!(served.post_under("l", "x").join().unwrap().status, 200);
    let third = served.post_under("m", "y").join().unwrap();
    assert_eq!(third.refusal(), (503, true, "too_many_keys"));
    let again = served.post_under("l", "x").join().unwrap();
    assert_eq!(again.json["repeated"], true);
    // Without a key there is always room.
    assert_eq!(served.post("z").join().unwrap().status, 200);
    served.release();
    assert_eq!(stalled.join().unwrap().status, 200);
    let poll = served.get("/channels/a/poll?since=earliest");
    assert_eq!(poll.messages(), [(1, "stall"), (2, "x"), (3, "z")]);
}

#[test]
fn who_leaves_does_not_take_the_answer_of_the_other() {
    let served = Served::start(LIMIT);
    let request = format!(
        "POST /channels/a HTTP/1.1\r\nHost: {}\r\nIdempotency-Key: k\r\nContent-Length: 5\r\n\r\nstall",
        served.address
    );
    let mut gone = served.connect();
    gone.write_all(request.as_bytes()).unwrap();
    served.wait_for_stalled(1);
    let linger = socket2::SockRef::from(&gone).set_linger(Some(Duration::ZERO));
    linger.unwrap();
    drop(gone);
    wait_until(|| served.handle.connections() == 0);
    let again = served.post_under("k", "stall");
    wait_until(|| served.handle.connections() == 1);
    thread::sleep(Duration::from_millis(100));
    served.release();
    let again = again.join().unwrap();
    assert_eq!(
        again.json,
        json!({"id": "1-1", "receivers": 0, "repeated": true})
    );
}
