//! Whether the published crates build with the oldest Rust that they name.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use crate::package::PUBLISHED;
use crate::process::{Program, target_dir};
use crate::workspace::packages;

/// Installs those toolchains with rustup, and checks each crate with all its features. That no newer part of the
/// standard library is used is also found by clippy (`incompatible_msrv`), in the step `lint`; this checks the language
/// and what the crates depend on.
pub(crate) fn check() -> Result<()> {
    let mut by_version = BTreeMap::<String, Vec<String>>::new();
    for package in packages()? {
        if PUBLISHED.contains(&&*package.name) {
            let version = package.rust_version;
            let version =
                version.with_context(|| format!("{} has no rust-version", package.name))?;
            by_version.entry(version).or_default().push(package.name);
        }
    }
    for (version, names) in by_version {
        let install = ["toolchain", "install", &version, "--profile", "minimal"];
        Program::new("rustup", install).run()?;
        // Through rustup, because we run inside another cargo.
        let check = [
            "run",
            &version,
            "cargo",
            "check",
            "--locked",
            "--all-features",
        ];
        let packages = names.iter().flat_map(|name| ["-p", name]);
        // Apart, since each version of Rust would replace what another one has built.
        let folder = target_dir().join("msrv");
        Program::new("rustup", check.into_iter().chain(packages))
            .env("CARGO_TARGET_DIR", folder)
            .run()?;
    }
    Ok(())
}
