//! Twenty clients of one channel, while connections are cut and servers and brokers are killed: each message that was
//! acknowledged comes to each of them once, in one order, and nobody is told that something was lost.
//!
//! Every client takes any transport whenever it connects, and knows only a proxy. Publishers try again under the same
//! `Idempotency-Key`. `cargo xtask long cluster` runs the long form. `HOLDLINE_CHAOS_SEED` and `HOLDLINE_CHAOS_MESSAGES`
//! (for each of the tests) change what is done.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use holdline_e2e::{
    Balancer, Client, CutProxy, END, LIMIT, NatsServer, RedisServer, Server, Tally, Transport,
    cursor_parts, numbered, subscribe, wait_for,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const CLIENTS: usize = 20;
const PUBLISHERS: usize = 4;
/// How many clients share one line that is cut for all of them.
const ON_ONE_LINE: usize = 4;
/// How long a message is at most.
const LENGTH: usize = 400;
/// How far publishers are ahead of the slowest client at most.
const AHEAD: usize = 500;

#[test]
fn one_server_with_its_disk() {
    let directory = tempfile::tempdir().unwrap();
    let nodes = vec![on_disk(directory.path())];
    let entrance = nodes[0].address();
    run(World {
        nodes,
        broker: None,
        entrance,
    });
}

#[test]
fn two_servers_with_redis_behind_nginx() {
    let redis = RedisServer::durable();
    let url = redis.url();
    two(&url, Box::new(redis), Balancer::nginx);
}

#[test]
fn two_servers_with_nats_behind_haproxy() {
    let Some(nats) = NatsServer::start().unwrap() else {
        return;
    };
    let url = format!("{}?sync=always", nats.url());
    two(&url, Box::new(nats), Balancer::haproxy);
}

fn two(
    url: &str,
    broker: Box<dyn Broker>,
    balancer: impl FnOnce([SocketAddr; 2]) -> anyhow::Result<Option<Balancer>>,
) {
    let nodes = vec![with_broker(url), with_broker(url)];
    let Some(balancer) = balancer([nodes[0].address(), nodes[1].address()]).unwrap() else {
        return;
    };
    run(World {
        nodes,
        broker: Some(broker),
        entrance: balancer.address(),
    });
}

fn on_disk(directory: &Path) -> Server {
    start(&["--data", directory.to_str().unwrap(), "--sync", "always"])
}

fn with_broker(url: &str) -> Server {
    start(&["--allow-host", "test,push.example.com", "--broker", url])
}

fn start(more: &[&str]) -> Server {
    let own = ["--threads", "2", "--drain", "0s", "--heartbeat", "2s"];
    Server::start(&[&own, more].concat()).unwrap()
}

/// What can be killed between the servers.
trait Broker {
    fn kill(&mut self);
    fn restart(&mut self);
}

impl Broker for RedisServer {
    fn kill(&mut self) {
        Self::kill(self);
    }

    fn restart(&mut self) {
        Self::restart(self);
    }
}

impl Broker for NatsServer {
    fn kill(&mut self) {
        Self::kill(self);
    }

    fn restart(&mut self) {
        Self::restart(self).unwrap();
    }
}

/// Servers, and the one address that clients know.
struct World {
    nodes: Vec<Server>,
    broker: Option<Box<dyn Broker>>,
    entrance: SocketAddr,
}

impl World {
    /// Kills one of the servers or the broker, and starts it again after a while.
    fn disturb(&mut self, turn: usize, random: &mut StdRng) {
        let down = Duration::from_millis(random.random_range(50..500));
        let victims = self.nodes.len() + usize::from(self.broker.is_some());
        // Each of them once, and then any.
        let victim = match turn < victims {
            true => turn,
            false => random.random_range(0..victims),
        };
        match (self.nodes.get_mut(victim), &mut self.broker) {
            (Some(node), _) => {
                node.kill();
                thread::sleep(down);
                node.restart().unwrap();
            }
            (None, Some(broker)) => {
                broker.kill();
                thread::sleep(down);
                broker.restart();
            }
            (None, None) => unreachable!("there are no more victims"),
        }
    }
}

