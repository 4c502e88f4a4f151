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
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::Value;

use crate::crowd::{Crowd, Faults};
use crate::ground::{Attack, Ground};

/// See the [module above](super).
pub(crate) struct Siege {
    /// For what is printed.
    pub(crate) name: &'static str,
    /// The server's.
    pub(crate) options: &'static [&'static str],
    /// The limit of descriptors that the server is started with.
    pub(crate) files: Option<u32>,
    /// How many descriptors are left to it when the crowd is there, whatever it was started with.
    pub(crate) spare: Option<u64>,
    /// Bytes that the allocator may keep of what attackers filled at one moment, rather than give them back.
    pub(crate) memory: u64,
    pub(crate) attacks: &'static [Attack],
    /// Whether strangers who come and go must not notice anything either.
    pub(crate) visited: bool,
}

impl Siege {
    pub(crate) fn of(
        name: &'static str,
        attacks: &'static [Attack],
        options: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            options,
            files: None,
            spare: None,
            memory: 2 << 20,
            attacks,
            visited: true,
        }
    }

    pub(crate) fn lay(&self) {
        let is_long = std::env::var_os("HOLDLINE_LONG").is_some();
        let time = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap()
            .as_secs();
        let seed = number("HOLDLINE_ABUSE_SEED").unwrap_or(if is_long { time } else { 1 });
        let rounds = number("HOLDLINE_ABUSE_ROUNDS").unwrap_or(if is_long { 16 } else { 3 });
        let scale = if is_long { 4 } else { 1 };
        println!("{}: HOLDLINE_ABUSE_SEED={seed}, {rounds} rounds", self.name);
        let server = Server::start_with_files(self.options, self.files).unwrap();
        let witness = Witness {
            id: server.id().unwrap(),
            address: server.address(),
        };
        let mut crowd = Crowd::gather(server.address());
        let before = witness.quiet(&crowd);
        println!("{}: before: {before}", self.name);
        if let Some(spare) = self.spare {
            limit_files(witness.id, before.files as u64 + spare);
        }
        let mut after = Vec::new();
        for round in 0..rounds {
            let begin = Instant::now();
            self.round(&server, &mut crowd, scale, (seed, round));
            let quiet = witness.quiet(&crowd);
            let time = begin.elapsed().as_secs_f64();
            println!("{}: round {round}, {time:.1} s: {quiet}", self.name);
            // Exactly: whatever an attack has opened is closed.
            assert_eq!(quiet.files, before.files, "{}: descriptors", self.name);
            assert_eq!(quiet.threads, before.threads, "{}: threads", self.name);
            after.push(quiet);
        }
        let delivered = crowd.leave();
        println!("{}: {delivered} messages delivered", self.name);
        // The first round is to warm up.
        if let [_, second, .., last] = &after[..] {
            assert!(
                !last.has_grown_since(second, self.memory),
                "{}: from {second} to {last}",
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

fn limit_files(id: u32, most: u64) {
    let limit = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    let id = Pid::from_raw(id.try_into().unwrap());
    prlimit(id, Resource::Nofile, limit).unwrap();
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
                return Footprint::of(self.id, &stats).unwrap();
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
