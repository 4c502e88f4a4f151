//! The text around the tables of `docs/benchmarks.md`.

use std::fs;
use std::thread;

use anyhow::{Context, Result};

use crate::process::root;

/// Cores and processor.
pub(crate) fn machine() -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split_once(": "));
    let model = model.map_or("unknown", |(_, model)| model);
    let plural = if cores == 1 { "" } else { "s" };
    format!("Machine: {cores} core{plural}, {model}.")
}

/// The versions of these crates, as `Cargo.lock` has them.
///
/// # Errors
/// When it cannot be read or lacks one of them.
pub(crate) fn versions(names: &[&str]) -> Result<String> {
    let lock = fs::read_to_string(root().join("Cargo.lock")).context("Cargo.lock")?;
    let version = |name: &str| {
        let (_, after) = lock.split_once(&format!("\nname = \"{name}\"\nversion = \""))?;
        let (version, _) = after.split_once('"')?;
        Some(format!("{name} {version}"))
    };
    let found: Option<Vec<_>> = names.iter().map(|name| version(name)).collect();
    Ok(found.context("Cargo.lock lacks a peer")?.join(", "))
}

/// Replaces what is between `<!-- NAME: begin -->` and `<!-- NAME: end -->` of the page.
///
/// # Errors
/// When the page or its marks are missing.
pub(crate) fn write_section(name: &str, section: &str) -> Result<()> {
    let path = root().join("docs").join("benchmarks.md");
    let page = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let (begin, end) = (
        format!("<!-- {name}: begin -->"),
        format!("<!-- {name}: end -->"),
    );
    let parts = page.split_once(&begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(&end)?;
        Some((before, after))
    });
    let (before, after) = parts.with_context(|| format!("{} lacks {begin}", path.display()))?;
    fs::write(&path, format!("{before}{begin}\n{section}\n{end}{after}"))?;
    println!("\nwritten to {}", path.display());
    Ok(())
}
