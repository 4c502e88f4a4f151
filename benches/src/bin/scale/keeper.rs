//! Where a server keeps messages: what must run for it, and the options that say so.

use std::io;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use holdline_benches::child::{Killed, listens};
use tempfile::TempDir;

pub(crate) struct Keeper {
    pub(crate) name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Memory,
    /// With this `--sync`.
    Disk(&'static str),
    /// With this `appendfsync`.
    Redis(&'static str),
    JetStream,
}

pub(crate) const KEEPERS: &[Keeper] = &[
    Keeper {
        name: "memory",
        kind: Kind::Memory,
    },
    Keeper {
        name: "`--data`, `--sync always`",
        kind: Kind::Disk("always"),
    },
    Keeper {
        name: "`--data`, `--sync 50ms`",
        kind: Kind::Disk("50ms"),
    },
    Keeper {
        name: "Redis, `appendfsync always`",
        kind: Kind::Redis("always"),
    },
    Keeper {
        name: "Redis, `appendfsync everysec`",
        kind: Kind::Redis("everysec"),
    },
    Keeper {
        name: "JetStream, as it comes",
        kind: Kind::JetStream,
    },
];

/// It ends when this is dropped, and its files are removed.
pub(crate) struct Running {
    /// For a server of Holdline.
    pub(crate) options: Vec<String>,
    process: Option<Killed>,
    /// Removed after the process has ended.
    _folder: TempDir,
}

impl Keeper {
    /// Whether what it needs is installed.
    pub(crate) fn is_there(&self) -> bool {
        let program = match self.kind {
            Kind::Memory | Kind::Disk(_) => return true,
            Kind::Redis(_) => "redis-server",
            Kind::JetStream => "nats-server",
        };
        Command::new(program).arg("--version").output().is_ok()
    }

    pub(crate) fn start(&self) -> io::Result<Running> {
        let folder = tempfile::tempdir()?;
        let path = folder.path();
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let port = address.port();
        let name = path.display().to_string();
        let (options, command) = match self.kind {
            Kind::Memory => (Vec::new(), None),
            Kind::Disk(sync) => (
                vec![
                    "--data".to_owned(),
                    name,
                    "--sync".to_owned(),
                    sync.to_owned(),
                ],
                None,
            ),
            Kind::Redis(sync) => {
                let mut command = Command::new("redis-server");
                command
                    .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
                    .args(["--save", "", "--appendonly", "yes", "--appendfsync", sync])
                    .args(["--dir", &name]);
                (
                    vec!["--broker".to_owned(), format!("redis://127.0.0.1:{port}")],
                    Some(command),
                )
            }
            Kind::JetStream => {
                let mut command = Command::new("nats-server");
                command
                    .args(["-js", "-a", "127.0.0.1", "-p", &port.to_string()])
                    .args(["-sd", &name]);
                (
                    vec!["--broker".to_owned(), format!("nats://127.0.0.1:{port}")],
                    Some(command),
                )
            }
        };
        let mut running = Running {
            options,
            process: None,
            _folder: folder,
        };
        if let Some(mut command) = command {
            let quiet = command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            running.process = Some(Killed(quiet.spawn()?));
            listens(address)?;
        }
        Ok(running)
    }
}
