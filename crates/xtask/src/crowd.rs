//! Test programs that are built together and run several at a time, because most of them mostly wait.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::{Program, cargo, shown, target_dir};

/// Which tests, and how they are run.
#[derive(Debug, Default)]
pub(crate) struct Crowd<'a> {
    /// The packages and features, as arguments of cargo.
    pub(crate) packages: &'a str,
    /// The targets, as arguments of cargo.
    pub(crate) targets: &'a str,
    /// Variables that the tests need.
    pub(crate) variables: &'a [(&'a str, PathBuf)],
    /// How many tests of one program run at a time. Cargo's default is one for each core.
    pub(crate) threads: Option<usize>,
    /// How many programs run at a time beside one for each core, because they mostly wait.
    pub(crate) spare: usize,
    /// Those that take longest are begun first, so that the others run beside them.
    pub(crate) first: &'a [&'a str],
    /// Those that measure what the machine does, or keep it busy, run one by one after all others.
    pub(crate) alone: &'a [&'a str],
}

/// A program of tests.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Built {
    name: String,
    /// `test`, `lib`, `bin` or `example`.
    kind: String,
    source: PathBuf,
    /// The folder of its package, where its tests expect to run.
    folder: PathBuf,
    path: PathBuf,
}

/// What runs beside others.
#[derive(Debug)]
struct Job {
    /// What is tested, for people.
    title: String,
    program: Program,
    /// The file with what it prints.
    output: String,
    /// The command that does it again.
    again: String,
}

impl Crowd<'_> {
    /// Builds all of them, and runs them. What a program prints is printed when it has ended. A copy
    /// is kept in `target/test-output`.
    ///
    /// # Errors
    /// When one cannot be built, or fails; or if none has a name that is in one of the lists.
    pub(crate) fn run(&self) -> Result<()> {
        let built = self.build()?;
        known(self.first, &built)?;
        known(self.alone, &built)?;
        let (alone, mut together): (Vec<_>, Vec<_>) = built
            .into_iter()
            .partition(|built| self.alone.contains(&&*built.name));
        // A stable order: the others stay as cargo has them.
        together.sort_by_key(|built| {
            self.first
                .iter()
                .position(|name| *name == built.name)
                .unwrap_or(usize::MAX)
        });
        let jobs = together.iter().map(|built| self.job(built)).collect();
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let mut failed = run_all(jobs, cores + self.spare);
        failed.extend(run_all(
            alone.iter().map(|built| self.job(built)).collect(),
            1,
        ));
        if failed.is_empty() {
            return Ok(());
        }
        let told: Vec<_> = failed.iter().map(|error| format!("{error:#}")).collect();
        bail!("{}", told.join("\n"))
    }

    fn build(&self) -> Result<Vec<Built>> {
        let Self {
            packages, targets, ..
        } = self;
        let build =
            format!("test --no-run --message-format=json-render-diagnostics {packages} {targets}");
        built(&cargo(&build).run_stdout()?)
    }

    fn job(&self, built: &Built) -> Job {
        let file = built.path.file_stem().unwrap_or_default();
        Job {
            title: format!("{} ({})", shown(&built.source), shown(&built.path)),
            program: self.program(built),
            output: format!("{}.txt", file.to_string_lossy()),
            again: self.again(built),
        }
    }

    fn program(&self, built: &Built) -> Program {
        let mut program = Program::new(&built.path, [""; 0])
            .folder(&built.folder)
            // As cargo does.
            .env("CARGO_MANIFEST_DIR", &built.folder);
        if let Some(threads) = self.threads
            && std::env::var_os("RUST_TEST_THREADS").is_none()
        {
            program = program.env("RUST_TEST_THREADS", threads.to_string());
        }
        for (name, value) in self.variables {
            program = program.env(name, value);
        }
        program
    }

    /// The command that builds and runs one again.
    fn again(&self, built: &Built) -> String {
        let which = match &*built.kind {
            "lib" => "--lib".to_owned(),
            kind => format!("--{kind} {}", built.name),
        };
        let command = cargo(&format!("test {} {which}", self.packages));
        let command = self
            .variables
            .iter()
            .fold(command, |command, (name, value)| command.env(name, value));
        command.to_string()
    }
}

/// Runs so many at a time, also when one has failed, so that whoever waited for all of them hears all that
/// is wrong: these errors.
fn run_all(jobs: Vec<Job>, at_once: usize) -> Vec<anyhow::Error> {
    let waiting = Mutex::new(VecDeque::from(jobs));
    let failed = Mutex::new(Vec::new());
    let work = || {
        loop {
            let next = lock(&waiting).pop_front();
            let Some(job) = next else { return };
            if let Err(error) = job.run() {
                lock(&failed).push(error);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(work);
        }
    });
    std::mem::take(&mut *lock(&failed))
}

