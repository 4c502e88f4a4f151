//! The examples of `holdline-net` that public WebSocket suites are pointed at.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::process::Process;
use crate::server::newest_built;

/// `websocket_echo`, which sends back every message of at most [`MAX_MESSAGE`](Self::MAX_MESSAGE)
/// bytes. It ends when it is dropped.
#[derive(Debug)]
pub struct EchoServer {
    address: SocketAddr,
    _process: Process,
}

impl EchoServer {
    /// The longest message that it takes, in bytes.
    pub const MAX_MESSAGE: usize = 64 << 20;

    /// Starts it on a free port of the loopback interface: with `--threads` a blocking server, without
    /// an event loop.
    ///
    /// # Errors
    /// When it is not built, or ends or says something else instead.
    pub fn start(arguments: &[&str]) -> Result<Self> {
        let mut process = Process::spawn(
            Command::new(example("websocket_echo")?)
                .args(arguments)
                .arg("127.0.0.1:0")
                .stdin(Stdio::null())
                .stdout(Stdio::piped()),
        )?;
        let stdout = process.child.stdout.take().context("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line
            .trim()
            .strip_prefix("ws://")
            .and_then(|rest| rest.strip_suffix('/'))
            .and_then(|address| address.parse().ok())
            .with_context(|| format!("the echo server printed {line:?}"))?;
        Ok(Self {
            address,
            _process: process,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Starts `websocket_testsuite_client`: the blocking client goes through all cases of the suite whose
/// server is at this address, and sends back every message.
///
/// # Errors
/// When it is not built.
pub fn testsuite_client(suite: SocketAddr, agent: &str) -> Result<Process> {
    let process = Process::spawn(
        Command::new(example("websocket_testsuite_client")?)
            .arg(format!("ws://{suite}"))
            .arg(agent)
            .stdin(Stdio::null())
            .stdout(Stdio::null()),
    )?;
    Ok(process)
}

/// Where an example is: in the folder that `HOLDLINE_EXAMPLES` names, else the newest that was built
/// beside the tests.
fn example(name: &str) -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("HOLDLINE_EXAMPLES") {
        let path = PathBuf::from(folder).join(name);
        ensure!(path.is_file(), "{} is no file", path.display());
        return Ok(path);
    }
    newest_built(&format!("examples/{name}")).with_context(|| {
        format!(
            "the example {name} is not built: run `cargo build --release -p holdline-net --features \
             deflate --examples` first, or let HOLDLINE_EXAMPLES name its folder"
        )
    })
}
