//! A Redis server of the test's own.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use holdline_e2e::{Process, wait_for};
use tempfile::TempDir;

/// It ends with its test.
pub(crate) struct Redis {
    port: u16,
    directory: TempDir,
    arguments: Vec<&'static str>,
    process: Option<Process>,
}

impl Redis {
    /// One that has on its disk what it acknowledged.
    pub(crate) fn durable() -> Self {
        Self::start(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    /// One that keeps everything in memory.
    pub(crate) fn forgetful() -> Self {
        Self::start(&["--appendonly", "no"])
    }

    pub(crate) fn start(arguments: &[&'static str]) -> Self {
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

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again with what is on its disk.
    pub(crate) fn restart(&mut self) {
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
    pub(crate) fn cli(&self, command: &[&str]) -> String {
        redis_cli(&self.port.to_string(), command)
    }

    /// Copies what is on its disk. It must not run.
    pub(crate) fn copy_to(&self, to: &Path) {
        copy(&self.directory.path().join(AOF), to);
    }

    /// Replaces what is on its disk. It must not run.
    pub(crate) fn copy_from(&self, from: &Path) {
        copy(from, &self.directory.path().join(AOF));
    }

    /// Stops it without ending it, as if the network swallowed everything.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = self.process.as_ref().unwrap().child.id();
        let id = rustix::process::Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
        rustix::process::kill_process(id, signal).unwrap();
    }
}

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
