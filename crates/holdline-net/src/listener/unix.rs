//! Unix sockets that listen, the files that name them, and sockets from other processes.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use crate::address::Address;

/// The file of a Unix socket that this process has made. Removed when this value is dropped, if it is the same file
/// still.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
}

impl SocketFile {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            identity: identity(path)?,
        })
    }

    /// Another process needs the file from now on.
    pub(crate) fn leave(mut self) {
        self.path = PathBuf::new();
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|identity| identity == self.identity)
            && let Err(error) = fs::remove_file(&self.path)
        {
            let path = self.path.display();
            tracing::warn!(%path, %error, "the file of a Unix socket cannot be removed");
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let file = fs::symlink_metadata(path)?;
    Ok((file.dev(), file.ino()))
}

/// Makes a socket file, and listens on it when it has its access rights.
pub(super) fn bind(path: &Path, mode: u32, backlog: i32) -> io::Result<(UnixListener, SocketFile)> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    let address = SockAddr::unix(path)?;
    // Of two processes that start at once, neither must remove the file that the other is about to listen on.
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let lock = File::open(folder)?;
    flock(&lock, FlockOperation::LockExclusive)?;
    make_way(path, &address)?;
    socket.bind(&address)?;
    let file = SocketFile::of(path)?;
    // Nobody can connect before `listen`.
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    socket.listen(backlog)?;
    Ok((socket.into(), file))
}

/// Removes a socket file that nobody listens on.
fn make_way(path: &Path, address: &SockAddr) -> io::Result<()> {
    let file = match fs::symlink_metadata(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !file.file_type().is_socket() {
        let what = "there is a file that is no socket, and it is not replaced";
        return Err(io::Error::new(ErrorKind::AlreadyExists, what));
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // One that lives and is busy must not keep us waiting.
    probe.set_nonblocking(true)?;
    match probe.connect(address) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(error),
        Ok(()) | Err(_) => {
            let what = "another process listens on this socket";
            Err(io::Error::new(ErrorKind::AddrInUse, what))
        }
    }
}

/// Where a socket listens that another program has opened.
pub(super) fn listening_address(fd: &OwnedFd) -> io::Result<Address> {
    let refused = |what: &str| Err(io::Error::new(ErrorKind::InvalidInput, what));
    let socket = SockRef::from(fd);
    if socket.r#type()? != Type::STREAM {
        return refused("this is no stream socket");
    }
    #[cfg(not(any(target_os = "macos", target_os = "ios")))]
    if !socket.is_listener()? {
        return refused("this socket does not listen");
    }
    let address = socket.local_addr()?;
    match address.as_socket() {
        Some(address) => Ok(Address::Tcp(address)),
        // One without a file has no path.
        None if address.is_unix() => {
            let path = address.as_pathname().map(Path::to_owned);
            Ok(Address::Unix(path.unwrap_or_default()))
        }
        None => refused("this is neither a TCP nor a Unix socket"),
    }
}
