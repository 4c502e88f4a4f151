//! Tests the built program with a browser and with third-party clients.

use anyhow::Result;

use crate::crowd::Crowd;
use crate::process::{cargo, target_dir};
use crate::workspace::{everything, tests};

/// They take longest, most of it waiting.
const FIRST: [&str; 6] = [
    "client",
    "techniques",
    "browser",
    "chat",
    "presence",
    "examples",
];

/// They keep the machine busy, look at the memory or the open files of the program under load, or have tokens that are
/// good for a few seconds.
const ALONE: [&str; 6] = ["abuse", "admission", "delivery", "many", "soak", "tokens"];

/// How many tests of one program run at a time.
const THREADS: usize = 4;

/// Builds the program as users get it, and the examples for public WebSocket suites, and runs the tests of
/// `holdline-e2e` against them. The tests find them through the variables `HOLDLINE_BIN` and `HOLDLINE_EXAMPLES`.
pub(crate) fn check() -> Result<()> {
    // The program asks for all features of holdline-net, so the examples are built with the same one.
    cargo(
        "build --release -p holdline -p holdline-net --bin holdline \
         --example websocket_echo --example websocket_testsuite_client",
    )
    .run()?;
    let release = target_dir().join("release");
    let crowd = Crowd {
        packages: &everything()?,
        targets: &tests(true)?,
        variables: &[
            ("HOLDLINE_BIN", release.join("holdline")),
            ("HOLDLINE_EXAMPLES", release.join("examples")),
        ],
        threads: Some(THREADS),
        first: &FIRST,
        alone: &ALONE,
    };
    crowd.run()
}
