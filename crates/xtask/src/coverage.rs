//! Which lines of the codec crates are reached by their tests and by the corpora of the fuzz targets.
//!
//! The compiler counts (`-C instrument-coverage`), and the programs of rustup's component `llvm-tools` read the counts.
//! Everything is built apart, in `target/coverage`. Doc tests are not among it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::features::CODECS;
use crate::process::{Program, cargo, host, root, target_dir};

/// Runs the tests, and prints a table, and each line that was not reached.
///
/// # Errors
/// When `llvm-tools` is missing, or a test fails.
pub(crate) fn run() -> Result<()> {
    let tools = tools()?;
    let folder = target_dir().join("coverage");
    let counts = folder.join("counts");
    if counts.exists() {
        fs::remove_dir_all(&counts)?;
    }
    let packages = CODECS.map(|name| format!("-p {name}")).join(" ");
    let test = |arguments: &str| {
        cargo(&format!("test {arguments}"))
            .env("CARGO_TARGET_DIR", &folder)
            .env("RUSTFLAGS", "-Cinstrument-coverage")
            .env("LLVM_PROFILE_FILE", counts.join("%m-%p.profraw"))
    };
    let mut programs = Vec::new();
    for arguments in [
        format!("{packages} --all-features --lib --tests"),
        "-p holdline-fuzz --lib --tests".to_owned(),
    ] {
        test(&arguments).run()?;
        let built = test(&format!("{arguments} --no-run --message-format=json")).run_stdout()?;
        programs.extend(built.lines().filter_map(program));
    }
    let all = folder.join("all.profdata");
    let raw = fs::read_dir(&counts)?.map(|entry| Ok(entry?.path()));
    let raw = raw.collect::<Result<Vec<_>>>()?;
    Program::new(tools.join("llvm-profdata"), ["merge", "--sparse", "-o"])
        .args([&all])
        .args(raw)
        .stdout()?;
    let objects = programs.iter().flat_map(|path| ["--object", path]);
    let report = Program::new(tools.join("llvm-cov"), ["export", "--format=lcov"])
        .args([format!("--instr-profile={}", all.display())])
        .args(objects)
        .stdout()?;
    print(&lines(&report));
    Ok(())
}

/// The folder of the component's programs.
fn tools() -> Result<PathBuf> {
    let sysroot = Program::new("rustc", ["--print", "sysroot"]).stdout()?;
    let tools = Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(host()?)
        .join("bin");
    if !tools.join("llvm-cov").is_file() {
        bail!("measuring coverage needs a component of Rust:\n  rustup component add llvm-tools");
    }
    Ok(tools)
}

/// The test program that a line of cargo's messages is about.
fn program(message: &str) -> Option<String> {
    let message: Value = serde_json::from_str(message).ok()?;
    Some(message["executable"].as_str()?.to_owned())
}

/// The lines of one file, and how often each was reached.
type File = BTreeMap<usize, u64>;

/// Reads lcov's format: `SF:` and a path, then `DA:` and a line with its count.
fn lines(report: &str) -> BTreeMap<PathBuf, File> {
    let mut files = BTreeMap::<PathBuf, File>::new();
    let mut path = PathBuf::new();
    for line in report.lines() {
        if let Some(name) = line.strip_prefix("SF:") {
            path = Path::new(name)
                .strip_prefix(root())
                .unwrap_or(Path::new(name))
                .to_owned();
        } else if let Some((number, count)) = line
            .strip_prefix("DA:")
            .and_then(|rest| rest.split_once(','))
            && let (Ok(number), Ok(count)) = (number.parse(), count.parse::<u64>())
        {
            *files
                .entry(path.clone())
                .or_default()
                .entry(number)
                .or_default() += count;
        }
    }
    files
}

fn print(files: &BTreeMap<PathBuf, File>) {
    let mut missing = Vec::new();
    println!("\n| Crate | lines | reached | not reached |\n|---|---:|---:|---:|");
    for name in CODECS {
        let (mut all, mut reached) = (0, 0);
        for (path, lines) in files.iter().filter(|(path, _)| is_code(path, name)) {
            let text = fs::read_to_string(root().join(path)).unwrap_or_default();
            let end = tests_begin(&text);
            for (&number, &count) in lines.range(..end) {
                all += 1;
                reached += usize::from(count > 0);
                if count == 0 {
                    let line = text.lines().nth(number - 1).unwrap_or_default();
                    missing.push(format!("{}:{number}: {}", path.display(), line.trim()));
                }
            }
        }
        let percent = 100.0 * reached as f64 / f64::from(all.max(1));
        println!(
            "| `{name}` | {all} | {percent:.1} % | {} |",
            all - reached as i32
        );
    }
    println!("\nNot reached:\n{}", missing.join("\n"));
}

/// Whether it is a file of this crate, and not a test.
fn is_code(path: &Path, name: &str) -> bool {
    let Ok(path) = path.strip_prefix(format!("crates/{name}/src")) else {
        return false;
    };
    !path
        .iter()
        .any(|part| part == "tests" || part == "tests.rs")
}

/// The first line of the tests at the end of a file.
fn tests_begin(text: &str) -> usize {
    let lines: Vec<_> = text.lines().collect();
    let is_begin = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ");
    lines
        .windows(2)
        .position(is_begin)
        .map_or(usize::MAX, |at| at + 1)
}
