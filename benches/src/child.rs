//! A server as a child process: started, asked for its CPU time and memory, killed.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// A process that is killed when this is dropped.
#[derive(Debug)]
pub struct Killed(pub std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server. It is killed when this is dropped.
#[derive(Debug)]
pub struct Child {
    process: Killed,
    /// Where it listens.
    pub address: SocketAddr,
}

/// What a process has used so far, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// All of it, as the scheduler counts it.
    pub all: f64,
    /// Of it, outside of the system. The system knows it from samples, a hundred a second: it is good for what
    /// takes seconds.
    pub user: f64,
}

impl Child {
    /// Starts the program `server`, which lies beside this one, to serve as `name` says.
    ///
    /// # Errors
    /// If it does not start.
    pub fn server(name: &str) -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?.with_file_name("server"));
        command.arg(name);
        Self::start(&mut command, |line| format!("127.0.0.1:{line}"))
    }

    /// Starts the program `holdline`, which lies beside this one, on a free port of `host`.
    ///
    /// # Errors
    /// If it does not start, or was not built.
    pub fn program(host: &str, arguments: &[&str]) -> io::Result<Self> {
        let program = env::current_exe()?.with_file_name("holdline");
        if !program.exists() {
            let message = format!("{} is not built", program.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        let mut command = Command::new(program);
        command.args(["--listen", &format!("{host}:0")]);
        command.args(["--max-connections", "19000"]).args(arguments);
        Self::start(&mut command, |line| {
            line.replace("Holdline serves on http://", "")
                .trim_end_matches('/')
                .to_owned()
        })
    }

    /// The first line that it prints says where it listens.
    fn start(command: &mut Command, address: impl Fn(&str) -> String) -> io::Result<Self> {
        let process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let mut child = Self {
            process: Killed(process),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        let mut line = String::new();
        if let Some(stdout) = child.process.0.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = address(line.trim());
        child.address = address
            .parse()
            .map_err(|_| io::Error::other(format!("{command:?} did not start")))?;
        listens(child.address)?;
        Ok(child)
    }

    /// The time that its threads have run so far. Threads that ended do not count, and none ends while it is
    /// measured.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn times(&self) -> io::Result<Times> {
        let mut times = Times::default();
        for thread in fs::read_dir(format!("/proc/{}/task", self.process.0.id()))? {
            let thread = thread?.path();
            // "time spent on the cpu (in nanoseconds)" is the first number.
            let line = fs::read_to_string(thread.join("schedstat"))?;
            let first = line.split(' ').next();
            times.all += parsed::<f64>(first)?;
            // Fields 14 and 15 of proc(5). The second, the command, is in brackets.
            let stat = fs::read_to_string(thread.join("stat"))?;
            let fields = stat.rsplit_once(')').map(|(_, fields)| fields);
            let user = fields.and_then(|fields| fields.split_whitespace().nth(11));
            times.user += parsed::<f64>(user)? * NANOS_A_TICK;
        }
        Ok(times)
    }

    /// Its resident memory in bytes.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn resident(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next());
        Ok(parsed::<u64>(kib)? * 1024)
    }

    /// The system's number for it.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.0.id()
    }
}

/// Waits until something accepts connections there: a server tells its port before it listens.
///
/// # Errors
/// If nothing does in time.
pub fn listens(address: SocketAddr) -> io::Result<()> {
    let mut tries = 0;
    while let Err(error) = TcpStream::connect(address) {
        tries += 1;
        if tries == 100 {
            return Err(error);
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// How many event loops of the program with this number wait for a lock at this moment, and how many there are.
///
/// # Errors
/// If the system does not tell.
pub fn waiting_for_locks(id: u32) -> io::Result<(usize, usize)> {
    let (mut waiting, mut all) = (0, 0);
    for thread in fs::read_dir(format!("/proc/{id}/task"))? {
        let thread = thread?.path();
        // Other threads than the loops are none of this.
        let name = fs::read_to_string(thread.join("comm"))?;
        if name.starts_with("holdline-") {
            all += 1;
            let place = fs::read_to_string(thread.join("wchan"))?;
            waiting += usize::from(place.contains("futex"));
        }
    }
    Ok((waiting, all))
}

fn parsed<T: std::str::FromStr>(text: Option<&str>) -> io::Result<T> {
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// How many files this process, and a child, may have open.
///
/// # Errors
/// If the system does not tell.
pub fn most_files() -> io::Result<usize> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
    Ok(soft.unwrap_or(1024))
}

/// Linux counts in hundredths of a second here (`getconf CLK_TCK`).
const NANOS_A_TICK: f64 = 1e7;
