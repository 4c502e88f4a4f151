//! What the server listens on: its options, sockets from systemd, and sockets from the previous process.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;

use holdline_net::{Address, Listener};

use crate::config::{Endpoint, ListenArguments};
use crate::handover::Predecessor;

/// All listeners: those of HTTP, then those of plug-in sockets, then those of `--admin`.
#[derive(Debug)]
pub(crate) struct Doors {
    pub(crate) listeners: Vec<Listener>,
    /// The name of each, under which the next process can ask for it.
    pub(crate) names: Vec<String>,
    sockets_from: usize,
    pub(crate) admin_from: usize,
    /// Whether others hold the sockets, too, so that these outlive this process.
    pub(crate) outlive: bool,
}

impl Doors {
    /// Opens all listeners or takes them over.
    pub(crate) fn open(
        arguments: &ListenArguments,
        predecessor: Option<&mut Predecessor>,
    ) -> Result<Self, String> {
        let mut inherited = inherited()?;
        let admin = inherited.split_off(
            inherited
                .iter()
                .position(|(name, _)| name == SYSTEMD_ADMIN)
                .unwrap_or(inherited.len()),
        );
        let mut taker = Taker {
            arguments,
            predecessor,
            found: Vec::new(),
        };
        taker.found.append(&mut inherited);
        for endpoint in &arguments.listen {
            taker.get(endpoint, &endpoint.to_string(), false)?;
        }
        if taker.found.is_empty() {
            taker.take(SYSTEMD)?;
        }
        if taker.found.is_empty() {
            let endpoint = Endpoint::Tcp(DEFAULT.to_owned());
            taker.get(&endpoint, DEFAULT, false)?;
        }
        let sockets_from = taker.found.len();
        for endpoint in &arguments.socket_listen {
            taker.get(endpoint, &format!("socket {endpoint}"), false)?;
        }
        let admin_from = taker.found.len();
        taker.found.extend(admin);
        if let Some(endpoint) = &arguments.admin {
            taker.get(endpoint, &format!("admin {endpoint}"), true)?;
        }
        let outlive = taker.found[..admin_from]
            .iter()
            .all(|(name, _)| name == SYSTEMD);
        let (names, listeners): (_, Vec<Listener>) = taker.found.into_iter().unzip();
        let listeners = (0..).zip(listeners);
        let listeners =
            listeners.map(
                |(at, listener)| match (sockets_from..admin_from).contains(&at) {
                    true => listener.raw(),
                    false => listener,
                },
            );
        Ok(Self {
            listeners: listeners.collect(),
            names,
            sockets_from,
            admin_from,
            outlive,
        })
    }

    /// Makes sure that the files of Unix sockets are removed at the end, including those that the previous process
    /// created. From now on this process must not fail, because the previous one would still need these files.
    #[cfg(unix)]
    pub(crate) fn adopt_files(&mut self) {
        for (name, listener) in self.names.iter().zip(&mut self.listeners) {
            if name.contains("unix:")
                && let Err(error) = listener.remove_file_at_the_end()
            {
                tracing::warn!(%error, "the file of {name} will not be removed at the end");
            }
        }
    }

    /// The port of plug-in sockets, the first if there are several.
    pub(crate) fn socket_port(&self) -> Option<u16> {
        let first = self.listeners[self.sockets_from..self.admin_from].first()?;
        first.address().tcp().map(|address| address.port())
    }

    pub(crate) fn has_admin(&self) -> bool {
        self.admin_from < self.listeners.len()
    }

    /// One line for each listener. The listener with the page comes first.
    pub(crate) fn lines(&self) -> Vec<String> {
        let url = |listener: &Listener, path: &str| match listener.address() {
            Address::Tcp(address) => format!("http://{address}{path}"),
            address => address.to_string(),
        };
        let (public, admin) = self.listeners.split_at(self.admin_from);
        let (public, sockets) = public.split_at(self.sockets_from);
        let sockets = sockets.iter();
        let sockets = sockets
            .map(|listener| format!("Holdline answers plug-in sockets on {}", listener.address()));
        let public = public.iter();
        let public = public.map(|listener| format!("Holdline serves on {}", url(listener, "/")));
        let admin = admin.iter();
        let admin =
            admin.map(|listener| format!("Holdline is watched on {}", url(listener, "/stats")));
        public.chain(sockets).chain(admin).collect()
    }
}

struct Taker<'a> {
    arguments: &'a ListenArguments,
    predecessor: Option<&'a mut Predecessor>,
    found: Vec<(String, Listener)>,
}

