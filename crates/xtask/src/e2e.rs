//! The built program, driven by a browser and by other people's clients.

use anyhow::Result;

use crate::process::{cargo, target_dir};

/// Builds the program as users get it, and runs the tests of `holdline-e2e` against it.
/// They find it by the variable `HOLDLINE_BIN`.
pub(crate) fn check() -> Result<()> {
    cargo("build --release -p holdline").run()?;
    let program = target_dir().join("release").join("holdline");
    cargo("test -p holdline-e2e")
        .env("HOLDLINE_BIN", program)
        .run()
}
