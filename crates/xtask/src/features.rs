//! The codec crates and the glue with each set of features, and the proof that the codecs are `no_std`.

use std::fs;

use anyhow::Result;

use crate::process::{Program, cargo, target_dir};

/// The crates that are `no_std`, with the features that are not on by default.
const CODECS: [(&str, &[&str]); 4] = [
    ("holdline-http1", &["http", "tokio-util"]),
    ("holdline-sse", &["tokio-util"]),
    ("holdline-websocket", &["deflate", "hixie76", "tokio-util"]),
    ("holdline-comet", &[]),
];

/// The features of the glue. The program has all of them on, and so have the workspace's tests.
const GLUE: [&str; 2] = ["deflate", "hixie76"];

/// Tests the codec crates with no features, then each one with its optional features. The glue is
/// tested with none, and compiled with each.
pub(crate) fn check() -> Result<()> {
    let all = CODECS.map(|(name, _)| format!("-p {name}")).join(" ");
    cargo(&format!("build {all} --no-default-features")).run()?;
    for (name, _) in CODECS {
        prove_no_std(name)?;
    }
    cargo(&format!("test {all} --no-default-features")).run()?;
    for (name, features) in CODECS {
        for feature in features {
            let flags = format!("-p {name} --no-default-features --features {feature}");
            cargo(&format!("test {flags}")).run()?;
        }
        if !features.is_empty() {
            cargo(&format!("test -p {name} --all-features")).run()?;
        }
    }
    cargo("test -p holdline-net").run()?;
    for feature in GLUE {
        let flags = format!("-p holdline-net --all-targets --features {feature}");
        cargo(&format!("check {flags}")).run()?;
    }
    Ok(())
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
