//! The codec crates and the glue with each set of features, and the proof that the codecs are `no_std`.

use std::fs;

use anyhow::Result;

use crate::process::{Program, cargo, target_dir};

/// The crates that are `no_std`.
pub(crate) const CODECS: [&str; 4] = [
    "holdline-http1",
    "holdline-sse",
    "holdline-websocket",
    "holdline-comet",
];

/// Features of theirs that need no standard library.
const WITHOUT_STD: &str = "holdline-websocket/deflate,holdline-websocket/hixie76";

/// Features that are alone in a round, so that each of them is tested without the others.
const ROUNDS: [&str; 3] = [
    "holdline-http1/http,holdline-sse/tokio-util,holdline-websocket/deflate",
    "holdline-http1/tokio-util,holdline-websocket/hixie76",
    "holdline-http1/httparse,holdline-websocket/tokio-util",
];

/// The features of the glue. The program turns all of them on, and so do the workspace's tests.
const GLUE: [&str; 2] = ["deflate", "hixie76"];

/// The step `unit` tests everything with all features. Here the codecs and the glue are tested without any.
/// Combinations in between are only compiled and linted, because no code depends on two features at once.
pub(crate) fn check() -> Result<()> {
    let codecs = CODECS.map(|name| format!("-p {name}")).join(" ");
    for features in ["", WITHOUT_STD] {
        cargo(&format!(
            "build {codecs} --no-default-features --features={features}"
        ))
        .run()?;
        CODECS.iter().try_for_each(|name| prove_no_std(name))?;
    }
    cargo(&format!("test {codecs} --no-default-features")).run()?;
    cargo("test -p holdline-net").run()?;

    lint(&codecs)?;
    for features in ROUNDS {
        lint(&format!(
            "{codecs} --no-default-features --features={features}"
        ))?;
    }
    for feature in GLUE {
        lint(&format!("-p holdline-net --features={feature}"))?;
    }
    Ok(())
}

fn lint(what: &str) -> Result<()> {
    cargo(&format!("clippy {what} --all-targets -- -D warnings")).run()
}

/// Compiles a crate that defines the panic handler and uses the codec crate as it was just
/// built. The standard library defines that handler too, so this compiles only when
/// neither the codec crate nor anything below it has linked it. No other target needs to
/// be installed for this.
fn prove_no_std(name: &str) -> Result<()> {
    let name = name.replace('-', "_");
    let built = target_dir().join("debug");
    let proof = target_dir().join("no_std");
    fs::create_dir_all(&proof)?;
    let source = proof.join(format!("{name}.rs"));
    let text = format!(
        "#![no_std]\nextern crate {name};\n#[panic_handler]\n\
         fn panic(_: &core::panic::PanicInfo<'_>) -> ! {{ loop {{}} }}\n"
    );
    fs::write(&source, text)?;
    let library = built.join(format!("lib{name}.rlib"));
    let flags = ["--edition=2024", "--crate-type=lib", "--emit=metadata"];
    let flags = flags.map(String::from).into_iter().chain([
        format!("--crate-name={name}_is_no_std"),
        format!("--extern={name}={}", library.display()),
        format!("-Ldependency={}", built.join("deps").display()),
        format!("--out-dir={}", proof.display()),
        source.display().to_string(),
    ]);
    Program::new("rustc", flags).run()
}
