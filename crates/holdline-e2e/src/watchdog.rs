//! Ends the processes that a test started when the test itself could not.

use std::io::{self, Write};
use std::process::{Child, Command, Stdio};

/// A shell that waits for the end of its standard input, which comes when this value is dropped
/// or when the test's process is gone, however it went, and then kills one process that the test
/// had started: by its id, or with a minus sign the process group of that id.
#[derive(Debug)]
pub(crate) struct Watchdog {
    shell: Child,
}

impl Watchdog {
    /// Watches over `target`, a process id with an optional minus sign in front.
    pub(crate) fn new(target: &str) -> io::Result<Self> {
        let mut shell = Command::new("sh")
            .args([
                "-c",
                r#"read -r target; read -r _; kill -KILL -- "$target""#,
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        if let Some(stdin) = &mut shell.stdin {
            writeln!(stdin, "{target}")?;
        }
        Ok(Self { shell })
    }

    /// The process has ended in good order; its id may soon be another's.
    pub(crate) fn call_off(&mut self) {
        // Also when it has ended already: there is nothing to kill.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // Closing its input makes it bite, unless it was called off.
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}
