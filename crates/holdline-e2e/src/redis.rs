//! A Redis server of the test's own.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::process::Process;
use crate::wait::wait_for;

/// A running `redis-server`. It ends with its test.
///
/// # Panics
/// All of its functions do if something is not as it should be.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    directory: TempDir,
    arguments: Vec<&'static str>,
    process: Option<Process>,
}

#[allow(clippy::unwrap_used, reason = "it is a part of tests")]
#[allow(clippy::missing_panics_doc, reason = "it is said above")]
impl RedisServer {
    /// One that has on its disk what it acknowledged.
    #[must_use]
    pub fn durable() -> Self {
        Self::start(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    /// One that keeps everything in memory.
    #[must_use]
    pub fn forgetful() -> Self {
        Self::start(&["--appendonly", "no"])
    }

    /// One with these options.
    #[must_use]
    pub fn start(arguments: &[&'static str]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut redis = Self {
            port,
            directory: tempfile::tempdir().unwrap(),
            arguments: arguments.to_vec(),
            process: None,
        };
        redis.restart();
        redis
    }

    /// How the program is told of it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again with what is on its disk.
    pub fn restart(&mut self) {
        let port = self.port.to_string();
        let process = Process::spawn(
            Command::new("redis-server")
                .args(["--port", &port, "--bind", "127.0.0.1", "--save", ""])
                .arg("--dir")
                .arg(self.directory.path())
                .args(&self.arguments)
                .stdin(Stdio::null())
                .stdout(Stdio::null()),
        );
        self.process = Some(process.unwrap());
        wait_for("redis-server to answer", || {
            let pong = redis_pong(&redis_cli(port.as_str(), &["PING"]));
            pong.then_some(())
        });
    }

    /// What `redis-cli` prints for a command.
    #[allow(clippy::must_use_candidate, reason = "it does something")]
    pub fn cli(&self, command: &[&str]) -> String {
        redis_cli(&self.port.to_string(), command)
    }

    /// The same with this as the last argument, which may be any bytes.
    #[allow(clippy::must_use_candidate, reason = "it does something")]
    pub fn cli_with(&self, command: &[&str], last: &[u8]) -> String {
        let mut process = Command::new("redis-cli")
            .args(["-p", &self.port.to_string(), "-x"])
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        process.stdin.take().unwrap().write_all(last).unwrap();
        String::from_utf8(process.wait_with_output().unwrap().stdout).unwrap()
    }

    /// Becomes a replica of another one, and waits until it has everything that one has now.
    pub fn follow(&self, primary: &Self) {
        // Otherwise it waits for other replicas, to serve all of them at once.
        primary.cli(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
        self.cli(&["REPLICAOF", "127.0.0.1", &primary.port.to_string()]);
        wait_for("the replica to have everything", || {
            let is_up = self
                .cli(&["INFO", "replication"])
                .contains("master_link_status:up");
            // One replica has said that it has everything.
            (is_up && primary.cli(&["WAIT", "1", "100"]).trim() == "1").then_some(())
        });
    }

    /// Answers at the address of another one from now on, which must not run any more.
    pub fn move_to(&mut self, other: &Self) {
        let port = other.port.to_string();
        wait_for("the replica to have the address", || {
            (self.cli(&["CONFIG", "SET", "port", &port]).trim() == "OK").then_some(())
        });
        self.port = other.port;
    }

    /// Copies what is on its disk. It must not run.
    pub fn copy_to(&self, to: &Path) {
        copy(&self.directory.path().join(AOF), to);
    }

    /// Replaces what is on its disk. It must not run.
    pub fn copy_from(&self, from: &Path) {
        copy(from, &self.directory.path().join(AOF));
    }

    /// Stops it without ending it, as if the network swallowed everything.
    pub fn signal(&self, signal: Signal) {
        self.process.as_ref().unwrap().signal(signal).unwrap();
    }
}

#[allow(clippy::unwrap_used, reason = "it is a part of tests")]
fn redis_cli(port: &str, command: &[&str]) -> String {
    let output = Command::new("redis-cli")
        .args(["-p", port])
        .args(command)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Whether it is there, even if it wants a password first.
fn redis_pong(said: &str) -> bool {
    said.trim() == "PONG" || said.starts_with("NOAUTH")
}

#[allow(clippy::unwrap_used, reason = "it is a part of tests")]
fn copy(from: &Path, to: &Path) {
    for file in fs::read_dir(to).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// Where Redis keeps what it acknowledged.
const AOF: &str = "appendonlydir";
