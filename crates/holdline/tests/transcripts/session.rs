//! The commands of one page, one after the other, in a folder of their own and with a server of their own.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::compare::{Names, compare};
use crate::page::{Block, Shown};

/// Longer than anything here takes, even on a very busy machine.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) struct Session {
    folder: TempDir,
    names: Names,
    server: Option<Running>,
    beside: Vec<Running>,
    /// The status of the command before, which the next may ask for.
    status: i32,
}

impl Session {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        // On a terminal it draws no table while it prints.
        std::fs::write(folder.path().join(".curlrc"), "silent\nshow-error\n").unwrap();
        Self {
            folder,
            names: Names::default(),
            server: None,
            beside: Vec::new(),
            status: 0,
        }
    }

    /// What a block needs before its commands, in the order of its notes.
    pub(crate) fn prepare(&mut self, block: &Block) {
        self.names.varying.clear();
        for (kind, text) in &block.notes {
            match &**kind {
                "life" => self.learn_life(text),
                "varies" => self.names.varying.extend(text.split(' ').map(String::from)),
                "server" => _ = self.serve(&format!("holdline {text}")),
                "before" => self.ends_well(text).unwrap(),
                "beside" => {
                    let mut running = self.start(text);
                    running.until(|came, _| !came.is_empty()).unwrap();
                    self.beside.push(running);
                }
                _ => {} // What happens during a command is for that command.
            }
        }
    }

    /// This word stands for the life of the server that is there now.
    fn learn_life(&mut self, word: &str) {
        let came = self
            .ends("curl http://127.0.0.1:8080/channels/a/poll")
            .unwrap();
        let life = came
            .split('"')
            .nth(3)
            .and_then(|cursor| cursor.split('-').next());
        self.names
            .set(word, life.unwrap_or_else(|| panic!("no cursor in {came}")));
        self.names.lives.push(word.to_owned());
    }

    /// Starts another server instead of the one there is. It takes a free port; the page says another one.
    pub(crate) fn serve(&mut self, command: &str) -> String {
        self.beside.clear();
        self.server = None;
        let (before, listen) = command.split_once(" --listen ").unwrap_or((command, ""));
        let (address, after) = listen.split_once(' ').unwrap_or((listen, ""));
        let port = address
            .strip_prefix("127.0.0.1:")
            .unwrap_or("8080")
            .to_owned();
        let mut server = Running::start(self.folder.path(), &format!("{before} {after}"));
        server.until(|came, _| came.contains("/\n")).unwrap();
        let came = server.came();
        let mut lines = came.lines();
        let line = lines.find(|line| line.starts_with("Holdline serves on "));
        let line = line.unwrap_or_else(|| panic!("{command}: {came}"));
        let (_, real) = line.trim_end_matches('/').rsplit_once(':').unwrap();
        self.names.set(&port, real);
        self.server = Some(server);
        line.to_owned()
    }

    /// A command that ends by itself, and well.
    pub(crate) fn ends_well(&mut self, command: &str) -> Result<(), String> {
        let came = self.ends(command)?;
        match self.status {
            0 => Ok(()),
            status => Err(format!("{command} ended with {status}: {came}")),
        }
    }

    /// What it prints until it ends.
    pub(crate) fn ends(&mut self, command: &str) -> Result<String, String> {
        let mut running = self.start(command);
        running.until(|_, is_at_end| is_at_end)?;
        self.status = running.child.wait().unwrap().code().unwrap_or(-1);
        Ok(running.came())
    }

    /// A command that goes on for ever: until it has printed what is shown, or anything if nothing is. What happens
    /// meanwhile begins when it has printed something.
    pub(crate) fn goes_on(
        &mut self,
        shown: &Shown,
        command: &str,
        meanwhile: &[&str],
    ) -> Result<(), String> {
        let mut running = self.start(command);
        running.until(|came, _| came.contains('\n'))?;
        let Some(first) = shown.printed.first() else {
            return Ok(());
        };
        // It may say the port that the others go to.
        let came = running.came();
        let line = came.lines().next().unwrap_or_default();
        let _ = compare(std::slice::from_ref(first), line, &mut self.names);
        for other in meanwhile {
            self.ends_well(other)?;
        }
        let mut result = Ok(());
        let names = &mut self.names;
        let done = running.until(|came, is_at_end| {
            result = compare(&shown.printed, came, names);
            result.is_ok() || is_at_end
        });
        result.and(done)
    }

    pub(crate) fn compare(&mut self, shown: &Shown, came: &str) -> Result<(), String> {
        compare(&shown.printed, came, &mut self.names)
    }

    fn start(&mut self, command: &str) -> Running {
        if self.server.is_none()
            && let Some((_, rest)) = command.rsplit_once("127.0.0.1:")
        {
            let port = rest.split(|c: char| !c.is_ascii_digit()).next();
            let port = port.unwrap_or_default();
            self.serve(&format!("holdline --listen 127.0.0.1:{port}"));
        }
        let command = self.names.in_command(command);
        Running::start(
            self.folder.path(),
            &format!("(exit {}); {command}", self.status),
        )
    }
}

/// A process and those that it has started, which are ended with it.
struct Running {
    child: Child,
    pieces: Receiver<Vec<u8>>,
    bytes: Vec<u8>,
}

impl Running {
    fn start(folder: &Path, command: &str) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_holdline")).parent().unwrap();
        let mut child = Command::new("bash")
            // Both outputs in the order in which a terminal shows them.
            .args(["-c", &format!("exec 2>&1; {command}")])
            .current_dir(folder)
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", program.display()))
            .env("CURL_HOME", folder)
            .env("HOLDLINE_LISTEN", "127.0.0.1:0")
            .env("HOLDLINE_LOG", "error")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = child.stdout.take().unwrap();
        let (sender, pieces) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            pieces,
            bytes: Vec::new(),
        }
    }

    fn came(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Reads on until it is done, which is judged by all that came and by whether that is all.
    fn until(&mut self, mut done: impl FnMut(&str, bool) -> bool) -> Result<(), String> {
        let end = Instant::now() + LIMIT;
        while !done(&self.came(), false) {
            match self
                .pieces
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(piece) => self.bytes.extend(piece),
                Err(RecvTimeoutError::Disconnected) if done(&self.came(), true) => return Ok(()),
                Err(error) => return Err(format!("{error}, after: {}", self.came())),
            }
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It is an error only if it has ended by itself.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}
