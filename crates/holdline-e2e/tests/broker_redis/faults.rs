//! The broker is away, poisoned, or not one.

use std::net::TcpListener;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use holdline_e2e::{LIMIT, program, wait_for};
use rustix::process::Signal;

use super::*;

#[test]
fn while_the_broker_is_away_publishing_is_refused_and_what_is_here_is_read_for_a_while() {
    let mut redis = Redis::durable();
    let a = node(&redis);
    let id = post(&a, "here");
    redis.kill();
    let since = Instant::now();
    wait_for("publishing to be refused", || {
        let (status, answer) = try_post(&a, "away");
        assert_eq!(status, 503, "{answer}");
        match code(&answer) {
            "broker_away" => Some(()),
            // It was on its way before the end of the connection was seen.
            "outcome_unknown" => None,
            other => panic!("{other}: {answer}"),
        }
    });
    assert_eq!(texts(&poll(&a, "earliest").0), ["here"]);
    let health = || ask(&a, "GET", "/health", "", "").0;
    wait_for("the health check to fail", || {
        (health() == 503).then_some(())
    });
    assert!(since.elapsed() > Duration::from_secs(2));
    let (status, answer) = ask(&a, "GET", "/channels/test/poll", "", "");
    assert_eq!((status, code(&answer)), (503, "behind"));
    // Who knows where it stands can read on.
    assert_eq!(poll(&a, &id), (Vec::new(), false));
    // A stream ends, so that its client goes elsewhere.
    let ended = subscribe(Transport::Sse, a.address(), "test", Some(&id), &mut |_| {
        ControlFlow::Continue(())
    });
    assert!(ended.is_err());
    assert!(
        since.elapsed() > Duration::from_secs(9),
        "{:?}",
        since.elapsed()
    );
    assert!(since.elapsed() < LIMIT);
    let (status, answer) = ask(
        &a,
        "GET",
        &format!("/channels/test/poll?since={id}"),
        "",
        "",
    );
    assert_eq!((status, code(&answer)), (503, "behind"));
    redis.restart();
    wait_for("the health check to pass", || {
        (health() == 200).then_some(())
    });
    post(&a, "again");
    assert_eq!(texts(&poll(&a, &id).0), ["again"]);
}

/// It answers nothing, and the connections stay open.
#[test]
fn a_broker_that_hangs_is_as_good_as_away() {
    let redis = Redis::durable();
    let a = node(&redis);
    let id = post(&a, "here");
    redis.signal(Signal::STOP);
    let (status, answer) = try_post(&a, "into the void");
    assert_eq!(status, 503);
    // If Redis had been too slow for the message before, there was no connection that could take this one.
    let is_away = match code(&answer) {
        "outcome_unknown" => false,
        "broker_away" => true,
        other => panic!("{other}"),
    };
    let health = || ask(&a, "GET", "/health", "", "").0;
    wait_for("the health check to fail", || {
        (health() == 503).then_some(())
    });
    redis.signal(Signal::CONT);
    wait_for("the health check to pass", || {
        (health() == 200).then_some(())
    });
    post(&a, "again");
    let (messages, lost) = poll(&a, &id);
    assert!(!lost);
    match texts(&messages)[..] {
        ["again"] => {}
        // It was kept after all.
        ["into the void", "again"] => assert!(!is_away),
        ref other => panic!("{other:?}"),
    }
    assert!(!a.log().contains("os error"), "{}", a.log());
}

#[test]
fn a_foreign_id_stops_publishing_until_it_is_removed_and_reading_goes_on() {
    stops_until_it_is_removed("*");
}

/// No cursor has such a number: a client that was given one could not come back with it.
#[test]
fn an_id_that_is_greater_than_any_number_stops_publishing_until_it_is_removed_and_is_shown_to_nobody()
 {
    stops_until_it_is_removed("0-9223372036854775808");
    stops_until_it_is_removed("0-18446744073709551615");
}

fn stops_until_it_is_removed(foreign: &str) {
    let redis = Redis::durable();
    let (a, b) = (node(&redis), node(&redis));
    let id = post(&a, "here");
    wait_for_text(&b, "here");
    let foreign = redis.cli(&[
        "XADD", "holdline", foreign, "channel", "test", "data", "poison",
    ]);
    let foreign = foreign.trim();
    for server in [&a, &b] {
        let (status, answer) = try_post(server, "no");
        assert_eq!((status, code(&answer)), (503, "broker_fault"));
        let text = answer["error"]["message"].as_str().unwrap();
        assert!(text.contains("XDEL") && text.contains("XSETID"), "{text}");
        assert_eq!(texts(&poll(server, "earliest").0), ["here"]);
    }
    // A server can start beside it.
    let c = node(&redis);
    assert_eq!(texts(&poll(&c, "earliest").0), ["here"]);
    // The cure, as it is told.
    redis.cli(&["XDEL", "holdline", foreign]);
    redis.cli(&["XSETID", "holdline", &format!("0-{}", parts(&id).1)]);
    for server in [&a, &b, &c] {
        wait_for("publishing to work again", || {
            (try_post(server, "cured").0 == 200).then_some(())
        });
    }
    // What the others published comes to this one a moment later.
    let (messages, lost) = wait_for("all three messages", || {
        let polled = poll(&b, &id);
        (polled.0.len() >= 3).then_some(polled)
    });
    assert_eq!((texts(&messages), lost), (vec!["cured"; 3], false));
}

/// Starts a server that is expected to end by itself.
fn refusal(broker: &str) -> (String, Duration) {
    let begun = Instant::now();
    let output: Output = Command::new(program().unwrap())
        .args(["serve", "--listen", "127.0.0.1:0", "--broker", broker])
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    (said, begun.elapsed())
}

#[test]
fn a_broker_that_cannot_work_ends_the_start_at_once_and_says_what_would() {
    let redis = Redis::start(&["--appendonly", "no", "--requirepass", "pa55word"]);
    let with = |user: &str, rest: &str| redis.url().replace("://", &format!("://{user}")) + rest;
    let cli =
        |command: &[&str]| redis.cli(&[&["-a", "pa55word", "--no-auth-warning"], command].concat());
    cli(&["SET", "text", "of somebody"]);
    for (url, cure) in [
        (with("", ""), "password"),
        (with(":wrong-word@", ""), "password"),
        (with(":pa55word@", "?key=text"), "?key=NAME"),
        (with(":pa55word@", "?nonsense=1"), "redis://"),
        (with(":pa55word@", "/99"), "database"),
        ("amqp://127.0.0.1".to_owned(), "redis://"),
        (with("", "").replace("redis:", "rediss:"), "tunnel"),
    ] {
        let (said, took) = refusal(&url);
        assert!(said.contains(cure), "{said}");
        assert!(
            !said.contains("wrong-word") && !said.contains("pa55word"),
            "{said}"
        );
        assert!(took < Duration::from_secs(8), "{took:?}");
    }
    let good = with(":pa55word@", "");
    let server = Server::start(&["--drain", "0s", "--broker", &good]).unwrap();
    post(&server, "works");
    assert!(!server.log().contains("pa55word"), "{}", server.log());
    assert!(server.log().contains("@FILE"), "{}", server.log());
}

#[test]
fn a_broker_that_does_not_answer_is_waited_for() {
    // It listens and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://user:hidden@{}", silent.local_addr().unwrap());
    let (said, took) = refusal(&url);
    assert!(took >= Duration::from_secs(9) && took < LIMIT, "{took:?}");
    assert!(!said.contains("hidden"), "{said}");
}
