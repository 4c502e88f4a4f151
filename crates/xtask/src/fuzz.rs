//! Fuzzing with libFuzzer. Stable Rust replays the same properties as tests.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::process::{Program, target_dir};

/// Fuzzes one target or all of them, for `seconds` each.
pub(crate) fn run(seconds: u32, target: Option<&str>) -> ExitCode {
    match fuzz(seconds, target) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn fuzz(seconds: u32, target: Option<&str>) -> Result<()> {
    if !cargo_fuzz(["--version"]).succeeds() {
        bail!(
            "fuzzing needs nightly Rust and cargo-fuzz:\n  \
             rustup toolchain install nightly\n  \
             cargo install cargo-fuzz"
        );
    }
    let list = cargo_fuzz(["list"]).stdout()?;
    let targets: Vec<_> = list
        .lines()
        .filter(|name| target.is_none_or(|target| target == *name))
        .collect();
    if targets.is_empty() {
        bail!("no such fuzz target; there are:\n{list}");
    }
    let folder = target_dir().join("fuzz");
    for name in targets {
        // New inputs go into the first folder. The corpus in the tree is only read.
        let found = folder.join(name);
        fs::create_dir_all(&found)?;
        let failing = folder.join(format!("{name}-")).display().to_string();
        cargo_fuzz([
            "run",
            "--features=libfuzzer",
            name,
            &found.display().to_string(),
            &format!("fuzz/corpus/{name}"),
            "--",
            &format!("-max_total_time={seconds}"),
            &format!("-artifact_prefix={failing}"),
        ])
        .run()
        .with_context(|| {
            format!(
                "An input that fails is in a file called {failing}…, as libFuzzer says above. To repeat it:\n  \
                 rustup run nightly cargo fuzz run --features=libfuzzer {name} FILE"
            )
        })?;
    }
    Ok(())
}

/// `cargo +nightly fuzz`, through rustup because we run inside another cargo.
fn cargo_fuzz<const N: usize>(arguments: [&str; N]) -> Program {
    let rustup = ["run", "nightly", "cargo", "fuzz"];
    Program::new("rustup", rustup.into_iter().chain(arguments))
}
