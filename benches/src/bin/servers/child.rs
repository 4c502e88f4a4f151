//! A server as a child process: started, asked for its CPU time, killed.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// Killed when dropped.
pub(crate) struct Child {
    process: std::process::Child,
    pub(crate) address: SocketAddr,
}

impl Child {
    /// Starts the program `server`, which lies beside this one.
    pub(crate) fn start(name: &str) -> io::Result<Self> {
        let program = env::current_exe()?.with_file_name("server");
        let mut process = Command::new(program)
            .arg(name)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let port = line.trim().parse();
        let child = Self {
            process,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(0))),
        };
        if child.address.port() == 0 {
            return Err(io::Error::other(format!("{name} did not start")));
        }
        child.wait()?;
        Ok(child)
    }

    /// Until it accepts connections: one tells its port before it listens.
    fn wait(&self) -> io::Result<()> {
        let mut tries = 0;
        while let Err(error) = TcpStream::connect(self.address) {
            tries += 1;
            if tries == 100 {
                return Err(error);
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The time that its threads have run so far, in nanoseconds. Threads that ended do not count, and none ends
    /// while it is measured.
    pub(crate) fn cpu_time(&self) -> io::Result<f64> {
        let mut time = 0.0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            // "time spent on the cpu (in nanoseconds)" is the first number.
            let line = fs::read_to_string(thread?.path().join("schedstat"))?;
            let first = line
                .split(' ')
                .next()
                .and_then(|first| first.parse::<f64>().ok());
            time += first.ok_or(io::ErrorKind::InvalidData)?;
        }
        Ok(time)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How many files this process, and a child, may have open.
pub(crate) fn most_files() -> io::Result<usize> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
    Ok(soft.unwrap_or(1024))
}
