//! The public suite itself (`cargo xtask long testsuite`): its client against our servers, its server against our client.
//!
//! It is written in Python 2.7 and installed with `python2.7 -m pip install autobahntestsuite`. `HOLDLINE_WSTEST` is its
//! command, by default `wstest`, and `HOLDLINE_CASES` says which cases to run, such as `1.*,12.1.*`. All of them take
//! hours.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use holdline_e2e::{EchoServer, Process, Server, testsuite_client, wait_for};
use serde_json::{Value, json};

#[test]
fn servers() {
    let Some(suite) = Suite::find() else { return };
    let limit = (16 << 20).to_string();
    let program = Server::start(&["--max-message", &limit, "--heartbeat", "1h"]).unwrap();
    let event_loop = EchoServer::start(&[]).unwrap();
    let threads = EchoServer::start(&["--threads"]).unwrap();
    let urls = [
        ("program", format!("ws://{}/echo", program.address())),
        ("event loop", format!("ws://{}/", event_loop.address())),
        ("threads", format!("ws://{}/", threads.address())),
    ];
    let folder = tempfile::tempdir().unwrap();
    let servers = urls.map(|(agent, url)| json!({"agent": agent, "url": url}));
    let mut run = suite.start("fuzzingclient", folder.path(), json!({"servers": servers}));
    assert!(run.child.wait().unwrap().success());
    assert_eq!(suite.judge(folder.path()), 3);
}

#[test]
fn client() {
    let Some(suite) = Suite::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    // Nobody else takes the port meanwhile, or the suite says so.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = json!({"url": format!("ws://{address}"), "webport": 0});
    let _running = suite.start("fuzzingserver", folder.path(), url);
    wait_for("the suite", || std::net::TcpStream::connect(address).ok());
    let mut client = testsuite_client(address, "client").unwrap();
    assert!(client.child.wait().unwrap().success());
    assert_eq!(suite.judge(folder.path()), 1);
}

struct Suite {
    command: OsString,
    cases: Vec<String>,
}

impl Suite {
    /// None in the short form of the tests.
    fn find() -> Option<Self> {
        std::env::var_os("HOLDLINE_LONG")?;
        let command = std::env::var_os("HOLDLINE_WSTEST");
        let cases = std::env::var("HOLDLINE_CASES").unwrap_or_else(|_| "*".into());
        Some(Self {
            command: command.unwrap_or_else(|| "wstest".into()),
            cases: cases.split(',').map(str::to_owned).collect(),
        })
    }

    fn start(&self, mode: &str, folder: &Path, mut what: Value) -> Process {
        what["outdir"] = json!(folder.join("reports"));
        what["cases"] = json!(self.cases);
        what["exclude-cases"] = json!([]);
        what["exclude-agent-cases"] = json!({});
        let file = folder.join("spec.json");
        fs::write(&file, what.to_string()).unwrap();
        let mut command = Command::new(&self.command);
        command.args(["-m", mode, "-s"]).arg(file);
        let started = Process::spawn(command.stdin(Stdio::null()).stdout(Stdio::null()));
        started.unwrap_or_else(|error| {
            panic!(
                "{:?} cannot be started ({error}): install it with `python2.7 -m pip install \
                 autobahntestsuite`, or let HOLDLINE_WSTEST name it",
                self.command
            )
        })
    }

    /// How many agents there are. None may have a case that is not good.
    fn judge(&self, folder: &Path) -> usize {
        let index = fs::read(folder.join("reports/index.json")).unwrap();
        let agents: BTreeMap<String, BTreeMap<String, Value>> =
            serde_json::from_slice(&index).unwrap();
        let mut bad = Vec::new();
        for (agent, cases) in &agents {
            println!("{agent}: {} cases", cases.len());
            assert!(!cases.is_empty(), "{agent}");
            for (case, result) in cases {
                let is_good = |key: &str| {
                    // Informational: the suite does not judge it.
                    matches!(result[key].as_str(), Some("OK" | "INFORMATIONAL"))
                };
                if !is_good("behavior") || !is_good("behaviorClose") {
                    bad.push(format!("{agent}, case {case}: {result}"));
                }
            }
        }
        assert!(bad.is_empty(), "{}", bad.join("\n"));
        agents.len()
    }
}
