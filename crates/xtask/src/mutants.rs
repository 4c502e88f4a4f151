//! What the tests of a codec crate miss: cargo-mutants changes one thing at a time and sees whether a test fails.

mod known;

use std::collections::HashMap;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::process::{cargo, needs_cargo, root};
use known::{Known, Outcomes};

/// Of those that can be compiled, at least so many of a hundred must be caught.
const WANTED: usize = 95;

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// holdline-http1, holdline-sse, holdline-websocket or holdline-comet
    package: String,
    /// Which mutants are drawn
    #[arg(long, default_value_t = 15)]
    seed: u64,
    /// How many are drawn
    #[arg(long, default_value_t = 300)]
    sample: usize,
    /// Go on after an earlier run: what was caught stays so, and what was missed is tried with all tests again. Only
    /// tests may have changed since then
    #[arg(long = "continue")]
    goes_on: bool,
    /// Run the quick tests alone, and leave what they miss to a later run with --continue
    #[arg(long)]
    quick: bool,
}

/// Tests a sample of the mutants of a crate, and reports what the crate's own tests miss. The quick tests catch most of
/// them, and only what these miss is tried with all.
///
/// # Errors
/// When too many are missed, or cargo-mutants is not there or fails.
pub(crate) fn run(options: &Options) -> Result<()> {
    needs_cargo("mutants")?;
    let package = &*options.package;
    let list = cargo(&format!("mutants --list --json -p {package}")).stdout()?;
    let mutants: Vec<Value> = serde_json::from_str(&list)?;
    let names = mutants.iter().filter_map(|mutant| mutant["name"].as_str());
    let names: Vec<_> = names.collect();
    let drawn = draw(&names, options.seed, options.sample);
    println!("{package}: {} of {} mutants", drawn.len(), names.len());

    let mut known = if options.goes_on {
        Known::read(package, &list)?
    } else {
        Known::begin(package, &list)?
    };
    known.test(known.untested(&drawn), &quick_tests(package))?;
    if !options.quick {
        known.test(known.missed(), &["--lib", "--tests"])?;
    }
    report(&known.outcomes)
}

/// The unit tests, and the test program that is called like the crate, if there is one.
fn quick_tests(package: &str) -> Vec<&str> {
    let name = package.trim_start_matches("holdline-");
    let tests = root().join("crates").join(package).join("tests");
    if tests.join(name).is_dir() {
        vec!["--lib", "--test", name]
    } else {
        vec!["--lib"]
    }
}

/// The mutants whose names, hashed with the seed, come first. Lines and columns are left out of that, so that most of
/// a sample stays the same when something above is changed.
fn draw<'n>(names: &[&'n str], seed: u64, sample: usize) -> Vec<&'n str> {
    let mut seen = HashMap::new();
    let ranked = names.iter().map(|&name| {
        let parts: Vec<_> = name.splitn(4, ':').collect();
        let what = format!("{}:{}", parts[0], parts[parts.len() - 1]);
        let nth = seen.entry(what.clone()).or_insert(0);
        let rank = Sha256::digest(format!("{seed}\n{what}\n{nth}"));
        *nth += 1;
        (rank, name)
    });
    let mut ranked: Vec<_> = ranked.collect();
    ranked.sort();
    ranked.truncate(sample);
    ranked.into_iter().map(|(_, name)| name).collect()
}

/// Prints the figures as a row of the table in docs/assurance.md, and what was missed.
fn report(outcomes: &Outcomes) -> Result<()> {
    let count = |summary: &str| outcomes.values().filter(|it| *it == summary).count();
    let [caught, missed, hung, unviable] =
        ["CaughtMutant", "MissedMutant", "Timeout", "Unviable"].map(count);
    let found = caught + hung;
    let viable = found + missed;
    if viable == 0 {
        bail!("no mutant could be tested; the log is in target/mutants");
    }
    println!("\nmissed:");
    let names = outcomes.iter().filter(|(_, it)| *it == "MissedMutant");
    names.for_each(|(name, _)| println!("  {name}"));
    println!(
        "\n| tested | do not compile | viable | caught | of them hang | missed | score |\n\
         |--:|--:|--:|--:|--:|--:|--:|\n\
         | {} | {unviable} | {viable} | {found} | {hung} | {missed} | {:.1} % |",
        viable + unviable,
        100.0 * found as f64 / viable as f64
    );
    if found * 100 < WANTED * viable {
        bail!("less than {WANTED} % are caught");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = [
        "src/a.rs:1:2: replace + with - in f",
        "src/a.rs:3:4: replace + with - in f",
        "src/a.rs:5:6: replace g -> bool with true",
        "src/b.rs:7:8: replace + with - in f",
    ];

    #[test]
    fn a_seed_always_draws_the_same_sample_and_another_one_another() {
        let samples: Vec<_> = (0..20).map(|seed| draw(&NAMES, seed, 2)).collect();
        assert_eq!(samples[7], draw(&NAMES, 7, 2));
        assert!(samples.iter().any(|sample| *sample != samples[7]));
        assert_eq!(draw(&NAMES, 7, 9).len(), 4);
    }

    #[test]
    fn a_line_that_moves_stays_in_the_sample() {
        let moved = NAMES.map(|name| name.replace(":3:4:", ":103:4:"));
        let moved: Vec<_> = moved.iter().map(|name| &**name).collect();
        for seed in 0..20 {
            let before = draw(&NAMES, seed, 2);
            let before = before.iter().map(|name| name.replace(":3:4:", ":103:4:"));
            assert_eq!(draw(&moved, seed, 2), before.collect::<Vec<_>>());
        }
    }
}
