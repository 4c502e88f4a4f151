//! Fuzzing with libFuzzer. Stable Rust replays the same properties as tests.
//!
//! Each target is built once and then run as a program of its own. What it keeps goes to `target/fuzz`: new inputs to
//! `NAME/`, inputs that fail to `finds/NAME/`, what it says to `NAME.log`. The corpus in the tree is only read.

mod figures;

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::process::{Program, host, root, target_dir};
use figures::Figures;

/// How to fuzz.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long to run each target
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u32,
    /// How many targets to run at a time, when all of them run
    #[arg(long, value_name = "N", default_value_t = 1)]
    jobs: usize,
    /// One target; all of them, and a table, when none is given
    target: Option<String>,
    /// Options of libFuzzer such as -jobs=2 or -runs=100000, folders with inputs of your own, or inputs to repeat
    #[arg(last = true)]
    libfuzzer: Vec<String>,
}

/// Fuzzes one target, or all of them.
///
/// # Errors
/// When something is missing, or an input fails.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !cargo_fuzz(["--version"]).succeeds() {
        bail!(
            "fuzzing needs nightly Rust and cargo-fuzz:\n  \
             rustup toolchain install nightly\n  \
             cargo install cargo-fuzz"
        );
    }
    let list = cargo_fuzz(["list"]).stdout()?;
    let targets: Vec<_> = list.lines().collect();
    let build = ["build", "--features=libfuzzer"];
    match &options.target {
        Some(target) if targets.contains(&&**target) => {
            cargo_fuzz(build.into_iter().chain([&**target])).run()?;
            let fuzzer = Fuzzer::new(target, options)?;
            fuzzer.program()?.run().with_context(|| {
                format!(
                    "An input that fails is in {}, as libFuzzer says above. To repeat it:\n  \
                     cargo xtask fuzz {target} -- FILE",
                    fuzzer.finds.display()
                )
            })
        }
        Some(_) => bail!("no such fuzz target; there are:\n{list}"),
        None => {
            cargo_fuzz(build).run()?;
            all(&targets, options)
        }
    }
}

/// Runs all of them, some at a time, and prints their figures.
fn all(targets: &[&str], options: &Options) -> Result<()> {
    let next = Mutex::new(targets.iter().enumerate());
    let done = Mutex::new(Vec::new());
    let work = || -> Result<()> {
        loop {
            let taken = next.lock().map_or(None, |mut next| next.next());
            let Some((at, target)) = taken else {
                return Ok(());
            };
            let figures = Fuzzer::new(target, options)?.log()?;
            println!("{figures}");
            if let Ok(mut done) = done.lock() {
                done.push((at, figures));
            }
        }
    };
    println!(
        "{} targets, {} s each; their output is in {}",
        targets.len(),
        options.seconds,
        folder().display()
    );
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..options.jobs.max(1))
            .map(|_| scope.spawn(work))
            .collect();
        let mut results = threads.into_iter().map(|thread| thread.join());
        results.try_for_each(|result| result.unwrap_or_else(|_| bail!("a thread of ours panicked")))
    })?;
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(at, _)| *at);
    println!("\n{}", Figures::HEADING);
    for (_, figures) in &done {
        println!("{figures}");
    }
    let failed: Vec<_> = done
        .iter()
        .filter(|(_, figures)| figures.has_failed)
        .collect();
    if !failed.is_empty() {
        let names: Vec<_> = failed.iter().map(|(_, figures)| &*figures.target).collect();
        bail!(
            "failed: {}; the inputs are in {}",
            names.join(", "),
            folder().join("finds").display()
        );
    }
    Ok(())
}

/// One target, built.
struct Fuzzer<'a> {
    target: &'a str,
    options: &'a Options,
    /// New inputs.
    inputs: PathBuf,
    /// Inputs that fail.
    finds: PathBuf,
}

impl<'a> Fuzzer<'a> {
    fn new(target: &'a str, options: &'a Options) -> Result<Self> {
        let (inputs, finds) = (folder().join(target), folder().join("finds").join(target));
        for folder in [&inputs, &finds] {
            fs::create_dir_all(folder)?;
        }
        Ok(Self {
            target,
            options,
            inputs,
            finds,
        })
    }

    /// With our own options first: of two that are the same libFuzzer takes the last.
    fn program(&self) -> Result<Program> {
        let binary = target_dir().join(host()?).join("release").join(self.target);
        // `-jobs` writes its logs into the current folder.
        let mut program = Program::new(binary, [] as [&str; 0])
            .folder(&folder())
            .args([
                format!("-max_total_time={}", self.options.seconds),
                format!("-artifact_prefix={}/", self.finds.display()),
                "-timeout=30".to_owned(),
                "-max_len=20000".to_owned(),
                "-print_final_stats=1".to_owned(),
            ]);
        if let Some(dictionary) = dictionary(self.target) {
            program = program.args([format!("-dict={}", dictionary.display())]);
        }
        let here = env::current_dir()?;
        let own = self.options.libfuzzer.iter();
        let own: Vec<_> = own
            .map(|argument| match argument.starts_with('-') {
                true => argument.into(),
                false => here.join(argument),
            })
            .collect();
        // Single inputs are only repeated. Else the first folder is the one for new inputs.
        if !own.iter().any(|path| path.is_file()) {
            program = program.args([&self.inputs, &corpus(self.target)]);
        }
        Ok(program.args(own))
    }

    /// Runs it with its output in a file.
    fn log(&self) -> Result<Figures> {
        let before = count(&self.finds)?;
        let path = folder().join(format!("{}.log", self.target));
        let start = Instant::now();
        let status = self.program()?.run_into(&File::create(&path)?)?;
        let log = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        let mut figures = Figures::of(self.target, &log);
        figures.seconds = start.elapsed().as_secs();
        figures.largest = figures::largest(&[&self.inputs, &corpus(self.target)])?;
        figures.finds = count(&self.finds)? - before;
        figures.has_failed = !status.success();
        Ok(figures)
    }
}

/// The words of the protocol that a target is about.
fn dictionary(target: &str) -> Option<PathBuf> {
    let protocol = target.split('_').next()?;
    let path = root().join(format!("fuzz/dictionaries/{protocol}.dict"));
    path.is_file().then_some(path)
}

fn corpus(target: &str) -> PathBuf {
    root().join("fuzz/corpus").join(target)
}

fn folder() -> PathBuf {
    target_dir().join("fuzz")
}

fn count(folder: &Path) -> Result<usize> {
    Ok(fs::read_dir(folder)?.count())
}

/// `cargo +nightly fuzz`, through rustup because we run inside another cargo.
fn cargo_fuzz<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Program {
    let rustup = ["run", "nightly", "cargo", "fuzz"];
    Program::new("rustup", rustup.into_iter().chain(arguments))
}
