//! The old process: gives its sockets away and stops.

use std::io::{self, BufRead, BufReader, ErrorKind, IoSlice, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use holdline_net::{Listener, Server};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use super::ask::{MOST, Predecessor};
use crate::threads;

/// The sockets that the next process may have.
#[derive(Debug)]
pub(crate) struct Offer {
    offered: Arc<Mutex<Option<Offered>>>,
}

#[derive(Debug)]
struct Offered {
    control: Listener,
    sockets: Vec<OwnedFd>,
}

impl Offer {
    /// Listens on `path`, or continues with the socket of the previous process.
    pub(crate) fn new(path: &Path, before: Option<&mut Predecessor>) -> Result<Self, String> {
        let bound = match before.and_then(|before| before.control.take()) {
            Some(fd) => Listener::from_fd(fd),
            None => Listener::bind_unix(path, 0o600),
        };
        let path = path.display();
        let control =
            bound.map_err(|error| format!("cannot listen on {path} (--handover): {error}"))?;
        let sockets = Vec::new();
        let offered = Offered { control, sockets };
        Ok(Self {
            offered: Arc::new(Mutex::new(Some(offered))),
        })
    }

    /// Gives the listeners of `server` to any process that asks, on a thread of its own. Calls `given` once the
    /// other process has taken over.
    pub(crate) fn start(
        &self,
        names: &[String],
        server: &Server,
        given: impl FnOnce() + Send + 'static,
    ) -> Result<(), String> {
        let what = |error: io::Error| format!("--handover: {error}");
        if names.len() >= MOST {
            return Err(format!("--handover takes fewer than {MOST} listeners"));
        }
        let line = serde_json::to_string(names).map_err(|error| error.to_string())? + "\n";
        let copies: io::Result<Vec<OwnedFd>> =
            server.listeners().map(Listener::try_clone_fd).collect();
        let mut offered = lock(&self.offered);
        let Some(offered) = offered.as_mut() else {
            return Ok(());
        };
        offered.sockets = copies.map_err(what)?;
        offered.control.remove_file_at_the_end().map_err(what)?;
        let giver = Giver {
            control: offered.control.try_clone_fd().map_err(what)?.into(),
            offered: Arc::clone(&self.offered),
            line,
        };
        let wait = move || {
            giver.wait();
            given();
        };
        threads::start("handover", wait).map(drop)
    }

    /// The server is stopping or has ended, so nobody can have the sockets any more. The file of the handover socket
    /// is removed, unless the sockets were given away.
    pub(crate) fn withdraw(&self) {
        *lock(&self.offered) = None;
    }
}

fn lock(offered: &Mutex<Option<Offered>>) -> MutexGuard<'_, Option<Offered>> {
    offered.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Giver {
    control: UnixListener,
    offered: Arc<Mutex<Option<Offered>>>,
    line: String,
}

impl Giver {
    /// Returns once another process has taken over.
    fn wait(&self) {
        if let Err(error) = self.control.set_nonblocking(false) {
            tracing::warn!(%error, "a handover may not work");
        }
        loop {
            let taken = match self.control.accept() {
                Ok((stream, _)) => self.give(&stream),
                Err(error) => {
                    // For example if too many files are open.
                    thread::sleep(PAUSE);
                    Err(error)
                }
            };
            match taken {
                Ok(()) => break,
                Err(error) => {
                    tracing::warn!(%error, "a process asked for the sockets and did not take over");
                }
            }
        }
        if let Some(offered) = lock(&self.offered).as_mut() {
            offered.control.leave_file();
        }
    }

    fn give(&self, stream: &UnixStream) -> io::Result<()> {
        judge(stream)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        self.send(stream)?;
        let mut answer = String::new();
        BufReader::new(io::Read::take(stream, 16)).read_line(&mut answer)?;
        match answer.as_str() {
            "ready\n" => Ok(()),
            _ => Err(io::Error::new(ErrorKind::UnexpectedEof, "it is not ready")),
        }
    }

    fn send(&self, mut stream: &UnixStream) -> io::Result<()> {
        let offered = lock(&self.offered);
        let Some(offered) = offered.as_ref() else {
            return Err(io::Error::other("the server is stopping"));
        };
        let control = std::iter::once(self.control.as_fd());
        let fds: Vec<BorrowedFd<'_>> = control
            .chain(offered.sockets.iter().map(AsFd::as_fd))
            .collect();
        let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
        let mut rights = SendAncillaryBuffer::new(&mut space);
        if !rights.push(SendAncillaryMessage::ScmRights(&fds)) {
            return Err(io::Error::new(ErrorKind::InvalidInput, "too many sockets"));
        }
        let line = self.line.as_bytes();
        let text = [IoSlice::new(line)];
        let sent = sendmsg(stream, &text, &mut rights, SendFlags::NOSIGNAL)?;
        stream.write_all(line.get(sent..).unwrap_or_default())
    }
}

/// The other process must belong to the same user, or to root. The mode of the file enforces the same.
fn judge(stream: &UnixStream) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let asks = rustix::net::sockopt::socket_peercred(stream)?.uid;
        if !asks.is_root() && asks != rustix::process::geteuid() {
            let what = "another user is asking for the sockets";
            return Err(io::Error::new(ErrorKind::PermissionDenied, what));
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = stream; // The mode of the file is all there is.
    Ok(())
}

/// How long the other process may take until it serves.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long to wait before trying to accept again.
const PAUSE: Duration = Duration::from_secs(1);
