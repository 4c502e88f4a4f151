//! Whether the published crates build with the oldest Rust that they name.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::package::PUBLISHED;
use crate::process::{Program, cargo, target_dir};
use crate::workspace::packages;

/// Whether any crate below a published one says that it needs a newer Rust, with all features and on all systems.
/// Nothing is built. What our own code needs of the standard library is found by the step `lint`; the language is left to
/// [`check`].
pub(crate) fn dependencies() -> Result<()> {
    // Where no other system was built for, it fetches what is needed there.
    let arguments = "metadata --format-version 1 --all-features --locked";
    let graph = Graph::of(&serde_json::from_str(&cargo(arguments).stdout()?)?);
    let mut newer = BTreeSet::new();
    for name in PUBLISHED {
        let (stated, below) = graph.below(name)?;
        let known = below.iter().filter_map(|package| package.needs);
        let most = known.max().unwrap_or_default();
        println!(
            "{name}: Rust {}.{}; the {} crates below need {}.{}",
            stated.0,
            stated.1,
            below.len(),
            most.0,
            most.1
        );
        let found = below
            .iter()
            .filter(|package| package.needs.is_some_and(|needs| needs > stated));
        newer.extend(found.map(|package| {
            let (major, minor) = package.needs.unwrap_or_default();
            format!("{name}: {} needs Rust {major}.{minor}", package.name)
        }));
    }
    if !newer.is_empty() {
        bail!("{}", newer.into_iter().collect::<Vec<_>>().join("\n"));
    }
    Ok(())
}

/// A version of Rust without its last part.
type Version = (u32, u32);

struct Node {
    name: String,
    needs: Option<Version>,
    /// What it is built with: not for its tests.
    uses: Vec<String>,
}

/// Which package uses which, by cargo's identifiers.
struct Graph(BTreeMap<String, Node>);

impl Graph {
    fn of(metadata: &Value) -> Self {
        let array = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let uses = array(&metadata["resolve"]["nodes"])
            .into_iter()
            .map(|node| {
                let used = array(&node["deps"]).into_iter().filter(|used| {
                    let kinds = array(&used["dep_kinds"]);
                    kinds.iter().any(|kind| kind["kind"] != "dev")
                });
                (
                    text(&node["id"]),
                    used.map(|used| text(&used["pkg"])).collect(),
                )
            });
        let mut uses: BTreeMap<String, Vec<String>> = uses.collect();
        let nodes = array(&metadata["packages"]).into_iter().map(|package| {
            let id = text(&package["id"]);
            let node = Node {
                name: text(&package["name"]),
                needs: package["rust_version"].as_str().and_then(version),
                uses: uses.remove(&id).unwrap_or_default(),
            };
            (id, node)
        });
        Self(nodes.collect())
    }

    /// What a package says that it needs, and all that it is built with.
    fn below(&self, name: &str) -> Result<(Version, Vec<&Node>)> {
        let root = self.0.values().find(|node| node.name == name);
        let root = root.with_context(|| format!("there is no package {name}"))?;
        let stated = root.needs;
        let stated = stated.with_context(|| format!("{name} has no rust-version"))?;
        let mut todo: Vec<&String> = root.uses.iter().collect();
        let mut seen = BTreeSet::new();
        let mut below = Vec::new();
        while let Some(id) = todo.pop() {
            if let Some(node) = self.0.get(id).filter(|_| seen.insert(id)) {
                todo.extend(&node.uses);
                below.push(node);
            }
        }
        Ok((stated, below))
    }
}

fn version(text: &str) -> Option<Version> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next().unwrap_or(Some(0))?))
}

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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_only_tests_use_does_not_count_and_what_is_deep_does() {
        let package = |name, rust| json!({"id": name, "name": name, "rust_version": rust});
        let node = |name, deps: &[(&str, Value)]| {
            let deps = deps.iter();
            let deps = deps.map(|(pkg, kind)| json!({"pkg": pkg, "dep_kinds": [{"kind": kind}]}));
            json!({"id": name, "deps": deps.collect::<Vec<_>>()})
        };
        let graph = Graph::of(&json!({
            "packages": [
                package("ours", Some("1.88")),
                package("used", None),
                package("build", Some("1.90.1")),
                package("deep", Some("1.95")),
                package("dev", Some("1.99")),
            ],
            "resolve": {"nodes": [
                node("ours", &[("used", Value::Null), ("build", json!("build")), ("dev", json!("dev"))]),
                node("used", &[("deep", Value::Null), ("ours", Value::Null)]),
            ]},
        }));
        let (stated, below) = graph.below("ours").unwrap();
        assert_eq!(stated, (1, 88));
        let needs: BTreeSet<_> = below.iter().filter_map(|node| node.needs).collect();
        assert_eq!(needs, [(1, 88), (1, 90), (1, 95)].into());
        assert!(graph.below("theirs").is_err());
    }
}
