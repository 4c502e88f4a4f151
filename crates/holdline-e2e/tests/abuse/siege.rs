//! A server under attack, and what is left of it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use holdline_e2e::{Client, Footprint, Server, Transport};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;

use crate::crowd::{Crowd, Faults};
use crate::ground::{Attack, Ground};

/// See the [module above](super).
pub(crate) struct Siege {
    /// For what is printed.
    pub(crate) name: &'static str,
    /// The server's.
    pub(crate) options: &'static [&'static str],
    /// The server's limit of descriptors.
    pub(crate) files: Option<u32>,
    pub(crate) attacks: &'static [Attack],
    /// Whether strangers who come and go must not notice anything either.
    pub(crate) visited: bool,
}

impl Siege {
    pub(crate) fn lay(&self) {
        let is_long = std::env::var_os("HOLDLINE_LONG").is_some();
        let time = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap()
            .as_secs();
        let seed = number("HOLDLINE_ABUSE_SEED").unwrap_or(if is_long { time } else { 1 });
        let rounds = number("HOLDLINE_ABUSE_ROUNDS").unwrap_or(if is_long { 8 } else { 3 });
        let scale = if is_long { 4 } else { 1 };
        println!("{}: HOLDLINE_ABUSE_SEED={seed}, {rounds} rounds", self.name);
        let server = Server::start_with_files(self.files, self.options).unwrap();
        let witness = Witness {
            id: server.id().unwrap(),
            address: server.address(),
        };
        let mut crowd = Crowd::gather(server.address());
        let before = witness.quiet(&crowd);
        println!("{}: before: {before}", self.name);
        let mut footprints = Vec::new();
        for round in 0..rounds {
            let begin = Instant::now();
            self.round(&server, &mut crowd, scale, (seed, round));
            let footprint = witness.quiet(&crowd);
            let time = begin.elapsed().as_secs_f64();
            println!("{}: round {round}, {time:.1} s: {footprint}", self.name);
            // Exactly: whatever an attack has opened is closed.
            assert_eq!(footprint.files, before.files, "{}: descriptors", self.name);
            assert_eq!(footprint.threads, before.threads, "{}: threads", self.name);
            footprints.push(footprint.memory);
        }
        let delivered = crowd.leave();
        println!("{}: {delivered} messages delivered", self.name);
        // The first round is to warm up: what is allocated once, histories that become full.
        if let [_, second, .., last] = footprints[..] {
            let grown = last.saturating_sub(second) >> 20;
            assert!(
                grown <= TOLERANCE,
                "{}: {grown} MiB more than after round 1",
                self.name
            );
        }
    }

    /// All attacks at once.
    fn round(&self, server: &Server, crowd: &mut Crowd, scale: usize, seed: (u64, u64)) {
        let over = Arc::new(AtomicBool::new(false));
        let only = std::env::var("HOLDLINE_ABUSE_ONLY").unwrap_or_default();
        let chosen = self
            .attacks
            .iter()
            .filter(|attack| attack.name.contains(&only));
        let attackers: Vec<_> = chosen
            .map(|attack| self.attack(*attack, server, scale, seed))
            .collect();
        let visitor = self
            .visited
            .then(|| visit(server, crowd.faults(), Arc::clone(&over)));
        let faults = crowd.faults();
        thread::scope(|scope| {
            let publishing = scope.spawn(|| crowd.publish_until(&over));
            let results = attackers.into_iter().map(|attacker| attacker.join());
            let results: Vec<_> = results.collect();
            over.store(true, Ordering::SeqCst);
            for result in results {
                // A panic has said so itself.
                if let Err(error) =
                    result.unwrap_or_else(|_| Err(anyhow::anyhow!("an attack panicked")))
                {
                    faults.add(format!("{error:#}"));
                }
            }
            publishing.join().unwrap();
        });
        if let Some(visitor) = visitor {
            visitor.join().unwrap();
        }
        faults.check();
        crowd.catch_up();
    }

    fn attack(
        &self,
        attack: Attack,
        server: &Server,
        scale: usize,
        (seed, round): (u64, u64),
    ) -> JoinHandle<Result<()>> {
        let (siege, address) = (self.name, server.address());
        thread::spawn(move || {
            let mut hash = DefaultHasher::new();
            (seed, round, attack.name).hash(&mut hash);
            let mut ground = Ground {
                address,
                random: StdRng::seed_from_u64(hash.finish()),
                scale,
            };
            let begin = Instant::now();
            let result = (attack.run)(&mut ground);
            println!(
                "{siege}:   {} ({:.1} s)",
                attack.name,
                begin.elapsed().as_secs_f64()
            );
            result.with_context(|| format!("attack `{}`, seed {seed}, round {round}", attack.name))
        })
    }
}

/// Strangers who come, ask and go.
fn visit(server: &Server, faults: Faults, over: Arc<AtomicBool>) -> JoinHandle<()> {
    let address = server.address();
    thread::spawn(move || {
        while !over.load(Ordering::SeqCst) {
            if let Err(error) = visit_once(address) {
                return faults.add(format!("a visitor: {error:#}"));
            }
            thread::sleep(Duration::from_millis(50));
        }
    })
}

fn visit_once(address: SocketAddr) -> Result<()> {
    let mut client = Client::connect(address)?;
    for path in ["/health", "/", "/stats", "/channels/crowd/poll"] {
        client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"))?;
        let answer = client.answer("GET").with_context(|| path.to_owned())?;
        ensure!(answer.head.status == 200, "{path}: {answer:?}");
    }
    Ok(())
}

/// Watches the server from outside, and over a connection.
struct Witness {
    id: u32,
    address: SocketAddr,
}

fn get(client: &mut Client, path: &str) -> Value {
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
    client.send(request).unwrap();
    client.answer("GET").unwrap().json().unwrap()
}

impl Witness {
    /// Waits until nobody but the crowd is there, and gives what the server takes then.
    fn quiet(&self, crowd: &Crowd) -> Footprint {
        let counts: Vec<_> = Transport::ALL
            .into_iter()
            .map(|it| (it, crowd.presence(it)))
            .collect();
        let mut client = Client::connect(self.address).unwrap();
        let end = Instant::now() + holdline_e2e::LIMIT;
        loop {
            let presence = get(&mut client, "/channels/crowd/presence");
            let stats = get(&mut client, "/stats");
            let here = counts.iter().all(|(transport, count)| {
                let transport = transport.name();
                presence["by_transport"][transport] == *count
                    && stats["subscribers_by_transport"][transport] == *count
            });
            if here && stats["connections"] == crowd.connections() + 1 {
                return Footprint::of(self.id).unwrap();
            }
            assert!(
                Instant::now() < end,
                "somebody is still there: {stats} {presence}"
            );
            // As long as connections linger that have been answered.
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn number(name: &str) -> Option<u64> {
    Some(std::env::var(name).ok()?.parse().expect(name))
}

/// By how many MiB memory may be more after the last round than after the second. TODO
const TOLERANCE: u64 = 8;
