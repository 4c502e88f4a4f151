//! WebSocket implementations that are not ours, in both roles, with permessage-deflate where they
//! speak it: messages from nothing to 16 MiB, text and binary, in fragments of any size.
//!
//! What runs of ours is built as users get it: the program, and the examples of `holdline-net`.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod chromium;
mod deflate;
mod frames;
mod plain;
mod room;

use std::net::SocketAddr;

use holdline_e2e::{EchoServer, Server};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

/// A server of ours that echoes.
struct Echo {
    address: SocketAddr,
    path: &'static str,
    _running: Running,
}

enum Running {
    Program { _server: Server },
    Example { _server: EchoServer },
}

impl Echo {
    /// `/echo` of the program.
    fn program() -> Self {
        let limit = (16 << 20).to_string();
        // No ping of its own comes, however slow the machine is.
        let options = ["--max-message", &limit, "--heartbeat", "1h"];
        let server = Server::start(&options).unwrap();
        Self {
            address: server.address(),
            path: "/echo",
            _running: Running::Program { _server: server },
        }
    }

    /// The blocking server, which remembers messages for compression.
    fn blocking() -> Self {
        let server = EchoServer::start(&["--threads"]).unwrap();
        Self {
            address: server.address(),
            path: "/",
            _running: Running::Example { _server: server },
        }
    }

    fn url(&self) -> String {
        format!("ws://{}{}", self.address, self.path)
    }
}

/// A message.
#[derive(Debug)]
struct Message {
    is_text: bool,
    data: Vec<u8>,
    /// Its fragments: where each one ends.
    cuts: Vec<usize>,
}

impl Message {
    fn fragments(&self) -> Vec<&[u8]> {
        let mut start = 0;
        let ends = self.cuts.iter().copied().chain([self.data.len()]);
        ends.map(|end| &self.data[std::mem::replace(&mut start, end)..end])
            .collect()
    }

    fn check(&self, is_text: bool, data: &[u8]) {
        let size = self.data.len();
        assert_eq!(
            is_text, self.is_text,
            "the type of the echo of {size} bytes"
        );
        assert_eq!(data.len(), size, "the length of the echo");
        let differs = self.data.iter().zip(data).position(|(a, b)| a != b);
        assert_eq!(differs, None, "where the echo of {size} bytes differs");
    }
}

/// Messages of all sizes, each one whole and in fragments. A failure repeats: the seed is fixed.
fn messages(role: &str) -> impl Iterator<Item = Message> {
    const SEED: u64 = 6455;
    println!("{role}: seed {SEED}");
    let mut random = StdRng::seed_from_u64(SEED);
    let sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20, 16 << 20];
    let kinds = sizes.into_iter().flat_map(|size| {
        let many = if size > 1 << 20 { 1 } else { 2 };
        [true, false]
            .into_iter()
            .flat_map(move |is_text| (0..many).map(move |round| (size, is_text, round)))
    });
    kinds.map(move |(size, is_text, round)| {
        let data = if is_text {
            text(size, &mut random)
        } else {
            // Half of it can be compressed.
            let mut data = vec![0; size];
            random.fill_bytes(&mut data[..size / 2]);
            data
        };
        // The largest ones only in fragments.
        let count = match (size, round) {
            (0..=0xff_ffff, 0) => 0,
            _ => random.random_range(1..20),
        };
        let mut cuts: Vec<usize> = (0..count).map(|_| random.random_range(0..=size)).collect();
        cuts.sort_unstable();
        Message {
            is_text,
            data,
            cuts,
        }
    })
}

fn text(size: usize, random: &mut StdRng) -> Vec<u8> {
    let mut line = format!(
        "{:08x} Die Verbindung, die offen bleibt: 世界 🦀\n",
        random.random::<u32>()
    );
    if size < line.len() {
        line = "abcdefgh".repeat(16);
    }
    let mut text = line.repeat(size / line.len() + 1);
    let mut end = size;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.push_str(&"-".repeat(size - end));
    text.into_bytes()
}
