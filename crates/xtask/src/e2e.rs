//! Tests the built program with a browser and with third-party clients.

use anyhow::Result;

use crate::process::{cargo, target_dir};
use crate::workspace::{everything, tests};

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
    cargo(&format!("test {} {}", everything()?, tests(true)?))
        .env("HOLDLINE_BIN", release.join("holdline"))
        .env("HOLDLINE_EXAMPLES", release.join("examples"))
        .run()
}
