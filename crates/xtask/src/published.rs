//! Checks of what is published, with tools that take long to install: whether a version may follow another one, and the
//! licences and known faults of the crates below.

use anyhow::Result;

use crate::package::PUBLISHED;
use crate::process::{cargo, needs_cargo};

/// Compares the public interface of each published crate with that of an older commit, and fails when a change needs
/// a greater version than the manifest has.
///
/// # Errors
/// When the tool is missing, or says so.
pub(crate) fn semver(since: &str) -> Result<()> {
    needs_cargo("semver-checks")?;
    let packages = PUBLISHED.map(|name| format!("-p {name}")).join(" ");
    cargo(&format!(
        "semver-checks {packages} --all-features --baseline-rev {since}"
    ))
    .run()
}

/// Checks what `deny.toml` says: licences and sources, and then known faults, whose list must be fetched unless
/// `offline`.
///
/// # Errors
/// When the tool is missing, or found something.
pub(crate) fn deny(offline: bool) -> Result<()> {
    needs_cargo("deny")?;
    cargo("deny --offline check licenses bans sources").run()?;
    if offline {
        return Ok(());
    }
    cargo("deny check advisories").run()
}