/// What all who take part know.
#[derive(Default)]
struct State {
    /// How many messages were acknowledged.
    sent: AtomicUsize,
    /// How many messages each client has.
    received: [AtomicUsize; CLIENTS],
    /// Publishers shall end.
    is_over: AtomicBool,
    /// Somebody has found a fault, and nobody needs to go on.
    has_failed: AtomicBool,
}

impl State {
    fn slowest(&self) -> usize {
        let received = self.received.iter();
        received
            .map(|one| one.load(Ordering::SeqCst))
            .min()
            .unwrap()
    }

    fn check(&self) {
        let has_failed = self.has_failed.load(Ordering::SeqCst);
        assert!(!has_failed, "another one has found a fault");
    }
}

/// Tells the others when its thread panics.
struct Alarm<'s>(&'s State);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.has_failed.store(true, Ordering::SeqCst);
        }
    }
}

fn run(mut world: World) {
    let seed = number("HOLDLINE_CHAOS_SEED", 20_261_129);
    let is_long = std::env::var_os("HOLDLINE_LONG").is_some();
    let (messages, turns) = match is_long {
        true => (50_000, 20),
        false => (300, 4),
    };
    let messages = number("HOLDLINE_CHAOS_MESSAGES", messages) as usize;
    println!("cluster: HOLDLINE_CHAOS_SEED={seed} HOLDLINE_CHAOS_MESSAGES={messages}");
    let mut random = StdRng::seed_from_u64(seed);
    let begin = persist("begin", "begin", world.entrance, &State::default());
    let lines: Vec<_> = (0..=CLIENTS / ON_ONE_LINE)
        .map(|line| bad_line(world.entrance, seed + line as u64))
        .collect();
    let state = State::default();
    let (acknowledged, received) = thread::scope(|scope| {
        let _alarm = Alarm(&state);
        let followers: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let address = lines[client / ON_ONE_LINE].address();
                let (state, begin) = (&state, &begin);
                scope.spawn(move || follow(address, client, seed, begin, state))
            })
            .collect();
        let publishers: Vec<_> = (0..PUBLISHERS)
            .map(|publisher| {
                let address = lines[CLIENTS / ON_ONE_LINE].address();
                let state = &state;
                scope.spawn(move || publish_all(address, publisher, state))
            })
            .collect();
        let mut turn = 0;
        while turn < turns || state.sent.load(Ordering::SeqCst) < messages {
            state.check();
            thread::sleep(Duration::from_millis(random.random_range(200..1200)));
            world.disturb(turn, &mut random);
            turn += 1;
        }
        state.is_over.store(true, Ordering::SeqCst);
        let acknowledged: Vec<Vec<String>> = publishers
            .into_iter()
            .map(|publisher| publisher.join().unwrap())
            .collect();
        persist(END, "end", world.entrance, &state);
        let received: Vec<_> = followers
            .into_iter()
            .map(|follower| follower.join().unwrap())
            .collect();
        println!("cluster: {turn} times something was killed");
        (acknowledged, received)
    });
    let cuts: u64 = lines.iter().map(CutProxy::cuts).sum();
    let sent: Vec<usize> = acknowledged.iter().map(Vec::len).collect();
    println!("cluster: {cuts} cuts, acknowledged {sent:?}");
    assert!(cuts > 0, "nothing was cut");
    compare(&begin, acknowledged, &received);
}

/// What was acknowledged, and what each client has.
fn compare(begin: &str, acknowledged: Vec<Vec<String>>, received: &[(Tally, Vec<u64>)]) {
    let sent: Vec<usize> = acknowledged.iter().map(Vec::len).collect();
    let (life, _) = cursor_parts(begin);
    let mut expected: Vec<u64> = acknowledged
        .iter()
        .flatten()
        .map(|id| {
            assert_eq!(cursor_parts(id).0, life, "a new life began");
            cursor_parts(id).1
        })
        .collect();
    expected.sort_unstable();
    for (client, (tally, numbers)) in received.iter().enumerate() {
        assert_eq!(tally.by_publisher(), sent, "client {client}");
        assert!(*numbers == expected, "client {client} has other numbers");
        assert_eq!(tally.digest(), received[0].0.digest(), "client {client}");
    }
}

