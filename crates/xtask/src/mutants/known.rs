//! What came of every mutant so far, and how cargo-mutants tests more of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::{cargo, shown, target_dir};

/// What cargo-mutants says of a mutant, by the mutant's name.
pub(super) type Outcomes = BTreeMap<String, String>;

/// The outcomes of a crate. They are kept in `target/mutants`, with the list of mutants that they belong to.
#[derive(Debug)]
pub(super) struct Known<'p> {
    package: &'p str,
    folder: PathBuf,
    pub(super) outcomes: Outcomes,
}

impl<'p> Known<'p> {
    /// Forgets earlier runs.
    pub(super) fn begin(package: &'p str, list: &str) -> Result<Self> {
        let known = Self::new(package);
        let last = known.last();
        if last.exists() {
            fs::remove_dir_all(&last).with_context(|| shown(&last))?;
        }
        fs::create_dir_all(&known.folder)?;
        fs::write(known.folder.join("list.json"), list)?;
        known.write()?;
        Ok(known)
    }

    /// What earlier runs found, even one that was broken off.
    pub(super) fn read(package: &'p str, list: &str) -> Result<Self> {
        let mut known = Self::new(package);
        let same = fs::read(known.folder.join("list.json")).is_ok_and(|old| old == list.as_bytes());
        if !same {
            bail!("{package} was not tested yet, or its code has changed since then");
        }
        known.outcomes = serde_json::from_slice(&fs::read(known.path())?)?;
        known.add_last()?;
        Ok(known)
    }

    fn new(package: &'p str) -> Self {
        Self {
            package,
            folder: target_dir().join("mutants").join(package),
            outcomes: Outcomes::new(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("outcomes.json")
    }

    /// Where cargo-mutants puts what its last run found.
    fn last(&self) -> PathBuf {
        self.folder.join("mutants.out")
    }

    fn write(&self) -> Result<()> {
        let text = serde_json::to_vec_pretty(&self.outcomes)?;
        fs::write(self.path(), text).with_context(|| shown(&self.path()))
    }

    fn last_outcomes(&self) -> PathBuf {
        self.last().join("outcomes.json")
    }

    /// Adds what the last run found, and tells which mutants these are.
    fn add_last(&mut self) -> Result<Outcomes> {
        let path = self.last_outcomes();
        let mut last = Outcomes::new();
        if path.exists() {
            let text = fs::read(&path).with_context(|| shown(&path))?;
            last.extend(outcomes(&serde_json::from_slice(&text)?));
        }
        self.outcomes.extend(last.clone());
        self.write()?;
        Ok(last)
    }

    pub(super) fn untested(&self, drawn: &[&str]) -> Vec<String> {
        let names = drawn.iter().map(|&name| name.to_owned());
        names
            .filter(|name| !self.outcomes.contains_key(name))
            .collect()
    }

    pub(super) fn missed(&self) -> Vec<String> {
        let missed = self.outcomes.iter().filter(|(_, it)| *it == "MissedMutant");
        missed.map(|(name, _)| name.clone()).collect()
    }

    /// Tries mutants with some of the crate's tests.
    pub(super) fn test(&mut self, names: Vec<String>, tests: &[&str]) -> Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        let config = self.folder.join("sample.toml");
        fs::write(&config, configuration(&names))?;
        if self.last_outcomes().exists() {
            fs::remove_file(self.last_outcomes())?;
        }
        let outcome = run(self.package, &config, &self.folder, tests);
        let last = self.add_last()?;
        // It also fails when something was missed, which the report tells better.
        if names.iter().all(|name| last.contains_key(name)) {
            return Ok(());
        }
        outcome
    }
}

/// What cargo-mutants wrote of one run.
fn outcomes(run: &Value) -> impl Iterator<Item = (String, String)> + '_ {
    let all = run["outcomes"].as_array().into_iter().flatten();
    all.filter_map(|outcome| {
        let name = outcome["scenario"]["Mutant"]["name"].as_str()?;
        Some((name.to_owned(), outcome["summary"].as_str()?.to_owned()))
    })
}

fn run(package: &str, config: &Path, folder: &Path, tests: &[&str]) -> Result<()> {
    // What the last run caught is left out, also of those mutants that no configuration can leave out.
    let arguments = "mutants --all-features --cap-lints true --iterate --build-timeout 600";
    cargo(arguments)
        .args([
            "-p",
            package,
            "--config",
            &shown(config),
            "--output",
            &shown(folder),
        ])
        // The first test that fails is enough; for this option, test programs of stable Rust want this variable.
        .args([
            "--cargo-arg",
            r#"--config=target."cfg(all())".runner=["env","RUSTC_BOOTSTRAP=1"]"#,
        ])
        .args(["--"])
        .args(tests)
        .args(["--", "-Zunstable-options", "--fail-fast"])
        // Each mutant builds one crate and its tests again; what is below them is built once, and kept.
        .env("CARGO_INCREMENTAL", "1")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_TARGET_DIR", folder.join("build"))
        // Which input fails does not matter.
        .env("PROPTEST_MAX_SHRINK_ITERS", "0")
        .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1")
        .run()
}

/// What cargo-mutants is to test. It always adds the few mutants that leave a field out.
fn configuration(names: &[String]) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_matched_as_it_is() {
        let name = "a.rs:1:2: replace Option<&[u8]> with Some(Vec::leak(vec![0]))";
        assert_eq!(
            configuration(&[name.to_owned()]),
            "examine_re = [\n    '''^a\\.rs:1:2: replace Option<\\&\\[u8\\]> with \
             Some\\(Vec::leak\\(vec!\\[0\\]\\)\\)$''',\n]\n"
        );
    }

    #[test]
    fn a_later_outcome_takes_the_place_of_an_earlier_one() {
        let run = |summary| {
            let scenario = serde_json::json!({ "Mutant": { "name": "a" } });
            let mutant = serde_json::json!({ "scenario": scenario, "summary": summary });
            let baseline = serde_json::json!({ "scenario": "Baseline", "summary": "Success" });
            serde_json::json!({ "outcomes": [baseline, mutant] })
        };
        let mut known = Known::new("holdline-comet");
        known.outcomes.extend(outcomes(&run("MissedMutant")));
        assert_eq!(known.missed(), ["a"]);
        known.outcomes.extend(outcomes(&run("CaughtMutant")));
        assert_eq!((known.missed().len(), known.outcomes.len()), (0, 1));
        assert_eq!(known.untested(&["a", "b"]), ["b"]);
    }
}
