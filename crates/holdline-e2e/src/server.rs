//! The program under test.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;

use crate::process::Process;
use crate::wait::LIMIT;

/// A running `holdline`. It is killed when this is dropped.
///
/// Dropping also checks what the program wrote to its standard error: a panic in one of its threads fails the test,
/// even if nobody else noticed it.
#[derive(Debug)]
pub struct Server {
    program: PathBuf,
    arguments: Vec<String>,
    /// `HOLDLINE_LOG`.
    level: &'static str,
    /// The limit of its open files, if different from that of the tests.
    files: Option<u32>,
    /// See [`start_with_whole_pages`](Self::start_with_whole_pages).
    whole_pages: bool,
    address: SocketAddr,
    running: Option<Process>,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts the program on a free port of the loopback interface, and waits for its address.
    ///
    /// # Errors
    /// When there is no program, or it ends or stays silent instead.
    pub fn start(arguments: &[&str]) -> Result<Self> {
        Self::start_as(arguments, "warn", None, false)
    }

    /// The same with another `HOLDLINE_LOG`.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_talkative(arguments: &[&str], level: &'static str) -> Result<Self> {
        Self::start_as(arguments, level, None, false)
    }

    /// The same with a limit of open files, as after `ulimit -n`.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_with_files(arguments: &[&str], files: Option<u32>) -> Result<Self> {
        Self::start_as(arguments, "warn", files, false)
    }

    /// The same with `MALLOC_MMAP_THRESHOLD_`, as docs/server.md advises: what is freed of large messages goes back to
    /// the system, so that resident memory tells what the program still has. Without it the C library keeps most of
    /// what the worst moment took.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_with_whole_pages(arguments: &[&str]) -> Result<Self> {
        Self::start_as(arguments, "warn", None, true)
    }

    fn start_as(
        arguments: &[&str],
        level: &'static str,
        files: Option<u32>,
        whole_pages: bool,
    ) -> Result<Self> {
        let mut server = Self {
            program: program()?,
            arguments: arguments.iter().map(ToString::to_string).collect(),
            level,
            files,
            whole_pages,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            running: None,
            log: Arc::default(),
        };
        server.launch()?;
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of something that it serves; `path` begins with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Its process id.
    ///
    /// # Errors
    /// When it does not run.
    pub fn id(&self) -> Result<u32> {
        let running = self.running.as_ref().context("the server does not run")?;
        Ok(running.child.id())
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// When it does not run, or what the system says.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let running = self.running.as_ref().context("the server does not run")?;
        running
            .signal(signal)
            .context("sending a signal to the server")
    }

    /// Kills it like a crash would, without telling anyone.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Starts it again on the same port.
    ///
    /// # Errors
    /// When it is still running, or as [`start`](Self::start).
    pub fn restart(&mut self) -> Result<()> {
        ensure!(self.running.is_none(), "the server runs still");
        self.launch()
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// When it does not end within [`LIMIT`].
    ///
    /// # Errors
    /// When it did not run, or what the system says.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let mut running = self.running.take().context("the server does not run")?;
        Ok(running.wait("the server to end")?)
    }

    /// Ends it with SIGTERM and checks that it exits with code 0.
    ///
    /// # Errors
    /// When the exit code is another, or what the system says.
    pub fn stop(&mut self) -> Result<()> {
        self.signal(Signal::TERM)?;
        let status = self.wait()?;
        ensure!(
            status.success(),
            "after SIGTERM the server ended with {status}"
        );
        Ok(())
    }

    /// What it has written to its standard error.
    #[must_use]
    pub fn log(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.clone()
    }

    fn launch(&mut self) -> Result<()> {
        let listen = self.address.to_string();
        let mut command = match self.files {
            None => Command::new(&self.program),
            Some(files) => {
                let mut shell = Command::new("sh");
                // The program replaces the shell and keeps its process id.
                let script = format!("ulimit -n {files} && exec \"$0\" \"$@\"");
                shell.args(["-c", &script]).arg(&self.program);
                shell
            }
        };
        let whole_pages = self
            .whole_pages
            .then_some(("MALLOC_MMAP_THRESHOLD_", "131072"));
        let mut process = Process::spawn(
            command
                .args(["serve", "--listen", &listen])
                .args(&self.arguments)
                // The environment of the tests is not meant for the program.
                .env_clear()
                .env("HOLDLINE_LOG", self.level)
                // The name that the tests use in `Host`.
                .env("HOLDLINE_ALLOW_HOST", "test")
                .envs(whole_pages)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped()),
        )
        .with_context(|| format!("starting {}", self.program.display()))?;
        let stdout = process.child.stdout.take().context("no standard output")?;
        let stderr = process.child.stderr.take().context("no standard error")?;
        self.running = Some(process);
        let log = Arc::clone(&self.log);
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = writeln!(log, "{line}");
            }
        });
        let (lines, first) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Nobody reads the second line.
                let _ = lines.send(line);
            }
        });
        let line = match first.recv_timeout(LIMIT) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => bail!("the server ended:\n{}", self.log()),
            Err(RecvTimeoutError::Timeout) => bail!("the server printed nothing"),
        };
        self.address = line
            .strip_prefix("Holdline serves on http://")
            .and_then(|rest| rest.strip_suffix('/'))
            .and_then(|address| address.parse().ok())
            .with_context(|| format!("the server printed {line:?}"))?;
        Ok(())
    }
}

/// Where the program is: the path in `HOLDLINE_BIN`, otherwise the newest one built beside the tests.
///
/// # Errors
/// When there is none.
pub fn program() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("HOLDLINE_BIN") {
        let path = PathBuf::from(path);
        ensure!(
            path.is_file(),
            "HOLDLINE_BIN names {}, which is no file",
            path.display()
        );
        return Ok(path);
    }
    newest_built("holdline").context(
        "there is no program to test: run `cargo build --release -p holdline` first, or let \
         HOLDLINE_BIN name it",
    )
}

pub(crate) fn newest_built(path: &str) -> Result<PathBuf> {
    // target/debug/deps/scenario-1234
    let own = std::env::current_exe()?;
    let target = own
        .ancestors()
        .nth(3)
        .context("the tests are not in a target directory")?;
    let built = ["release", "debug"].map(|profile| target.join(profile).join(path));
    let newest = built
        .into_iter()
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .max();
    let (_, path) = newest.with_context(|| format!("no {path} in {}", target.display()))?;
    Ok(path)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let log = self.log();
        if thread::panicking() {
            if !log.is_empty() {
                eprintln!("the server wrote:\n{log}");
            }
        } else {
            assert!(!log.contains("panicked"), "the server panicked:\n{log}");
        }
    }
}