/// A way to the entrance that is cut after any number of bytes, again and again.
fn bad_line(entrance: SocketAddr, seed: u64) -> CutProxy {
    let mut random = StdRng::seed_from_u64(seed);
    let line = CutProxy::start(entrance).unwrap();
    line.cut_after(move || Some(random.random_range(1..150_000)));
    line
}

/// Publishes until it is over, each message until it is acknowledged. Returns the ids.
fn publish_all(address: SocketAddr, publisher: usize, state: &State) -> Vec<String> {
    let _alarm = Alarm(state);
    let mut acknowledged = Vec::new();
    while !state.is_over.load(Ordering::SeqCst) {
        let number = acknowledged.len();
        let text = numbered(publisher, number, LENGTH);
        acknowledged.push(persist(
            &text,
            &format!("{publisher}.{number}"),
            address,
            state,
        ));
        let sent = state.sent.fetch_add(1, Ordering::SeqCst);
        wait_for("the slowest client to follow", || {
            state.check();
            (sent < state.slowest() + AHEAD).then_some(())
        });
    }
    acknowledged
}

/// Tries until the message is acknowledged.
fn persist(text: &str, key: &str, address: SocketAddr, state: &State) -> String {
    wait_for("a message to be taken", || {
        state.check();
        try_publish(text, key, address)
    })
}

fn try_publish(text: &str, key: &str, address: SocketAddr) -> Option<String> {
    let mut client = Client::connect(address).ok()?;
    let length = text.len();
    client
        .send(format!(
            "POST /channels/test HTTP/1.1\r\nHost: test\r\nIdempotency-Key: {key}\r\n\
             Content-Length: {length}\r\n\r\n{text}"
        ))
        .ok()?;
    let answer = client.answer("POST").ok()?;
    match answer.head.status {
        200 => Some(answer.json().ok()?["id"].as_str()?.to_owned()),
        // Not taken, under way, or nobody behind the proxy.
        409 | 502..=504 => None,
        status => panic!("{key}: {status} {}", answer.text()),
    }
}

/// Receives over any transport until the end, and goes on after the last cursor whenever the connection ended. Returns
/// also the numbers of the messages.
fn follow(
    address: SocketAddr,
    client: usize,
    seed: u64,
    begin: &str,
    state: &State,
) -> (Tally, Vec<u64>) {
    let _alarm = Alarm(state);
    let mut random = StdRng::seed_from_u64(seed ^ (client as u64 + 1));
    let mut tally = Tally::new(PUBLISHERS, LENGTH);
    let mut numbers = Vec::new();
    let mut is_over = false;
    let mut last = Instant::now();
    while !is_over {
        state.check();
        let transport = Transport::ALL[random.random_range(0..Transport::ALL.len())];
        let since = tally.cursor().unwrap_or(begin).to_owned();
        // It also goes by itself.
        let mut left = random.random_range(1..400);
        // What a proxy says of a server that is not there is no answer of the server.
        let _ = subscribe(transport, address, "test", Some(&since), &mut |item| {
            let before = tally.received();
            is_over = tally
                .take(&item)
                .unwrap_or_else(|fault| panic!("{transport} after {since}: {fault}"));
            if tally.received() > before {
                numbers.push(cursor_parts(item.cursor()).1);
                last = Instant::now();
                state.received[client].store(numbers.len(), Ordering::SeqCst);
                left -= 1;
            }
            match is_over || left == 0 {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        assert!(last.elapsed() < 2 * LIMIT, "nothing more after {since}");
        thread::sleep(Duration::from_millis(5));
    }
    (tally, numbers)
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}
