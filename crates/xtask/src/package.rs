//! The crates to be published, packaged as they would be for publishing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::process::{Program, cargo, root, target_dir};

/// The crates for people to depend on, and the program.
pub(crate) const PUBLISHED: [&str; 6] = [
    "holdline-http1",
    "holdline-sse",
    "holdline-websocket",
    "holdline-comet",
    "holdline-net",
    "holdline",
];

/// What each of them must carry.
const FILES: [&str; 5] = [
    "Cargo.toml",
    "README.md",
    "CHANGELOG.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
];

/// Packages all of them, looks at what is in them, and builds the program from nothing else, as users get it. A file
/// that is missing in one is found by this. Returns where the program is.
///
/// `cargo package` could build them, too: each by itself, with all that it depends on, and not as users get it. That
/// each crate can be built by itself is checked by the step `features`.
pub(crate) fn check() -> Result<PathBuf> {
    let folder = target_dir().join("package");
    if folder.is_dir() {
        fs::remove_dir_all(&folder)?;
    }
    let all = PUBLISHED.map(|name| format!("-p {name}")).join(" ");
    let package = format!("package {all} --no-verify --allow-dirty");
    let messages = |arguments: &str| {
        println!("$ cargo {arguments}");
        let program = cargo(arguments).env("CARGO_TARGET_DIR", target_dir());
        program.messages()
    };
    // The index is only asked if what is known of it is not enough.
    let said = messages(&format!("{package} --offline")).or_else(|_| messages(&package))?;
    // Such as a field of the manifest that readers of the registry miss.
    if said.contains("warning: ") {
        bail!("the packages are not clean:\n{said}");
    }
    PUBLISHED.iter().try_for_each(|name| check_files(name))?;
    build(&folder)
}

/// Unpacks the packages into one workspace, in which each uses the others, and builds it.
fn build(folder: &Path) -> Result<PathBuf> {
    let unpacked = PUBLISHED.map(|name| format!("{name}-{}", env!("CARGO_PKG_VERSION")));
    for name in &unpacked {
        let package = format!("{name}.crate");
        // All files of a package have the same time of long ago: without `-m`, cargo would take what it built from other
        // files for what is there now.
        Program::new("tar", ["-xzmf", &package])
            .folder(folder)
            .run()?;
    }
    let mut manifest =
        format!("[workspace]\nresolver = \"3\"\nmembers = {unpacked:?}\n[patch.crates-io]\n");
    for (name, path) in PUBLISHED.iter().zip(&unpacked) {
        manifest.push_str(&format!("{name}.path = \"{path}\"\n"));
    }
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    // Cargo takes what is not used out of the lock file, and nothing else.
    let target = target_dir().join("packaged");
    cargo("build --release --workspace --offline")
        .folder(folder)
        .env("CARGO_TARGET_DIR", &target)
        .run()?;
    Ok(target.join("release/holdline"))
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
