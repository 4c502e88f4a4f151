//! The server ends and starts again.

use super::*;

#[test]
fn a_restart_keeps_everything() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = serve(directory.path(), &[]);
    let one = post(&server, "a", "one");
    let two = post(&server, "b", "two");
    let key = "Idempotency-Key: k\r\n";
    let (_, first) = ask(&server, "POST", "/channels/a", key, "three");
    server.stop().unwrap();
    server.restart().unwrap();
    // The same message under the same key is not published again.
    let (status, again) = ask(&server, "POST", "/channels/a", key, "three");
    assert_eq!(
        (status, &again["id"], &again["repeated"]),
        (200, &first["id"], &true.into())
    );
    assert_eq!(again["receivers"], Value::Null);
    let (status, _) = ask(&server, "POST", "/channels/a", key, "other");
    assert_eq!(status, 422);
    let (messages, lost) = poll(&server, "a", &one);
    assert_eq!((texts(&messages), lost), (vec!["three"], false));
    let (messages, lost) = poll(&server, "b", &one);
    assert_eq!(
        (messages, lost),
        (vec![(two.clone(), "two".to_owned())], false)
    );
    // Numbers go on in the same life.
    let four = post(&server, "a", "four");
    assert_eq!((parts(&four).0, parts(&four).1), (parts(&one).0, 4));
    let (status, _) = ask(&server, "DELETE", "/channels/a", "", "");
    assert_eq!(status, 200);
    server.kill();
    server.restart().unwrap();
    assert_eq!(poll(&server, "a", "earliest"), (vec![], false));
    assert_eq!(poll(&server, "a", &one), (vec![], true));
    assert_eq!(poll(&server, "b", &two), (vec![], false));
    server.stop().unwrap();
}

#[test]
fn with_sync_from_time_to_time_a_kill_begins_a_new_life_and_an_end_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = serve(directory.path(), &["--sync", "10s"]);
    let one = post(&server, "a", "one");
    server.stop().unwrap();
    server.restart().unwrap();
    let two = post(&server, "a", "two");
    assert_eq!((parts(&one).0, parts(&two).1), (parts(&two).0, 2));
    let (messages, lost) = poll(&server, "a", &one);
    assert_eq!((texts(&messages), lost), (vec!["two"], false));
    server.kill();
    server.restart().unwrap();
    // The second message was not on the disk yet, and its number is not given again.
    let (messages, lost) = poll(&server, "a", &two);
    assert_eq!((texts(&messages), lost), (vec!["one"], true));
    let three = post(&server, "a", "three");
    assert!(parts(&three).0 != parts(&two).0 && parts(&three).1 > 2);
    server.stop().unwrap();
}

#[test]
fn a_new_epoch_is_for_a_copy_that_was_put_back() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = serve(directory.path(), &[]);
    let one = post(&server, "a", "one");
    server.stop().unwrap();
    drop(server);
    let mut server = serve(directory.path(), &["--new-epoch"]);
    let (messages, lost) = poll(&server, "a", &one);
    assert_eq!((texts(&messages), lost), (vec!["one"], true));
    assert_eq!(parts(&post(&server, "a", "two")).1, 2);
    server.stop().unwrap();
}
