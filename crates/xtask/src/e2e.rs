//! Tests the built program with a browser and with third-party clients.

use std::path::PathBuf;

use anyhow::Result;

use crate::crowd::Crowd;
use crate::process::{cargo, target_dir};
use crate::workspace::{everything, tests};

/// They take longest: those that keep a browser busy, and beside them those that mostly wait.
const FIRST: [&str; 7] = [
    "techniques",
    "client",
    "broker_nats",
    "presence",
    "browser",
    "chat",
    "examples",
];

/// They keep the machine busy, look at the memory or the open files of the program under load, or have tokens that are
/// good for a few seconds.
const ALONE: [&str; 6] = ["abuse", "admission", "delivery", "many", "soak", "tokens"];

/// How many tests of one program run at a time.
const THREADS: usize = 4;

/// Runs the tests of `holdline-e2e` against the program as users get it: `packaged`, which was built from the packages,
/// or without that one built here. The tests find it and the examples for public WebSocket suites through the variables
/// `HOLDLINE_BIN` and `HOLDLINE_EXAMPLES`.
pub(crate) fn check(packaged: Option<PathBuf>) -> Result<()> {
    let program = match packaged {
        Some(program) => program,
        None => {
            cargo("build --release -p holdline --bin holdline").run()?;
            target_dir().join("release/holdline")
        }
    };
    let everything = everything()?;
    // Not in release mode, for which all that other examples need would be built once more.
    cargo(&format!(
        "build {everything} --example websocket_echo --example websocket_testsuite_client"
    ))
    .run()?;
    let crowd = Crowd {
        packages: &everything,
        targets: &tests(true)?,
        variables: &[
            ("HOLDLINE_BIN", program),
            ("HOLDLINE_EXAMPLES", target_dir().join("debug/examples")),
        ],
        threads: Some(THREADS),
        spare: 1,
        first: &FIRST,
        alone: &ALONE,
    };
    crowd.run()
}
