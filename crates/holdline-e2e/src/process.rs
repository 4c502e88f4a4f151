//! Processes that never outlive their test.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::wait::wait_for;

/// A process that is killed when this is dropped, or when the test's process ends without dropping anything.
#[derive(Debug)]
pub struct Process {
    /// The process itself, for its pipes.
    pub child: Child,
    watchdog: Watchdog,
}

impl Process {
    /// Starts `command`.
    ///
    /// # Errors
    /// What the system says.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        let mut child = command.spawn()?;
        match Watchdog::new(child.id(), None) {
            Ok(watchdog) => Ok(Self { child, watchdog }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// Kills it.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.watchdog.call_off();
    }

    /// Sends it a signal. After `STOP` it stands still when this returns: the system tells each of its threads in
    /// turn, and on a busy machine one that was not told yet still answers what comes.
    ///
    /// # Errors
    /// What the system says.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let id = Pid::from_child(&self.child);
        kill_process(id, signal)?;
        if signal == Signal::STOP {
            let which = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            waitid(WaitId::Pid(id), which)?;
        }
        Ok(())
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// What the system says.
    ///
    /// # Panics
    /// When it does not end within [`LIMIT`](crate::LIMIT): "waited in vain for `what`".
    pub fn wait(&mut self, what: &str) -> io::Result<ExitStatus> {
        let status = wait_for(what, || self.child.try_wait().transpose())?;
        self.watchdog.call_off();
        Ok(status)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A shell that waits until its standard input ends, which happens when the test's process is gone for whatever
/// reason. Then it kills one process that the test had started, by its id, and removes its folder.
#[derive(Debug)]
pub(crate) struct Watchdog {
    shell: Child,
}

impl Watchdog {
    pub(crate) fn new(id: u32, folder: Option<&Path>) -> io::Result<Self> {
        let mut shell = Command::new("sh")
            .args(["-c", ITS_WORK])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        if let Some(stdin) = &mut shell.stdin {
            let folder = folder.unwrap_or(Path::new(""));
            writeln!(stdin, "{id}\n{}", folder.display())?;
        }
        Ok(Self { shell })
    }

    /// Kills the process now.
    pub(crate) fn bite(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }

    /// The process has ended, so its id may soon belong to another one.
    pub(crate) fn call_off(&mut self) {
        // If the shell has ended already, there is nothing to kill.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.call_off();
    }
}

/// The processes of a browser take a moment to see that the first of them is gone.
const ITS_WORK: &str = r#"
    read -r id; read -r folder; read -r _
    kill -KILL "$id"
    [ -z "$folder" ] || { sleep 1; rm -rf -- "$folder"; }
"#;
