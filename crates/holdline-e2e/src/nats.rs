//! A server of NATS, and one line of its protocol.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::process::Process;
use crate::wait::wait_for;

/// A running `nats-server` with JetStream, whose files are in a directory of its own. It ends with its test.
#[derive(Debug)]
pub struct NatsServer {
    address: SocketAddr,
    /// More arguments.
    more: Vec<String>,
    running: Option<Process>,
    folder: TempDir,
}

impl NatsServer {
    /// Starts one on a free port. `None` if it is not installed.
    ///
    /// # Errors
    /// What the system says.
    pub fn start() -> Result<Option<Self>> {
        if !is_installed() {
            return Ok(None);
        }
        let mut server = Self::new(free_address()?, Vec::new())?;
        server.restart()?;
        Ok(Some(server))
    }

    /// Starts three that are one cluster. `None` if it is not installed.
    ///
    /// # Errors
    /// What the system says.
    pub fn cluster() -> Result<Option<[Self; 3]>> {
        if !is_installed() {
            return Ok(None);
        }
        let routes = [free_address()?, free_address()?, free_address()?];
        let list = routes.map(|route| format!("nats://{route}")).join(",");
        let server = |index: usize, route: SocketAddr| -> Result<Self> {
            let name = format!("n{index}");
            let own = format!("nats://{route}");
            let more = ["-n", &name, "--cluster_name", "c", "--cluster", &own];
            let mut more: Vec<_> = more.map(str::to_owned).into();
            more.extend(["--routes".to_owned(), list.clone()]);
            let mut server = Self::new(free_address()?, more)?;
            server.launch()?;
            Ok(server)
        };
        let servers = [
            server(0, routes[0])?,
            server(1, routes[1])?,
            server(2, routes[2])?,
        ];
        servers.iter().for_each(Self::wait);
        Ok(Some(servers))
    }

    fn new(address: SocketAddr, more: Vec<String>) -> Result<Self> {
        Ok(Self {
            address,
            more,
            running: None,
            folder: tempfile::Builder::new().prefix("holdline-e2e-").tempdir()?,
        })
    }

    /// For `--broker`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Kills it like a crash would. The system still has what it wrote.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Where clients of NATS connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts it with the files that it had.
    ///
    /// # Errors
    /// What the system says.
    ///
    /// # Panics
    /// When JetStream does not answer within [`LIMIT`](crate::LIMIT).
    pub fn restart(&mut self) -> Result<()> {
        self.launch()?;
        self.wait();
        Ok(())
    }

    fn launch(&mut self) -> Result<()> {
        let log = File::create(self.folder.path().join("log"))?;
        let port = self.address.port().to_string();
        let mut command = Command::new("nats-server");
        command
            .args(["-js", "-a", "127.0.0.1", "-p", &port])
            .args(&self.more)
            .arg("-sd")
            .arg(self.data())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        self.running = Some(Process::spawn(&mut command)?);
        Ok(())
    }

    fn wait(&self) {
        wait_for("JetStream", || {
            let said = self.ask("$JS.API.INFO", "").ok()?;
            let is_there = said.contains("account_info_response") && !said.contains("\"error\"");
            is_there.then_some(())
        });
    }

    /// Stops it where it is, or lets it go on.
    ///
    /// # Errors
    /// When it does not run, or what the system says.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let running = self.running.as_ref().context("it does not run")?;
        running
            .signal(signal)
            .context("sending a signal to nats-server")
    }

    /// A copy of its files, while it does not run.
    ///
    /// # Errors
    /// When it runs, or what the system says.
    pub fn back_up(&self) -> Result<TempDir> {
        ensure!(self.running.is_none(), "it runs");
        let copy = tempfile::Builder::new().prefix("holdline-e2e-").tempdir()?;
        copy_folder(&self.data(), copy.path())?;
        Ok(copy)
    }

    /// Puts a copy back, while it does not run.
    ///
    /// # Errors
    /// When it runs, or what the system says.
    pub fn put_back(&self, copy: &TempDir) -> Result<()> {
        ensure!(self.running.is_none(), "it runs");
        fs::remove_dir_all(self.data())?;
        copy_folder(copy.path(), &self.data())?;
        Ok(())
    }

    /// Publishes without any library, as `nats pub SUBJECT BODY` does, and gives what JetStream answers.
    ///
    /// # Errors
    /// When it does not.
    pub fn publish(&self, subject: &str, body: &str) -> Result<String> {
        self.ask(subject, body)
    }

    /// The same with header fields, each with its line end, as `nats pub -H`.
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub fn publish_with(&self, subject: &str, fields: &str, body: &[u8]) -> Result<String> {
        let head = format!("NATS/1.0\r\n{fields}\r\n");
        let (length, total) = (head.len(), head.len() + body.len());
        let mut bytes = format!("HPUB {subject} answer {length} {total}\r\n{head}").into_bytes();
        bytes.extend_from_slice(body);
        self.exchange(&bytes)
    }

    /// Asks JetStream something.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn ask(&self, subject: &str, body: &str) -> Result<String> {
        let length = body.len();
        self.exchange(format!("PUB {subject} answer {length}\r\n{body}").as_bytes())
    }

    fn exchange(&self, message: &[u8]) -> Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let options = r#"CONNECT {"verbose":false,"pedantic":false,"headers":true}"#;
        stream.write_all(format!("{options}\r\nSUB answer 1\r\n").as_bytes())?;
        stream.write_all(message)?;
        stream.write_all(b"\r\n")?;
        let mut reader = BufReader::new(stream);
        loop {
            let mut line = String::new();
            ensure!(
                reader.read_line(&mut line)? > 0,
                "nats-server closed the connection"
            );
            ensure!(!line.starts_with("-ERR"), "nats-server says {line}");
            if let Some(rest) = line.strip_prefix("MSG answer 1 ") {
                let mut answer = vec![0; rest.trim().parse()?];
                reader.read_exact(&mut answer)?;
                return Ok(String::from_utf8(answer)?);
            }
        }
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }
}

/// Free, and a moment later hopefully still so.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Copies a folder with all that is in it.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_folder(&entry.path(), &target)?,
            false => {
                fs::copy(entry.path(), target)?;
            }
        }
    }
    Ok(())
}

/// How long it has for an answer. While a cluster finds its leader there is none.
const PATIENCE: Duration = Duration::from_secs(5);

fn is_installed() -> bool {
    let runs = Command::new("nats-server").arg("--version").output();
    if runs.is_err() {
        eprintln!("nats-server is not installed: nothing is tested");
    }
    runs.is_ok()
}
