//! What the tests of a codec crate miss: cargo-mutants changes one thing at a time and sees whether a test fails.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::process::{cargo, needs_cargo, root, shown, target_dir};

/// Of those that can be compiled, at least so many of a hundred must be caught.
const WANTED: usize = 95;

/// A test that takes longer hangs. The longest takes half of that on a busy machine.
const SECONDS: &str = "120";

/// Tests `sample` mutants of a crate with its own unit and integration tests, and reports what they miss.
///
/// # Errors
/// When too many are missed, or cargo-mutants is not there or fails.
pub(crate) fn run(package: &str, seed: u64, sample: usize) -> Result<()> {
    needs_cargo("mutants")?;
    let list = cargo(&format!("mutants --list --json -p {package}")).stdout()?;
    let list: Vec<Value> = serde_json::from_str(&list)?;
    let names = list.iter().filter_map(|mutant| mutant["name"].as_str());
    let names: Vec<_> = names.collect();
    let drawn = draw(&names, seed, sample);
    println!("{package}: {} of {} mutants", drawn.len(), names.len());
    let folder = target_dir().join("mutants").join(package);
    fs::create_dir_all(&folder)?;
    let config = folder.join("sample.toml");
    fs::write(&config, configuration(&drawn))?;
    test(package, &config, &folder)?;
    report(&folder.join("mutants.out/outcomes.json"))
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

/// What cargo-mutants is to test. It always adds the few mutants that leave a field out.
fn configuration(names: &[&str]) -> String {
    let mut lines = String::from("examine_re = [\n");
    for name in names {
        lines.push_str(&format!("    '''^{}$''',\n", escaped(name)));
    }
    lines + "]\n"
}

/// A text as the regular expression that matches just it.
fn escaped(text: &str) -> String {
    let escape = |char| match char {
        '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$'
        | '#' | '&' | '-' | '~' => format!("\\{char}"),
        char => char.to_string(),
    };
    text.chars().map(escape).collect()
}

fn test(package: &str, config: &Path, folder: &Path) -> Result<()> {
    let arguments = "mutants --all-features --cap-lints true --no-shuffle --build-timeout 600";
    let config_shown = shown(config);
    let folder_shown = shown(folder);
    let run = cargo(arguments)
        .args([
            "-p",
            package,
            "--timeout",
            SECONDS,
            "--config",
            &config_shown,
        ])
        .args(["--output", &folder_shown])
        // The first test that fails is enough; for this option, test programs of stable Rust want this variable.
        .args([
            "--cargo-arg",
            r#"--config=target."cfg(all())".runner=["env","RUSTC_BOOTSTRAP=1"]"#,
        ])
        .args([
            "--",
            "--lib",
            "--tests",
            "--",
            "-Zunstable-options",
            "--fail-fast",
        ])
        // Each mutant builds one crate and its tests again.
        .env("CARGO_INCREMENTAL", "1")
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    // It also fails when something was missed, which the report tells better.
    let outcome = run.run();
    let outcomes = folder.join("mutants.out/outcomes.json");
    if outcomes.exists() { Ok(()) } else { outcome }
}

/// Prints the figures as a row of the table in docs/assurance.md, and what was missed.
fn report(outcomes: &Path) -> Result<()> {
    let text = fs::read_to_string(outcomes).with_context(|| shown(outcomes))?;
    let outcomes: Value = serde_json::from_str(&text)?;
    let empty = Vec::new();
    let all = outcomes["outcomes"].as_array().unwrap_or(&empty);
    let names = |summary: &str| {
        let found = all.iter().filter(|outcome| outcome["summary"] == summary);
        let found = found.filter_map(|outcome| outcome["scenario"]["Mutant"]["name"].as_str());
        found.map(str::to_owned).collect::<Vec<_>>()
    };
    let [caught, missed, hung, unviable] =
        ["CaughtMutant", "MissedMutant", "Timeout", "Unviable"].map(names);
    let found = caught.len() + hung.len();
    let viable = found + missed.len();
    if viable == 0 {
        bail!(
            "no mutant could be tested; see {}",
            shown(&root().join("target/mutants"))
        );
    }
    println!("\nmissed:");
    missed.iter().for_each(|name| println!("  {name}"));
    println!(
        "\n| tested | do not compile | viable | caught | of them hang | missed | score |\n\
         |--:|--:|--:|--:|--:|--:|--:|\n\
         | {} | {} | {viable} | {found} | {} | {} | {:.1} % |",
        viable + unviable.len(),
        unviable.len(),
        hung.len(),
        missed.len(),
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

    #[test]
    fn a_name_is_matched_as_it_is() {
        assert_eq!(
            configuration(&["a.rs:1:2: replace Option<&[u8]> with Some(Vec::leak(vec![0]))"]),
            "examine_re = [\n    '''^a\\.rs:1:2: replace Option<\\&\\[u8\\]> with \
             Some\\(Vec::leak\\(vec!\\[0\\]\\)\\)$''',\n]\n"
        );
    }
}