impl Taker<'_> {
    /// Takes what the previous process has under this name. Returns whether there was anything.
    fn take(&mut self, name: &str) -> Result<bool, String> {
        let Some(predecessor) = &mut self.predecessor else {
            return Ok(false);
        };
        let taken = predecessor.take(name)?;
        let any = !taken.is_empty();
        let named = taken.into_iter().map(|taken| (name.to_owned(), taken));
        self.found.extend(named);
        Ok(any)
    }

    fn get(&mut self, endpoint: &Endpoint, name: &str, admin: bool) -> Result<(), String> {
        if admin {
            self.judge_admin(endpoint)?;
        }
        if self.take(name)? {
            return Ok(());
        }
        let bound = match endpoint {
            Endpoint::Tcp(text) => self.bind(text),
            Endpoint::Unix(path) => bind_unix(path, self.arguments.unix_mode).map(|one| vec![one]),
        };
        let bound = bound.map_err(|error| format!("cannot listen on {endpoint}: {error}"))?;
        let named = bound.into_iter().map(|bound| (name.to_owned(), bound));
        self.found.extend(named);
        Ok(())
    }

    /// Without a token, the admin address must be reachable only from this machine.
    fn judge_admin(&self, endpoint: &Endpoint) -> Result<(), String> {
        let Endpoint::Tcp(text) = endpoint else {
            return Ok(());
        };
        let addresses = resolve(text).map_err(|error| format!("--admin {text}: {error}"))?;
        let open = addresses.iter().find(|address| !address.ip().is_loopback());
        match open {
            Some(address) if self.arguments.admin_token.is_none() => Err(format!(
                "--admin {address} can be reached from other machines: give --admin-token as well, or listen on a \
                 loopback address such as 127.0.0.1:{} or on unix:PATH",
                address.port()
            )),
            _ => Ok(()),
        }
    }

    /// Listens on all addresses of a name. An address that this machine does not have is skipped if there is
    /// another.
    fn bind(&self, text: &str) -> io::Result<Vec<Listener>> {
        let mut bound: Vec<Listener> = Vec::new();
        let mut missing = None;
        for mut address in resolve(text)? {
            // If any free port will do, all addresses should get the same one.
            if let (0, Some(first)) = (address.port(), bound.first()) {
                address.set_port(first.address().tcp().map_or(0, |first| first.port()));
            }
            match self.bind_one(address) {
                Ok(listener) => bound.push(listener),
                Err(error) if is_missing(&error) => {
                    tracing::debug!(%address, %error, "not an address of this machine");
                    missing = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        match missing {
            Some(error) if bound.is_empty() => Err(error),
            _ => Ok(bound),
        }
    }

    fn bind_one(&self, address: SocketAddr) -> io::Result<Listener> {
        #[cfg(unix)]
        if self.arguments.reuse_port {
            return Listener::bind_reusing_port(address);
        }
        Listener::bind(address)
    }
}

fn resolve(text: &str) -> io::Result<Vec<SocketAddr>> {
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in text.to_socket_addrs()? {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(io::Error::new(
            ErrorKind::NotFound,
            "the name has no address",
        ));
    }
    Ok(addresses)
}

/// Whether the error means that this machine does not have the address, or not this kind of address.
fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::AddrNotAvailable | ErrorKind::Unsupported
    ) || error.raw_os_error() == Some(NO_SUCH_FAMILY)
}

#[cfg(unix)]
fn bind_unix(path: &Path, mode: u32) -> io::Result<Listener> {
    Listener::bind_unix(path, mode)
}

#[cfg(not(unix))]
fn bind_unix(_path: &Path, _mode: u32) -> io::Result<Listener> {
    Err(ErrorKind::Unsupported.into())
}

/// The sockets that systemd hands over. Those that its unit names `admin` are for `--admin` and come last.
#[cfg(unix)]
fn inherited() -> Result<Vec<(String, Listener)>, String> {
    use std::os::fd::OwnedFd;

    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut fds = listenfd::ListenFd::from_env();
    let mut inherited = Vec::new();
    for index in 0..fds.len() {
        let name = match names.next() {
            Some("admin") => SYSTEMD_ADMIN,
            _ => SYSTEMD,
        };
        let tcp = fds
            .take_tcp_listener(index)
            .map(|taken| taken.map(OwnedFd::from));
        let taken = match tcp {
            Err(_) => fds
                .take_unix_listener(index)
                .map(|taken| taken.map(OwnedFd::from)),
            tcp => tcp,
        };
        let adopted = match taken {
            Ok(Some(fd)) => Listener::from_fd(fd),
            Ok(None) => continue,
            Err(error) => Err(error),
        };
        let adopted = adopted.map_err(|error| {
            format!("socket {index} that was handed over (LISTEN_FDS) cannot be used: {error}")
        })?;
        inherited.push((name.to_owned(), adopted));
    }
    inherited.sort_by_key(|(name, _)| name == SYSTEMD_ADMIN);
    Ok(inherited)
}

#[cfg(not(unix))]
fn inherited() -> Result<Vec<(String, Listener)>, String> {
    Ok(Vec::new())
}

const DEFAULT: &str = "127.0.0.1:8080";
/// The name for sockets from systemd.
const SYSTEMD: &str = "systemd";
const SYSTEMD_ADMIN: &str = "systemd admin";
/// `EAFNOSUPPORT`: a kernel without IPv6.
const NO_SUCH_FAMILY: i32 = if cfg!(target_os = "linux") { 97 } else { 47 };
