//! Log lines for standard error that nobody has to wait for.
//!
//! Lines are handed to a thread of their own. If that thread is behind, because whatever reads standard error is
//! slow or stuck, up to [`WAITING`] lines wait, and further ones are dropped and counted. Before the next line for
//! which there is room, another line says how many are missing.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

/// Where log lines go.
#[derive(Clone, Debug)]
pub(crate) struct LogLines {
    lines: SyncSender<Vec<u8>>,
    dropped: Arc<AtomicU64>,
    /// Dropped lines that have not been reported yet.
    untold: Arc<AtomicU64>,
    written: Arc<Mutex<Receiver<()>>>,
}

impl LogLines {
    /// Starts the thread, which writes to `out`.
    pub(crate) fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (lines, received) = sync_channel(WAITING);
        let (done, written) = sync_channel(1);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(&received, &done, out))?;
        Ok(Self {
            lines,
            dropped: Arc::default(),
            untold: Arc::default(),
            written: Arc::new(Mutex::new(written)),
        })
    }

    /// Hands over one or more lines, each with its line end. Never blocks.
    pub(crate) fn line(&self, mut line: Vec<u8>) {
        let missing = self.untold.swap(0, Ordering::Relaxed);
        if missing > 0 {
            let told = format!(
                "holdline: {missing} lines of the log are missing here: nobody read them in time\n"
            );
            line.splice(0..0, told.into_bytes());
        }
        if self.lines.try_send(line).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            self.untold.fetch_add(missing + 1, Ordering::Relaxed);
        }
    }

    /// How many lines were dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits until everything is written, but not for long if nobody reads it. Call it at the end of the program.
    pub(crate) fn flush(&self) {
        let until = Instant::now() + PATIENCE;
        // An empty line asks for a confirmation. At first there may be no room for it.
        while let Err(TrySendError::Full(_)) = self.lines.try_send(Vec::new()) {
            if Instant::now() >= until {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.saturating_duration_since(Instant::now());
        match written.recv_timeout(left) {
            Ok(()) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }
}

fn write_all(lines: &Receiver<Vec<u8>>, done: &SyncSender<()>, mut out: impl Write) {
    for line in lines {
        if line.is_empty() {
            // It does not matter if nobody waits for it any more.
            let _ = done.try_send(());
        }
        // There is nowhere to report that the log cannot be written.
        let _ = out.write_all(&line);
    }
}

/// One event of `tracing`, which arrives in pieces.
#[derive(Debug)]
pub(crate) struct Event<'l> {
    lines: &'l LogLines,
    text: Vec<u8>,
}

impl Write for Event<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Event<'_> {
    fn drop(&mut self) {
        if !self.text.is_empty() {
            self.lines.line(std::mem::take(&mut self.text));
        }
    }
}

impl<'l> MakeWriter<'l> for LogLines {
    type Writer = Event<'l>;

    fn make_writer(&'l self) -> Event<'l> {
        Event {
            lines: self,
            text: Vec::new(),
        }
    }
}

/// The maximum number of lines that wait. The line of a request has about 200 bytes, and at most 2 KiB.
const WAITING: usize = 8192;
/// How long the program waits at its end for a log that nobody reads.
const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// Takes the first line and then nothing until it is released.
    struct Stuck {
        go: Receiver<()>,
        lines: Sender<String>,
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.lines
                .send(String::from_utf8_lossy(bytes).into())
                .unwrap();
            self.go.recv().unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_that_nobody_reads_blocks_nobody_and_says_what_is_missing() {
        let ((let_go, go), (lines, written)) = (channel(), channel());
        let log = LogLines::start(Stuck { go, lines }).unwrap();
        log.line(b"first\n".to_vec());
        assert_eq!(written.recv().unwrap(), "first\n");
        for _ in 0..WAITING + 70 {
            log.line(b"more\n".to_vec());
        }
        assert_eq!(log.dropped(), 70);
        // Nobody is blocked while the writer is stuck, and the end of the program does not wait for ever.
        log.flush();
        for _ in 0..=WAITING {
            let_go.send(()).unwrap();
        }
        let waited = written.iter().take(WAITING);
        assert_eq!(waited.filter(|line| line == "more\n").count(), WAITING);
        log.line(b"last\n".to_vec());
        let last = written.recv().unwrap();
        let missing = "holdline: 70 lines of the log are missing here: nobody read them in time\n";
        assert_eq!(last, format!("{missing}last\n"));
    }
}
