//! The shape of the sources: no circles of `use`, nothing too long, and no result dropped in silence.
//!
//! The sources are parsed, not compiled. [`uses`], [`sizes`] and [`dropped`] each say what they see and what they
//! cannot see.

mod circles;
mod dropped;
mod imports;
mod modules;
mod names;
mod sizes;
#[cfg(test)]
mod tests;
mod uses;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::{root, shown};
use crate::workspace::packages;
pub(crate) use imports::{defined, imports};
pub(crate) use modules::{Tree, attributes, is_for_tests};
pub(crate) use names::Found;

/// The crates in which a dropped result must have a comment: the codecs, the glue and the program.
const NOTHING_IS_DROPPED: [&str; 6] = [
    "holdline-http1",
    "holdline-sse",
    "holdline-websocket",
    "holdline-comet",
    "holdline-net",
    "holdline",
];

/// The crates that are tests, in all of their files.
const TESTS: [&str; 2] = ["holdline-e2e", "holdline-fuzz"];

/// Known problems: a heading, the crate, and how many. They are all printed. A crate with more fails, and one with
/// fewer fails until the number here is lowered, too, so the numbers can only go down.
const NOT_YET: [(&str, &str, usize); 0] = [];

const CIRCLES: &str = "Circles of `use`";
const LONG_FILES: &str = "Files too long";

/// Parses every source of the workspace and prints what is wrong with it.
///
/// # Errors
/// When something is wrong, or a source cannot be read.
pub(crate) fn check() -> Result<()> {
    let mut findings = Findings::default();
    let mut reached = BTreeSet::new();
    let (mut circles, mut uses) = (Vec::new(), 0);
    let packages = packages()?;
    let targets = packages.iter().flat_map(|package| {
        let targets = package.targets.iter();
        targets.map(move |target| (&*package.name, target))
    });
    for (package, target) in targets {
        let is_test = target.is_test || TESTS.contains(&package);
        let tree = Tree::load(&target.root, is_test, &|path| fs::read_to_string(path).ok())?;
        reached.extend(tree.files().map(|file| file.path.clone()));
        findings.add("Functions too long", sizes::functions(&tree));
        if NOTHING_IS_DROPPED.contains(&package) {
            findings.add("Results dropped without a comment", dropped::find(&tree));
        }
        let edges = uses::between_files(&tree);
        uses += edges.len();
        circles.extend(circles::describe(&tree, &edges));
    }
    findings.add(CIRCLES, circles);
    let sources = sources(&root())?;
    findings.add(LONG_FILES, sizes::files(&sources)?);
    let lost = sources.iter().filter(|path| !reached.contains(*path));
    let lost = lost.map(|path| format!("{}: no `mod` line leads here", shown(path)));
    findings.add("Files that are not compiled", lost.collect());
    println!(
        "{} files, {uses} uses of one file by another",
        sources.len()
    );
    findings.report(&NOT_YET)
}

/// The findings, grouped under headings.
#[derive(Debug, Default)]
struct Findings(BTreeMap<&'static str, BTreeSet<String>>);

impl Findings {
    fn add(&mut self, heading: &'static str, found: Vec<String>) {
        self.0.entry(heading).or_default().extend(found);
    }

    fn report(self, not_yet: &[(&str, &str, usize)]) -> Result<()> {
        let mut faults = Vec::new();
        for (heading, found) in &self.0 {
            if !found.is_empty() {
                println!("\n{heading}:");
            }
            for line in found {
                println!("  {line}");
            }
            let rows = || not_yet.iter().filter(|row| row.0 == *heading);
            let is_new = |line: &&String| !rows().any(|row| line.starts_with(row.1));
            let new = found.iter().filter(is_new).count();
            if new > 0 {
                faults.push(format!("{}: {new}", heading.to_lowercase()));
            }
            for &(_, crate_dir, known) in rows() {
                let now = found
                    .iter()
                    .filter(|line| line.starts_with(crate_dir))
                    .count();
                println!("  known in {crate_dir}: {known}, found: {now}");
                if now > known {
                    faults.push(format!(
                        "{} in {crate_dir}: {now}, at most {known}",
                        heading.to_lowercase()
                    ));
                } else if now < known {
                    faults.push(format!(
                        "{} in {crate_dir}: only {now} left; write that in place of {known} in NOT_YET \
                         (crates/xtask/src/structure.rs), or strike the row if it is 0",
                        heading.to_lowercase()
                    ));
                }
            }
        }
        if !faults.is_empty() {
            bail!("{}", faults.join("\n"));
        }
        Ok(())
    }
}

/// Every Rust file below a folder, except those that cargo wrote.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || path.join("CACHEDIR.TAG").exists() {
            continue;
        }
        if path.is_dir() {
            sources.extend(self::sources(&path)?);
        } else if name.ends_with(".rs") {
            sources.push(path);
        }
    }
    sources.sort();
    Ok(sources)
}
