//! Several servers with one broker.

use rustix::process::Signal;

use super::*;

fn node(source: &RedisServer, broker: &RedisServer) -> Server {
    server(source, &["--broker", &broker.url()])
}

fn is_listening(server: &Server) -> bool {
    feeds(server)["connected"] == 1
}

/// Waits until one of them listens, and says which.
fn wait_for_one(a: &Server, b: &Server) -> bool {
    let is_a = wait_for("one of the servers to listen", || {
        let (a, b) = (is_listening(a), is_listening(b));
        (a != b).then_some(a)
    });
    listens(if is_a { a } else { b }, 1);
    is_a
}

fn numbers(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|number| number.to_string()).collect()
}

fn publish_all(source: &RedisServer, texts: &[String]) {
    for text in texts {
        publish(source, "news.a", text);
    }
}

#[test]
fn one_of_two_servers_feeds_and_the_other_takes_over_when_it_is_killed() {
    let redis = RedisServer::durable();
    let (mut one, mut other) = (node(&redis, &redis), node(&redis, &redis));
    if !wait_for_one(&one, &other) {
        std::mem::swap(&mut one, &mut other);
    }
    let first = numbers(0, 20);
    publish_all(&redis, &first);
    let last = cursor_of(&other, "news.a", "19");
    for server in [&one, &other] {
        cursor_of(server, "news.a", "19");
        assert_eq!(texts(&poll(server, "news.a", "earliest").0), first);
    }
    one.kill();
    listens(&other, 1);
    let second = numbers(20, 40);
    publish_all(&redis, &second);
    cursor_of(&other, "news.a", "39");
    // What came in between is lost, which is told.
    let (messages, lost) = poll(&other, "news.a", &last);
    assert_eq!(
        (texts(&messages), lost),
        (second.iter().map(String::as_str).collect(), true)
    );
    // One that ends in good order gives the lease back, and one that comes back takes it.
    one.restart().unwrap();
    other.stop().unwrap();
    listens(&one, 1);
    publish_all(&redis, &numbers(40, 41));
    cursor_of(&one, "news.a", "40");
}

/// What it has heard meanwhile, and publishes when it goes on, is what the other one has published, too.
#[test]
fn a_server_that_is_stopped_for_a_while_doubles_nothing() {
    let redis = RedisServer::durable();
    let (mut one, mut other) = (node(&redis, &redis), node(&redis, &redis));
    if !wait_for_one(&one, &other) {
        std::mem::swap(&mut one, &mut other);
    }
    one.signal(Signal::STOP).unwrap();
    listens(&other, 1);
    publish_all(&redis, &numbers(0, 20));
    one.signal(Signal::CONT).unwrap();
    wait_for("the first server to leave it to the other one", || {
        (!is_listening(&one)).then_some(())
    });
    publish_all(&redis, &numbers(20, 30));
    for server in [&one, &other] {
        cursor_of(server, "news.a", "29");
        assert_eq!(texts(&poll(server, "news.a", "earliest").0), numbers(0, 30));
    }
    // They were refused by the broker, or not even tried.
    assert_eq!(feeds(&one)["taken"], 0);
}

/// It does not know yet, and hears one more message.
#[test]
fn what_a_server_publishes_after_its_lease_was_taken_is_refused_by_the_broker() {
    let redis = RedisServer::durable();
    let server = node(&redis, &redis);
    listens(&server, 1);
    publish(&redis, "news.a", "before");
    let before = cursor_of(&server, "news.a", "before");
    // In one step, so that it has no time to ask in between.
    let taken = "redis.call('SET', redis.call('KEYS', '*:lease:*')[1], 'another', 'PX', 1500) \
        return redis.call('PUBLISH', 'news.a', 'too late')";
    assert_eq!(redis.cli(&["EVAL", taken, "0"]).trim(), "1");
    listens(&server, 2);
    publish(&redis, "news.a", "after");
    cursor_of(&server, "news.a", "after");
    let (messages, lost) = poll(&server, "news.a", &before);
    assert_eq!((texts(&messages), lost), (vec!["after"], true));
}

#[test]
fn what_comes_while_the_broker_is_away_is_late_or_told_as_lost() {
    let (source, mut broker) = (RedisServer::forgetful(), RedisServer::durable());
    let server = node(&source, &broker);
    listens(&server, 1);
    publish(&source, "news.a", "before");
    let before = cursor_of(&server, "news.a", "before");
    broker.kill();
    publish(&source, "news.a", "meanwhile");
    broker.restart();
    listens(&server, 1);
    publish(&source, "news.a", "after");
    cursor_of(&server, "news.a", "after");
    let (messages, lost) = poll(&server, "news.a", &before);
    match &texts(&messages)[..] {
        ["meanwhile", "after"] => {}
        ["after"] => assert!(lost),
        other => panic!("{other:?}"),
    }
}
