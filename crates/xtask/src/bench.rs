//! Compares the codecs with their peers: runs the benches, and makes one table of the ratios of their times.

mod marks;
mod report;
mod results;
mod table;

use std::fs;

use anyhow::{Context, Result};

use crate::process::{cargo, target_dir};
use crate::workspace::everything;
pub(crate) use report::{machine, versions, write_section};
use results::Results;
pub(crate) use results::{Ratio, median};
pub(crate) use table::show_time;

/// The bench as a test, as an argument of `cargo test`: it checks that all contestants of each case produce the same, and
/// times nothing.
pub(crate) const AS_A_TEST: &str = "--bench codecs";

/// Runs it as a test.
pub(crate) fn check() -> Result<()> {
    cargo(&format!("test {} {AS_A_TEST}", everything()?)).run()
}

/// Times the cases whose id contains `filter` and prints the table. Without a filter it also goes into
/// `docs/benchmarks.md`; with one only if these cases `renew` their rows of the last run.
///
/// # Errors
/// When the benches fail, or leave no result.
pub(crate) fn run(quick: bool, renew: bool, filter: Option<&str>) -> Result<()> {
    let home = target_dir().join("holdline-bench");
    if home.exists() && !renew {
        fs::remove_dir_all(&home).context("cannot remove old results")?;
    }
    let pace = if quick {
        "--quiet --warm-up-time 0.01 --measurement-time 0.02 --sample-size 10"
    } else {
        "--quiet"
    };
    let rounds = if quick { 3 } else { 6 };
    // Criterion takes the filter for a regular expression.
    cargo(&format!(
        "bench -p holdline-benches --bench codecs -- {pace}"
    ))
    .args(filter)
    .env("CRITERION_HOME", &home)
    .env("HOLDLINE_BENCH_ROUNDS", rounds.to_string())
    .run()?;
    let results = Results::read(&home)?;
    let (table, behind) = (table::table(&results), table::behind(&results));
    println!("{table}\n\n{behind}");
    if filter.is_some() && !renew {
        return Ok(());
    }
    let option = if quick { " --quick" } else { "" };
    let renewed = filter.map(|filter| format!("; then `--renew '{filter}'`"));
    let renewed = renewed.unwrap_or_default();
    let (machine, peers) = (machine(), versions(PEERS)?);
    write_section(
        "codecs",
        &format!(
            "{machine}\n\nCommand: `cargo xtask bench{option}`, {rounds} rounds{renewed}. Peers: {peers}.\n\n\
             {table}\n\n{behind}"
        ),
    )
}

/// The crates that the codecs are compared with, or that the floors are built on.
const PEERS: &[&str] = &[
    "axum",
    "eventsource-stream",
    "eventsource-stream2",
    "fastwebsockets",
    "httparse",
    "hyper",
    "memchr",
    "ratchet_core",
    "simdutf8",
    "sockudo-ws",
    "soketto",
    "sse-codec",
    "sse-frame",
    "sse-stream",
    "sseer",
    "tokio-websockets",
    "tungstenite",
    "ureq-proto",
    "web-socket",
    "websocket-codec",
    "websocket-sans-io",
    "wtx",
    "yawc",
];
