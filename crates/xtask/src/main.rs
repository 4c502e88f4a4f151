//! The developers' commands: `cargo xtask test` is what CI runs.
//!
//! Each check is a [`Step`] that can also be run alone, so that a failed one can be repeated without the others.

mod api;
mod bench;
mod bench_others;
mod bench_servers;
mod coverage;
mod crowd;
mod e2e;
mod features;
mod fuzz;
mod instructions;
mod long;
mod msrv;
mod mutants;
mod package;
mod process;
mod published;
mod steps;
mod structure;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use steps::Step;

fn main() -> ExitCode {
    let steps: &[Step] = match Arguments::parse().command {
        Command::Test => &Step::ALL,
        Command::Fuzz(options) => return done(fuzz::run(&options)),
        Command::Coverage => return done(coverage::run()),
        Command::Bench { test: true, .. } => &[Step::Bench],
        Command::Bench {
            quick,
            renew,
            filter,
            ..
        } => return done(bench::run(quick, renew, filter.as_deref())),
        Command::BenchServers { quick } => return done(bench_servers::run(quick)),
        Command::BenchOthers => return done(bench_others::run()),
        Command::Instructions { update } => return done(instructions::run(update)),
        Command::Long { name } => return done(long::run(name.as_deref())),
        Command::Semver { since } => return done(published::semver(&since)),
        Command::Deny { offline } => return done(published::deny(offline)),
        Command::Mutants(options) => return done(mutants::run(&options)),
        Command::Msrv { dependencies: true } => &[Step::Msrv],
        Command::Msrv { .. } => return done(msrv::check()),
        Command::Api { update: true } => return done(api::run(true)),
        Command::Api { update: false } => &[Step::Api],
        Command::Tools => &[Step::Tools],
        Command::Fmt => &[Step::Fmt],
        Command::Structure => &[Step::Structure],
        Command::Lint => &[Step::Lint],
        Command::Unit => &[Step::Unit],
        Command::Features => &[Step::Features],
        Command::Doc => &[Step::Doc],
        Command::Package => &[Step::Package],
        Command::E2e => &[Step::E2e],
    };
    steps::run(steps)
}

fn done(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The developers' commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run every check below, in this order, up to the first that fails
    Test,
    /// Find the browser and the other programs that tests need; install them from Debian's packages if allowed
    Tools,
    /// Check the formatting
    Fmt,
    /// Find circles of `use`, what is too long, and dropped results
    Structure,
    /// Compare what is public in each published crate with docs/api
    Api {
        /// Write docs/api
        #[arg(long)]
        update: bool,
    },
    /// Run clippy on everything; warnings are errors
    Lint,
    /// Run the unit tests, scenario tests and doc tests
    Unit,
    /// Build and test the codec crates with each set of features, and prove them no_std
    Features,
    /// Build the documentation; warnings are errors
    Doc,
    /// Package the published crates and check what is in them
    Package,
    /// Build the program in release mode and drive it with a browser and other clients
    E2e,
    /// Time the codecs beside their peers and write the table to docs/benchmarks.md
    Bench {
        /// Three minutes instead of a quarter of an hour: the ratios are less reliable
        #[arg(long)]
        quick: bool,
        /// Only run each case once, with its checks, as the step `unit` does
        #[arg(long, conflicts_with_all = ["quick", "filter"])]
        test: bool,
        /// Write the table although only some cases are timed: the others stay as the last run on this machine left them
        #[arg(long, requires = "filter")]
        renew: bool,
        /// Only cases whose name matches; nothing is written without --renew
        filter: Option<String>,
    },
    /// Measure the CPU time of whole servers per request and write the table to docs/benchmarks.md
    BenchServers {
        /// One short round instead of three: the ratios are less reliable
        #[arg(long)]
        quick: bool,
    },
    /// Measure libraries of Python and Node beside ours and write the table to docs/benchmarks.md
    BenchOthers,
    /// Count the instructions of each case with callgrind; fails when one grew by more than 5 %
    Instructions {
        /// Write the counts to benches/instructions.txt
        #[arg(long)]
        update: bool,
    },
    /// Run the long form of a test, with HOLDLINE_LONG=1; without a name, list which there are
    Long { name: Option<String> },
    /// Build the published crates with the oldest Rust that they name; needs rustup
    Msrv {
        /// Build nothing: only see what the crates below them say that they need; the step of `test`
        #[arg(long)]
        dependencies: bool,
    },
    /// Compare what is public with an older commit, and see whether the versions allow the change; needs
    /// cargo-semver-checks
    Semver {
        /// The commit or tag of the last release
        #[arg(long, value_name = "REV")]
        since: String,
    },
    /// Check the licences, sources and known faults of the crates below ours; needs cargo-deny
    Deny {
        /// Leave the known faults out, whose list must be fetched
        #[arg(long)]
        offline: bool,
    },
    /// Change one thing at a time in a codec crate and count what its tests catch; needs cargo-mutants, takes an hour
    Mutants(mutants::Options),
    /// Measure which lines of the codec crates their tests and the corpora of the fuzz targets reach; needs llvm-tools
    Coverage,
    /// Fuzz with libFuzzer; needs nightly Rust and cargo-fuzz
    Fuzz(fuzz::Options),
}