impl Job {
    fn run(self) -> Result<()> {
        println!("     Started {}", self.title);
        let folder = target_dir().join("test-output");
        fs::create_dir_all(&folder)?;
        let output = folder.join(self.output);
        let start = Instant::now();
        let status = self.program.run_into(&File::create(&output)?)?;
        print_whole(&self.title, &fs::read(&output)?, start.elapsed());
        if !status.success() {
            let Self { title, again, .. } = self;
            bail!("{title} ended with {status}\nTo repeat it: {again}");
        }
        Ok(())
    }
}

/// Looks that each of these names is that of a test.
fn known(names: &[&str], built: &[Built]) -> Result<()> {
    match names
        .iter()
        .find(|name| !built.iter().any(|built| built.name == **name))
    {
        Some(name) => bail!("there is no test called `{name}`: correct the list in xtask"),
        None => Ok(()),
    }
}

/// What cargo says it has built.
fn built(messages: &str) -> Result<Vec<Built>> {
    let mut all = Vec::new();
    for line in messages.lines() {
        let message: Value =
            serde_json::from_str(line).with_context(|| format!("cargo says {line}"))?;
        // A program that only some test starts is built, too.
        let Some(path) = message["executable"]
            .as_str()
            .filter(|_| message["profile"]["test"] == true)
        else {
            continue;
        };
        let text = |value: &Value| {
            value
                .as_str()
                .map(str::to_owned)
                .context("not as cargo writes its messages")
        };
        let folder = PathBuf::from(text(&message["manifest_path"])?);
        all.push(Built {
            name: text(&message["target"]["name"])?,
            kind: text(&message["target"]["kind"][0])?,
            source: text(&message["target"]["src_path"])?.into(),
            folder: folder.parent().map(Path::to_owned).unwrap_or_default(),
            path: path.into(),
        });
    }
    Ok(all)
}

/// Not mixed with what another one prints.
fn print_whole(title: &str, output: &[u8], time: Duration) {
    static PRINTING: Mutex<()> = Mutex::new(());
    let _turn = lock(&PRINTING);
    println!(
        "     Running {title}: {:.1} s\n{}",
        time.as_secs_f64(),
        String::from_utf8_lossy(output)
    );
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tests_are_run_and_in_the_folder_of_their_package() {
        let line = |name: &str, test: bool, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/w/e2e/Cargo.toml","target":{{"kind":["test"],"name":"{name}","src_path":"/w/e2e/tests/{name}.rs"}},"profile":{{"test":{test}}},"executable":{executable}}}"#
            )
        };
        let messages = [
            r#"{"reason":"build-script-executed","package_id":"x"}"#.to_owned(),
            line("holdline", false, r#""/w/target/debug/holdline""#),
            line("helper", true, "null"),
            line("abuse", true, r#""/w/target/debug/deps/abuse-1""#),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ];
        let abuse = Built {
            name: "abuse".to_owned(),
            kind: "test".to_owned(),
            source: "/w/e2e/tests/abuse.rs".into(),
            folder: "/w/e2e".into(),
            path: "/w/target/debug/deps/abuse-1".into(),
        };
        let all = built(&messages.join("\n")).unwrap();
        assert_eq!(all.as_slice(), std::slice::from_ref(&abuse));
        let crowd = Crowd {
            packages: "--workspace",
            variables: &[("WHERE", "/x".into())],
            ..Crowd::default()
        };
        assert_eq!(
            crowd.again(&abuse),
            "WHERE=/x cargo test --workspace --test abuse"
        );
    }

    #[test]
    fn a_name_that_nobody_has_is_told() {
        let error = known(&["abuse", "abuses"], &[]).unwrap_err();
        assert!(error.to_string().contains("`abuse`"), "{error}");
    }

    #[test]
    fn all_are_run_and_all_that_failed_are_told() {
        let job = |name: &str, path: &str| Job {
            title: name.to_owned(),
            program: Program::new(path, [""; 0]),
            output: format!("crowd-{name}.txt"),
            again: format!("again {name}"),
        };
        let jobs = vec![
            job("bad", "false"),
            job("good", "true"),
            job("late", "/nowhere"),
        ];
        let failed: Vec<_> = run_all(jobs, 1).iter().map(ToString::to_string).collect();
        let told = [
            "bad ended with exit status: 1\nTo repeat it: again bad",
            "cannot run `/nowhere`",
        ];
        assert_eq!(failed, told);
    }
}
