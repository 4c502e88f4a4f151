//! The crates to be published, packaged as they would be for publishing.

use std::path::PathBuf;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::process::{cargo, target_dir};

/// The crates for people to depend on, and the program.
const PUBLISHED: [&str; 6] = [
    "holdline-http1",
    "holdline-sse",
    "holdline-websocket",
    "holdline-comet",
    "holdline-net",
    "holdline",
];

/// What each of them must carry.
const FILES: [&str; 4] = ["Cargo.toml", "README.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// Packages all of them and looks at what is in them. Cargo unpacks and builds each with
/// the packages of the others, so a file that is missing in one is found.
pub(crate) fn check() -> Result<()> {
    let all = PUBLISHED.map(|name| format!("-p {name}")).join(" ");
    let package = format!("package {all} --allow-dirty --quiet");
    forget_unpacked()?;
    // Unless it is told where to build, cargo builds each package in a folder of its own, with all that it depends on.
    let cargo = |arguments: &str| cargo(arguments).env("CARGO_TARGET_DIR", target_dir());
    // The index is only asked if what is known of it is not enough.
    if cargo(&format!("{package} --offline")).succeeds() {
        println!("$ cargo {package} --offline");
    } else {
        cargo(&package).run()?;
    }
    PUBLISHED.iter().try_for_each(|name| check_files(name))
}

/// Removes what an earlier run unpacked. Cargo assumes that the package of a version never changes, and would build
/// with the old files, even if they are from another commit.
fn forget_unpacked() -> Result<()> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let sources = home.context("no home folder")?.join("registry/src");
    let Ok(registries) = fs::read_dir(sources) else {
        return Ok(()); // Nothing was ever unpacked.
    };
    for registry in registries {
        let registry = registry?;
        // The registry that `cargo package` makes from folders has no host: its name is `-` and a hash.
        if !registry.file_name().as_encoded_bytes().starts_with(b"-") {
            continue;
        }
        for name in PUBLISHED {
            let unpacked = registry
                .path()
                .join(format!("{name}-{}", env!("CARGO_PKG_VERSION")));
            if unpacked.is_dir() {
                fs::remove_dir_all(unpacked)?;
            }
        }
    }
    Ok(())
}

fn check_files(name: &str) -> Result<()> {
    let list = cargo(&format!("package -p {name} --list --allow-dirty --quiet")).stdout()?;
    let files: Vec<_> = list.lines().collect();
    for file in FILES {
        if !files.contains(&file) {
            bail!("the package of {name} has no {file}");
        }
    }
    println!("{name}: {} files", files.len());
    Ok(())
}
