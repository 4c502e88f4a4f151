//! What the workspace contains, according to cargo, and how to build all of it at once.
//!
//! Cargo builds a dependency once for each set of features that the packages of one command need. So all steps name
//! the same packages and features ([`everything`]), and differ only in the targets they need.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::cargo;

/// The tests that need the built program, and run after all others.
const E2E: &str = "holdline-e2e";

/// The feature of the fuzz crate that compiles C++ and needs nightly Rust. All properties can be tested without it.
const NIGHTLY: &str = "libfuzzer";

#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// The oldest Rust that builds it.
    pub(crate) rust_version: Option<String>,
    features: Vec<String>,
    pub(crate) targets: Vec<Target>,
}

/// What cargo compiles: a library, a program, a test, an example, a bench.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) root: PathBuf,
    pub(crate) is_test: bool,
}

/// The packages of the workspace.
///
/// # Errors
/// When cargo cannot read them.
pub(crate) fn packages() -> Result<Vec<Package>> {
    let text = cargo("metadata --no-deps --format-version 1 --offline").stdout()?;
    let metadata: Value = serde_json::from_str(&text)?;
    let packages = list(&metadata["packages"]);
    packages
        .iter()
        .map(package)
        .collect::<Option<_>>()
        .context("not as cargo writes its metadata")
}

fn package(package: &Value) -> Option<Package> {
    let target = |target: &Value| {
        Some(Target {
            name: target["name"].as_str()?.to_owned(),
            root: target["src_path"].as_str()?.into(),
            is_test: list(&target["kind"]).contains(&"test".into()),
        })
    };
    Some(Package {
        name: package["name"].as_str()?.to_owned(),
        rust_version: package["rust_version"].as_str().map(str::to_owned),
        features: package["features"].as_object()?.keys().cloned().collect(),
        targets: list(&package["targets"])
            .iter()
            .map(target)
            .collect::<Option<_>>()?,
    })
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The arguments for all packages with all features that stable Rust can build.
///
/// # Errors
/// When cargo cannot read the packages.
pub(crate) fn everything() -> Result<String> {
    let packages = packages()?;
    let features = packages.iter().flat_map(|package| {
        let features = package.features.iter();
        let features = features.filter(|name| *name != "default" && *name != NIGHTLY);
        features.map(|feature| format!("{}/{feature}", package.name))
    });
    let features: Vec<_> = features.collect();
    Ok(format!("--workspace --features {}", features.join(",")))
}

/// The arguments for the tests that need the built program, or for all other tests except doc tests.
///
/// # Errors
/// When cargo cannot read the packages, or if a test of either kind has the same name as one of the other, because
/// cargo identifies tests by name.
pub(crate) fn tests(are_e2e: bool) -> Result<String> {
    let packages = packages()?;
    let names = |are_e2e: bool| {
        let packages = packages.iter();
        let packages = packages.filter(move |package| (package.name == E2E) == are_e2e);
        let targets = packages.flat_map(|package| &package.targets);
        let tests = targets.filter(|target| target.is_test);
        tests.map(|target| &*target.name).collect::<BTreeSet<_>>()
    };
    let (wanted, others) = (names(are_e2e), names(!are_e2e));
    if let Some(name) = wanted.intersection(&others).next() {
        bail!("a test of {E2E} and one of another crate are both called `{name}`: rename one");
    }
    let mut arguments: Vec<_> = wanted.iter().map(|name| format!("--test {name}")).collect();
    if !are_e2e {
        arguments.push("--lib --bins --examples".to_owned());
    }
    Ok(arguments.join(" "))
}
