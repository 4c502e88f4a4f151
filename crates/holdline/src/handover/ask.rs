//! The new process: takes over the sockets.

use std::io::{self, BufRead, BufReader, ErrorKind, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use holdline_net::Listener;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

/// The process before this one, and the sockets it offers.
#[derive(Debug)]
pub(crate) struct Predecessor {
    stream: UnixStream,
    /// The socket that was used for asking.
    pub(super) control: Option<OwnedFd>,
    sockets: Vec<(String, OwnedFd)>,
}

impl Predecessor {
    /// Asks the process that listens on `path`, if there is one.
    pub(crate) fn ask(path: &Path) -> Result<Option<Self>, String> {
        let stream = match UnixStream::connect(path) {
            Ok(stream) => stream,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::ConnectionRefused
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(describe(path, &error)),
        };
        Self::receive(stream)
            .map(Some)
            .map_err(|error| describe(path, &error))
    }

    fn receive(stream: UnixStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(ANSWER))?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut first = [0; 4096];
        let flags = RecvFlags::CMSG_CLOEXEC;
        let received = recvmsg(
            &stream,
            &mut [IoSliceMut::new(&mut first)],
            &mut control,
            flags,
        )?;
        let mut fds: Vec<OwnedFd> = Vec::new();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(sent) = message {
                fds.extend(sent);
            }
        }
        let begin = first.get(..received.bytes).unwrap_or_default();
        let mut line = String::new();
        BufReader::new(begin.chain(&stream))
            .take(LINE)
            .read_line(&mut line)?;
        let strange =
            || io::Error::new(ErrorKind::InvalidData, "it gives no sockets of a Holdline");
        let names: Vec<String> = serde_json::from_str(&line).map_err(|_| strange())?;
        if fds.len() != names.len() + 1 {
            return Err(strange());
        }
        let mut fds = fds.into_iter();
        Ok(Self {
            stream,
            control: fds.next(),
            sockets: names.into_iter().zip(fds).collect(),
        })
    }

    /// Takes the sockets it has under this name.
    pub(crate) fn take(&mut self, name: &str) -> Result<Vec<Listener>, String> {
        let (taken, left) = std::mem::take(&mut self.sockets)
            .into_iter()
            .partition(|(has, _)| has == name);
        self.sockets = left;
        let taken: Vec<(String, OwnedFd)> = taken;
        let adopted = taken.into_iter().map(|(_, fd)| Listener::from_fd(fd));
        let adopted: io::Result<Vec<Listener>> = adopted.collect();
        adopted.map_err(|error| format!("{name} cannot be taken over: {error}"))
    }

    /// The names of sockets that nobody has taken: clients that connect there are refused once the old process has
    /// ended.
    pub(crate) fn left(&self) -> impl Iterator<Item = &str> {
        self.sockets.iter().map(|(name, _)| name.as_str())
    }

    /// Tells it to stop, because we accept connections now.
    pub(crate) fn ready(mut self) {
        if let Err(error) = self.stream.write_all(b"ready\n") {
            tracing::warn!(%error, "the process before this one may have ended without a handover");
        }
    }
}

fn describe(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    format!("cannot take over from the process that listens on {path} (--handover): {error}")
}

/// How long it may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// The maximum number of sockets: Linux allows no more in one message.
pub(super) const MOST: usize = 253;
/// The maximum length of the line with the names, in bytes.
const LINE: u64 = 1 << 20;
