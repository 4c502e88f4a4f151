//! What the system knows about this process. Only Linux tells everything; elsewhere nothing is known.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// The process at one moment. A value is `None` if the system does not tell it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Process {
    /// Resident memory in bytes.
    pub(crate) resident: Option<u64>,
    /// Open files, including sockets, and how many there may be.
    pub(crate) open_files: Option<u64>,
    pub(crate) max_files: Option<u64>,
    /// Processor time, in user and in kernel mode.
    pub(crate) cpu: Option<Duration>,
    /// When it started, since 1970.
    pub(crate) started: Option<Duration>,
}

/// The last snapshot of the process.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<Process>);

impl Seen {
    pub(crate) fn get(&self) -> Process {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a new snapshot.
    pub(crate) fn look(&self, uptime: Duration) {
        let now = Process::now(uptime);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Process {
    /// Takes a snapshot. This takes a fraction of a millisecond; longer on Linux before 6.2 if many files are open.
    pub(crate) fn now(uptime: Duration) -> Self {
        let epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            resident: resident("self"),
            open_files: open_files(),
            max_files: max_files(),
            cpu: cpu("self"),
            started: epoch.ok().and_then(|now| now.checked_sub(uptime)),
        }
    }
}

/// The resident memory of a process, in bytes.
pub(crate) fn resident(process: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn open_files() -> Option<u64> {
    let folder = "/proc/self/fd";
    // Since Linux 6.2, the size of the folder is the number of files in it.
    match std::fs::metadata(folder).ok()?.len() {
        // One of the entries is the descriptor for reading the folder itself.
        0 => Some((std::fs::read_dir(folder).ok()?.count() as u64).saturating_sub(1)),
        count => Some(count),
    }
}

#[cfg(unix)]
fn max_files() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::Nofile).current
}

#[cfg(not(unix))]
fn max_files() -> Option<u64> {
    None
}

/// The processor time of a process.
#[cfg(unix)]
pub(crate) fn cpu(process: &str) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The program name, which is the second field, may contain spaces and brackets.
    let (_, rest) = stat.rsplit_once(") ")?;
    // Fields 14 and 15 of proc_pid_stat(5); `rest` begins with field 3.
    let mut times = rest.split(' ').skip(11).take(2);
    let mut ticks = || times.next()?.parse::<u64>().ok();
    let ticks = ticks()? + ticks()?;
    let per_second = rustix::param::clock_ticks_per_second();
    Some(Duration::from_secs_f64(ticks as f64 / per_second as f64))
}

#[cfg(not(unix))]
pub(crate) fn cpu(_: &str) -> Option<Duration> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn linux_tells_everything() {
        let uptime = Duration::from_secs(3);
        let one = Process::now(uptime);
        assert!(one.resident.unwrap() > 100_000 && one.cpu.is_some());
        assert!(one.started.unwrap() < SystemTime::UNIX_EPOCH.elapsed().unwrap());
        let more: Vec<_> = (0..50)
            .map(|_| std::fs::File::open("/proc/self/stat").unwrap())
            .collect();
        let two = Process::now(uptime);
        // Other tests in this process open files, too.
        assert!(two.open_files.unwrap() >= more.len() as u64);
        assert!(two.open_files.unwrap() < two.max_files.unwrap());
    }
}
