//! The published crates, as they would be published.

use anyhow::{Result, bail};

use crate::process::cargo;

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
    // The index is asked only when what is known of it does not suffice.
    if cargo(&format!("{package} --offline")).succeeds() {
        println!("$ cargo {package} --offline");
    } else {
        cargo(&package).run()?;
    }
    PUBLISHED.iter().try_for_each(|name| check_files(name))
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
