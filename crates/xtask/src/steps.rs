//! The checks: their names, their order, and how they are reported.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::crowd::Crowd;
use crate::process::cargo;
use crate::workspace::{everything, tests};
use crate::{api, bench, e2e, features, msrv, package, structure, tools};

/// One check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Tools,
    Fmt,
    Structure,
    Api,
    Msrv,
    Lint,
    Unit,
    Bench,
    Features,
    Doc,
    Package,
    E2e,
}

impl Step {
    /// What `cargo xtask test` runs, in this order: the steps that fail fastest come first.
    pub(crate) const ALL: [Self; 11] = [
        Self::Tools,
        Self::Fmt,
        Self::Structure,
        Self::Api,
        Self::Msrv,
        Self::Lint,
        Self::Unit,
        Self::Features,
        Self::Doc,
        Self::Package,
        Self::E2e,
    ];

    /// The subcommand that runs this step alone.
    fn name(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Fmt => "fmt",
            Self::Structure => "structure",
            Self::Api => "api",
            Self::Msrv => "msrv --dependencies",
            Self::Lint => "lint",
            Self::Unit => "unit",
            Self::Bench => "bench --test",
            Self::Features => "features",
            Self::Doc => "doc",
            Self::Package => "package",
            Self::E2e => "e2e",
        }
    }

    /// A step can use what an earlier one has built.
    fn check(self, built: &mut Built) -> Result<()> {
        match self {
            Self::Tools => tools::check(),
            Self::Fmt => cargo("fmt --all --check").run(),
            Self::Structure => structure::check(),
            Self::Api => api::run(false),
            Self::Msrv => msrv::dependencies(),
            Self::Lint => lint(),
            Self::Unit => unit(),
            Self::Bench => bench::check(),
            Self::Features => features::check(),
            Self::Doc => doc(),
            Self::Package => {
                built.program = Some(package::check()?);
                Ok(())
            }
            Self::E2e => e2e::check(built.program.take()),
        }
    }
}

/// What one step builds and another one uses.
#[derive(Debug, Default)]
struct Built {
    /// The program, built from the packages.
    program: Option<PathBuf>,
}

/// Runs the steps up to the first one that fails. The last line printed is `N passed, M failed`.
pub(crate) fn run(steps: &[Step]) -> ExitCode {
    let start = Instant::now();
    let mut lines = Vec::new();
    let mut failed = None;
    let mut built = Built::default();
    for (index, &step) in steps.iter().enumerate() {
        println!("\n==== {} ({} of {})", step.name(), index + 1, steps.len());
        let start = Instant::now();
        let result = step.check(&mut built);
        let time = seconds(start.elapsed());
        let name = step.name();
        match result {
            Ok(()) => {
                println!("==== {name}: passed in {time}");
                lines.push(format!("passed   {time:>8}  {name}"));
            }
            Err(error) => {
                println!("==== {name}: failed after {time}");
                lines.push(format!("FAILED   {time:>8}  {name}"));
                failed = Some((name, error));
                break;
            }
        }
    }
    let passed = lines.len() - usize::from(failed.is_some());
    lines.extend(
        steps
            .iter()
            .skip(lines.len())
            .map(|step| format!("not run            {}", step.name())),
    );
    println!("\n==== summary\n{}", lines.join("\n"));
    println!("total    {:>8}", seconds(start.elapsed()));
    if let Some((name, error)) = &failed {
        println!("\nThe step `{name}` failed: {error:#}");
        println!("To repeat the step: cargo xtask {name}");
    }
    println!("{passed} passed, {} failed", usize::from(failed.is_some()));
    match failed {
        Some(_) => ExitCode::FAILURE,
        None => ExitCode::SUCCESS,
    }
}

fn lint() -> Result<()> {
    let everything = everything()?;
    cargo(&format!("clippy {everything} --all-targets -- -D warnings")).run()
}

/// They take longest.
const UNIT_FIRST: [&str; 4] = ["holdline", "seeing", "bench", "event_loop"];

fn unit() -> Result<()> {
    let everything = everything()?;
    let crowd = Crowd {
        packages: &everything,
        targets: &format!("{} {}", tests(false)?, bench::AS_A_TEST),
        first: &UNIT_FIRST,
        ..Crowd::default()
    };
    crowd.run()?;
    cargo(&format!("test {everything} --doc")).run()
}

fn doc() -> Result<()> {
    cargo(&format!("doc --no-deps {}", everything()?))
        .env("RUSTDOCFLAGS", "-Dwarnings")
        .run()
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
