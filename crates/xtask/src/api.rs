//! The public interface of each published crate as a text in the tree, so that a change of it is seen in the diff.
//!
//! The sources are parsed, not compiled, so any stable Rust does. What is listed: all that can be named from outside,
//! with every feature, under the path that a user writes; a type with its fields, variants, methods and the traits it
//! has, derived ones included. Signatures are as the source has them: an import that makes `Limits` mean another type
//! is seen only in that type. A macro that makes items is listed with its call, in whole.
//!
//! What is not listed: auto traits such as `Send`; types that cannot be named; the bodies of constants.

mod crate_items;
mod listing;
#[cfg(test)]
mod tests;
mod text;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::package::PUBLISHED;
use crate::process::{root, shown};
use crate::structure::Tree;
use crate::workspace::{Package, packages};

/// Compares each list with what the source says, or writes it.
///
/// # Errors
/// When a list is not what the source says, or a source cannot be understood.
pub(crate) fn run(update: bool) -> Result<()> {
    let mut changed = Vec::new();
    let packages = packages()?;
    let published = |package: &&Package| PUBLISHED.contains(&&*package.name);
    for package in packages.iter().filter(published) {
        let name = &*package.name;
        let now = list(package).with_context(|| format!("the public interface of {name}"))?;
        let path = path(name);
        let before = fs::read_to_string(&path).unwrap_or_default();
        println!("{}: {} lines", shown(&path), now.lines().count());
        if now == before {
            continue;
        }
        println!("{}", difference(&before, &now));
        if update {
            fs::create_dir_all(path.parent().unwrap_or(&path))?;
            fs::write(&path, now)?;
        } else {
            changed.push(name);
        }
    }
    if !changed.is_empty() {
        bail!(
            "the public interface of {} is not as docs/api has it; if that is meant: cargo xtask api --update",
            changed.join(", ")
        );
    }
    Ok(())
}

fn path(name: &str) -> PathBuf {
    root().join("docs/api").join(format!("{name}.txt"))
}

fn list(package: &Package) -> Result<String> {
    let is_library = |name: &str| name == package.name.replace('-', "_");
    let library = package.targets.iter().find(|it| is_library(&it.name));
    let library = library.context("it has no library")?;
    let tree = Tree::load(&library.root, false, &|path| fs::read_to_string(path).ok())?;
    let lines = listing::list(&tree, &library.name)?;
    Ok(format!(
        "# What is public in {}. Written by: cargo xtask api --update\n\n{}\n",
        package.name,
        lines.join("\n")
    ))
}

/// The lines that only one of the two has.
fn difference(before: &str, now: &str) -> String {
    let only = |sign: char, these: &str, those: &str| {
        let those: Vec<_> = those.lines().collect();
        let lines = these.lines().filter(|line| !those.contains(line));
        lines
            .map(|line| format!("  {sign} {line}\n"))
            .collect::<String>()
    };
    only('-', before, now) + &only('+', now, before)
}
