//! The server being measured: an existing one, or one started for the purpose.

use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, ToSocketAddrs};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::channel_url::ChannelUrl;
use crate::config::BenchArguments;
use crate::process;
use crate::threads;

pub(super) struct Server {
    pub(super) url: ChannelUrl,
    pub(super) address: SocketAddr,
    /// The process to measure.
    pid: Option<u32>,
    spawned: Option<Spawned>,
}

impl Server {
    pub(super) fn find(arguments: &BenchArguments) -> Result<Self, String> {
        let (url, spawned) = match &arguments.url {
            Some(url) => (url.clone(), None),
            None => {
                let (spawned, authority) = Spawned::start(arguments)?;
                let url = format!("{authority}/channels/bench").parse();
                (
                    url.map_err(|error| format!("{authority}: {error}"))?,
                    Some(spawned),
                )
            }
        };
        let address = find_address(&url, arguments.public)?;
        let pid = match &spawned {
            Some(spawned) => Some(spawned.child.id()),
            None => arguments.server_pid,
        };
        let server = Self {
            url,
            address,
            pid,
            spawned,
        };
        match (arguments.server_pid, server.memory()) {
            (Some(pid), None) => Err(format!(
                "the system does not tell the memory of process {pid}: is it the server's, and is this Linux?"
            )),
            _ => Ok(server),
        }
    }

    /// The value for `Host`.
    pub(super) fn authority(&self) -> &str {
        self.url.url().authority()
    }

    /// The target to publish to.
    pub(super) fn target(&self) -> String {
        self.url.target(None, &[])
    }

    /// The resident memory of its process in bytes, if known.
    pub(super) fn memory(&self) -> Option<u64> {
        process::resident(&self.pid?.to_string())
    }

    /// The processor time of its process, if known.
    pub(super) fn cpu(&self) -> Option<Duration> {
        process::cpu(&self.pid?.to_string())
    }

    /// Stops the server if we started it.
    pub(super) fn stop(&mut self) -> Result<(), String> {
        match self.spawned.take() {
            Some(spawned) => spawned.stop(),
            None => Ok(()),
        }
    }
}

/// `holdline bench-server`: makes this process, which is going to serve, end as by SIGTERM when its standard input
/// does, however the process that started it came to its end.
pub(crate) fn end_with_input() -> Result<(), String> {
    let wait = || {
        // An input that cannot be read has ended as well.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        terminate();
    };
    threads::start("input", wait).map(drop)
}

#[cfg(unix)]
fn terminate() {
    use rustix::process::{Signal, getpid, kill_process};
    if kill_process(getpid(), Signal::TERM).is_err() {
        std::process::exit(1);
    }
}

#[cfg(not(unix))]
fn terminate() {
    std::process::exit(0);
}

/// All addresses of a name must be allowed, because we don't choose which one is used.
fn find_address(url: &ChannelUrl, public: bool) -> Result<SocketAddr, String> {
    let host = url.url().host();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = (bare, url.url().port()).to_socket_addrs();
    let addresses: Vec<SocketAddr> = found
        .map_err(|error| format!("no address for {host}: {error}"))?
        .collect();
    let foreign = addresses.iter().find(|address| !address.ip().is_loopback());
    match (foreign, addresses.first()) {
        (Some(address), _) if !public => Err(format!(
            "{} is not on this machine, and what is measured here is an attack on somebody else's server: give \
            --public if it is yours",
            address.ip()
        )),
        (_, Some(address)) => Ok(*address),
        (_, None) => Err(format!("no address for {host}")),
    }
}

/// A server of our own. It is killed when this is dropped.
struct Spawned {
    child: Child,
    /// Kept open while it runs: it prints where it serves, and may print more.
    output: BufReader<ChildStdout>,
}

impl Spawned {
    /// Starts a server. Returns it with its host and port.
    fn start(arguments: &BenchArguments) -> Result<(Self, String), String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(&program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HOLDLINE_") {
                command.env_remove(name);
            }
        }
        if let Some(token) = &arguments.token {
            command.env("HOLDLINE_PUBLISH_TOKEN", token.read()?);
        }
        let most = arguments.connections + ROOM;
        // Set in the environment, so that the options after `--` take precedence.
        let mut child = command
            .arg("bench-server")
            .args(&arguments.server_options)
            .env("HOLDLINE_LISTEN", "127.0.0.1:0")
            .env("HOLDLINE_MAX_CONNECTIONS", most.to_string())
            .env("HOLDLINE_LOG", "warn")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        let output = child.stdout.take().ok_or("a server without output")?;
        let output = BufReader::new(output);
        let mut spawned = Self { child, output };
        let mut line = String::new();
        let read = spawned.output.read_line(&mut line);
        read.map_err(|error| error.to_string())?;
        let authority = line.trim().rsplit("//").next().unwrap_or_default();
        match authority.strip_suffix('/') {
            Some(authority) => Ok((spawned, authority.to_owned())),
            None => Err("the server did not start".to_owned()),
        }
    }

    fn stop(mut self) -> Result<(), String> {
        // The end of its input is what it waits for.
        drop(self.child.stdin.take());
        let begun = Instant::now();
        while begun.elapsed() < STOP {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(format!("the server ended with {status}")),
                Ok(None) => thread::sleep(Duration::from_millis(20)),
                Err(error) => return Err(error.to_string()),
            }
        }
        Err("the server did not stop in time, and was killed".to_owned())
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        // If it has already ended, it cannot be killed, and that is fine.
        let _ = self.child.kill();
        // Nobody needs its exit status.
        let _ = self.child.wait();
    }
}

/// Connections in addition to those being held.
const ROOM: usize = 100;
/// How long a server may take to stop.
const STOP: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_a_target_unless_told_otherwise() {
        for (host, ours) in [
            ("127.0.0.1", true),
            ("127.8.9.10:99", true),
            ("[::1]:99", true),
            ("0.0.0.0", false),
            ("192.0.2.1", false),
            ("[::]", false),
            ("[2001:db8::1]", false),
            ("[::ffff:192.0.2.1]", false),
        ] {
            let url: ChannelUrl = format!("{host}/channels/a").parse().unwrap();
            assert_eq!(find_address(&url, false).is_ok(), ours, "{host}");
            assert!(find_address(&url, true).is_ok(), "{host}");
        }
    }
}
