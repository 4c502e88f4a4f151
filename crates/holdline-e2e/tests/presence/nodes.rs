//! Members of several servers that share a broker.

use std::time::Duration;

use holdline_e2e::{NatsServer, RedisServer, Server, Transport, wait_for};
use rustix::process::Signal;

use super::viewer::Viewer;
use super::{Member, members};

fn node(url: &str) -> Server {
    let linger = ["--presence-linger", "0s", "--drain", "0s"];
    Server::start(&[&["--broker", url], &linger[..]].concat()).unwrap()
}

fn wait_for_members(server: &Server, expected: &[&str]) {
    wait_for(&format!("{expected:?}"), || {
        (members(server, "lobby").unwrap() == expected).then_some(())
    });
}

/// Members come and go at one server, and those who watch at the other one are told.
fn are_seen_from_the_other_server(url: &str) {
    let (one, two) = (node(url), node(url));
    let transports = [Transport::Sse, Transport::WebSocket, Transport::LongPoll];
    let mut viewers = transports.map(|transport| {
        let (viewer, told) = Viewer::watch(&two, transport, "lobby");
        assert_eq!(told, ["members lobby "], "{transport}");
        viewer
    });
    let mut all_are_told = |what: &str| {
        for viewer in &mut viewers {
            assert_eq!(viewer.next(), what);
        }
    };
    let ann = Member::join(&one, "lobby", Transport::Sse, "ann");
    all_are_told("join lobby ann");
    // At both servers she is one member, until her last connection ends.
    let ann_too = Member::join(&two, "lobby", Transport::WebSocket, "ann");
    for server in [&one, &two] {
        wait_for_members(server, &["ann 2"]);
    }
    let bob = Member::join(&one, "lobby", Transport::LongPoll, "bob");
    all_are_told("join lobby bob");
    ann.cut();
    for server in [&one, &two] {
        wait_for_members(server, &["ann 1", "bob 1"]);
    }
    ann_too.cut();
    all_are_told("leave lobby ann");
    // A server that starts now is told of all.
    let three = node(url);
    wait_for_members(&three, &["bob 1"]);
    bob.cut();
    all_are_told("leave lobby bob");
    wait_for_members(&three, &[]);
}

/// A server that is killed cannot say that its members are gone; one that stops can.
fn are_gone_with_their_server(url: &str) {
    let (mut killed, stopped, stays) = (node(url), node(url), node(url));
    let (mut viewer, _) = Viewer::watch(&stays, Transport::Sse, "lobby");
    let _ann = Member::join(&killed, "lobby", Transport::Sse, "ann");
    assert_eq!(viewer.next(), "join lobby ann");
    let _bob = Member::join(&stopped, "lobby", Transport::Sse, "bob");
    assert_eq!(viewer.next(), "join lobby bob");
    killed.kill();
    stopped.signal(Signal::TERM).unwrap();
    assert_eq!(viewer.next(), "leave lobby bob");
    wait_for_members(&stays, &["ann 1"]);
    assert_eq!(viewer.next(), "leave lobby ann");
    wait_for_members(&stays, &[]);
}

#[test]
fn members_at_one_server_are_seen_from_the_other_one_over_redis() {
    are_seen_from_the_other_server(&RedisServer::forgetful().url());
}

#[test]
fn members_at_one_server_are_seen_from_the_other_one_over_nats() {
    if let Some(nats) = NatsServer::start().unwrap() {
        are_seen_from_the_other_server(&nats.url());
    }
}

#[test]
fn members_of_a_server_that_ended_or_was_killed_are_gone_over_redis() {
    are_gone_with_their_server(&RedisServer::forgetful().url());
}

#[test]
fn members_of_a_server_that_ended_or_was_killed_are_gone_over_nats() {
    if let Some(nats) = NatsServer::start().unwrap() {
        are_gone_with_their_server(&nats.url());
    }
}

/// Nobody leaves because the broker starts again, and what changed meanwhile is known afterwards.
#[test]
fn a_broker_that_starts_again_changes_nothing_but_what_has_changed() {
    let mut redis = RedisServer::durable();
    let (one, two) = (node(&redis.url()), node(&redis.url()));
    let (mut viewer, _) = Viewer::watch(&two, Transport::Sse, "lobby");
    let _ann = Member::join(&one, "lobby", Transport::Sse, "ann");
    assert_eq!(viewer.next(), "join lobby ann");
    redis.kill();
    let _bob = Member::join(&one, "lobby", Transport::Sse, "bob");
    wait_for_members(&one, &["ann 1", "bob 1"]);
    assert_eq!(viewer.next_within(Duration::from_millis(500)), None);
    redis.restart();
    assert_eq!(viewer.next(), "join lobby bob");
    wait_for_members(&two, &["ann 1", "bob 1"]);
}

#[test]
fn what_others_say_on_that_channel_is_left_out_with_a_warning() {
    let redis = RedisServer::forgetful();
    let node = node(&redis.url());
    let _ann = Member::join(&node, "lobby", Transport::Sse, "ann");
    wait_for_members(&node, &["ann 1"]);
    let said = r#"{"holdline":1,"from":"0123456789abcdef","say":{"state":{"number":1,"part":0,"parts":1,
        "rooms":[{"channel":"lobby","here":[["eve",1]]}]}}}"#;
    for message in ["garbage", said] {
        wait_for("the server to listen", || {
            let listeners = redis.cli(&["PUBLISH", "{holdline}:presence:0", message]);
            (listeners.trim() == "1").then_some(())
        });
    }
    // Who can write there is trusted, but has to say that it is still there.
    wait_for_members(&node, &["ann 1", "eve 1"]);
    wait_for_members(&node, &["ann 1"]);
    assert!(
        node.log()
            .contains("what the broker says of members is left out: this is not of a server"),
        "{}",
        node.log()
    );
}
