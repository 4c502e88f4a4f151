//! A proxy in front of several servers, set up as the chapter on running the server says.

use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::http::Client;
use crate::process::Process;
use crate::wait::wait_for;

/// A running proxy before two servers. It ends with its test.
#[derive(Debug)]
pub struct Balancer {
    address: SocketAddr,
    _process: Process,
    _folder: TempDir,
}

impl Balancer {
    /// nginx. `None` if it is not installed.
    ///
    /// # Errors
    /// When the chapter's configuration is not as expected, or what the system says.
    pub fn nginx(servers: [SocketAddr; 2]) -> Result<Option<Self>> {
        let start = |address: SocketAddr, folder: &TempDir| {
            let listen = ("listen 443 ssl;", format!("listen {address};"));
            let sites = example("nginx", servers, listen)?;
            let folder = folder.path().display();
            let places: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
                .concat();
            Ok(format!(
                "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr crit;\nevents {{}}\n\
                 http {{\naccess_log off;\n{places}{sites}}}\n"
            ))
        };
        Self::start("nginx", "-v", &["-e", "stderr", "-c"], start)
    }

    /// HAProxy. `None` if it is not installed.
    ///
    /// # Errors
    /// As [`nginx`](Self::nginx).
    pub fn haproxy(servers: [SocketAddr; 2]) -> Result<Option<Self>> {
        let start = |address: SocketAddr, _: &TempDir| {
            let bind = (
                "bind :443 ssl crt /etc/haproxy/push.pem",
                format!("bind {address}"),
            );
            example("haproxy", servers, bind)
        };
        Self::start("haproxy", "-v", &["-db", "-f"], start)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn start(
        program: &str,
        version: &str,
        options: &[&str],
        configuration: impl FnOnce(SocketAddr, &TempDir) -> Result<String>,
    ) -> Result<Option<Self>> {
        let program = format!("/usr/sbin/{program}");
        if Command::new(&program).arg(version).output().is_err() {
            eprintln!("{program} is not installed: nothing is tested");
            return Ok(None);
        }
        let folder = tempfile::Builder::new().prefix("holdline-e2e-").tempdir()?;
        // Free, and a moment later hopefully still so.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let path = folder.path().join("configuration");
        std::fs::write(&path, configuration(address, &folder)?)?;
        let mut command = Command::new(&program);
        command
            .args(options)
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let process = Process::spawn(&mut command)?;
        wait_for("the proxy to listen", || Client::connect(address).ok());
        Ok(Some(Self {
            address,
            _process: process,
            _folder: folder,
        }))
    }
}

/// The chapter's configuration for several servers, with addresses of the test's own and without TLS.
fn example(
    language: &str,
    servers: [SocketAddr; 2],
    (given, here): (&str, String),
) -> Result<String> {
    let (_, section) = CHAPTER
        .split_once("### Several servers behind one name\n")
        .context("the chapter has no section on several servers")?;
    let fence = format!("```{language}\n");
    let (_, example) = section.split_once(&fence).context("no configuration")?;
    let (example, _) = example.split_once("```").context("one without an end")?;
    let mut example = example.to_owned();
    let [one, two] = servers.map(|server| server.to_string());
    for (given, here) in [
        ("127.0.0.1:8081", one),
        ("127.0.0.1:8082", two),
        (given, here),
    ] {
        ensure!(
            example.matches(given).count() == 1,
            "{given} is not there once: {example}"
        );
        example = example.replace(given, &here);
    }
    Ok(example)
}

const CHAPTER: &str = include_str!("../../../docs/server.md");
