//! Running other programs, and saying which one when it fails.

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};

use anyhow::{Context, Result, bail};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    // `cargo run` tells where the crate is now. Where it was compiled can be elsewhere, when
    // two clones share a target directory.
    let crate_dir = env::var_os("CARGO_MANIFEST_DIR");
    let crate_dir = PathBuf::from(crate_dir.unwrap_or(env!("CARGO_MANIFEST_DIR").into()));
    let root = crate_dir.ancestors().nth(2);
    root.map_or(crate_dir.clone(), Path::to_path_buf)
}

/// A path as a person would write it: from the root of the workspace.
pub(crate) fn shown(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap_or(path);
    path.display().to_string()
}

/// Where cargo puts what it builds.
pub(crate) fn target_dir() -> PathBuf {
    // A relative path in the variable is relative to where cargo runs: the root.
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The name of this machine's platform, such as `x86_64-unknown-linux-gnu`.
///
/// # Errors
/// When `rustc` does not say it.
pub(crate) fn host() -> Result<String> {
    let text = Program::new("rustc", ["-vV"]).stdout()?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}

/// Whether a program of this name can be run.
pub(crate) fn is_installed(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|dir| dir.join(name).is_file())
}

/// Fails, and says how to install it, when a tool of cargo is missing.
///
/// # Errors
/// That it is missing.
pub(crate) fn needs_cargo(tool: &str) -> Result<()> {
    if cargo(&format!("{tool} --version")).succeeds() {
        return Ok(());
    }
    bail!("this needs cargo-{tool}:\n  cargo install cargo-{tool} --locked");
}

/// The cargo that runs us, with arguments separated by spaces.
pub(crate) fn cargo(arguments: &str) -> Program {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut program = Program::new(&cargo, arguments.split_whitespace());
    // Most of what a step builds is built only once. The data for incremental builds takes time and gigabytes.
    if env::var_os("CARGO_INCREMENTAL").is_none() {
        program.command.env("CARGO_INCREMENTAL", "0");
    }
    Program {
        shown: format!("cargo {arguments}"),
        ..program
    }
}

/// A program to run in the root of the workspace.
#[derive(Debug)]
pub(crate) struct Program {
    command: Command,
    /// The command as a person would type it.
    shown: String,
}

impl Program {
    pub(crate) fn new(
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(root());
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
        Self {
            shown: words.join(" "),
            command,
        }
    }

    /// More arguments, which may contain blanks.
    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        for argument in arguments {
            let argument = argument.as_ref();
            self.shown = format!("{} '{}'", self.shown, argument.to_string_lossy());
            self.command.arg(argument);
        }
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let value = value.as_ref();
        self.shown = format!("{name}={} {}", value.to_string_lossy(), self.shown);
        self.command.env(name, value);
        self
    }

    /// Runs it with our own output.
    ///
    /// # Errors
    /// When it cannot be run, or ends with anything but success.
    pub(crate) fn run(mut self) -> Result<()> {
        println!("$ {self}");
        let status = self.command.status();
        let status = status.with_context(|| format!("cannot run `{self}`"))?;
        if !status.success() {
            bail!("`{self}` ended with {status}");
        }
        Ok(())
    }

    /// In this folder instead of the root.
    pub(crate) fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Runs it, and writes what it prints to a file.
    ///
    /// # Errors
    /// When it cannot be run. How it ended is in the result.
    pub(crate) fn run_into(mut self, file: &File) -> Result<ExitStatus> {
        self.command.stdin(Stdio::null());
        self.command
            .stdout(file.try_clone()?)
            .stderr(file.try_clone()?);
        let status = self.command.status();
        status.with_context(|| format!("cannot run `{self}`"))
    }

    /// Runs it with our own output for its messages, and returns what it prints.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub(crate) fn run_stdout(mut self) -> Result<String> {
        println!("$ {self}");
        let output = self.command.stderr(Stdio::inherit()).output();
        let output = output.with_context(|| format!("cannot run `{self}`"))?;
        if !output.status.success() {
            bail!("`{self}` ended with {}", output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it quietly.
    ///
    /// # Errors
    /// When it cannot be run. How it ended is in the result.
    fn output(mut self) -> Result<Output> {
        let output = self.command.output();
        output.with_context(|| format!("cannot run `{self}`"))
    }

    /// Runs it and returns what it prints.
    ///
    /// # Errors
    /// When it cannot be run, or ends with anything but success; the error includes its complaint.
    pub(crate) fn stdout(self) -> Result<String> {
        let output = self.success()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The same, and returns what it says on its standard error.
    pub(crate) fn messages(self) -> Result<String> {
        let output = self.success()?;
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn success(self) -> Result<Output> {
        let shown = self.shown.clone();
        let output = self.output()?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            bail!("`{shown}` ended with {}\n{complaint}", output.status);
        }
        Ok(output)
    }

    /// Whether it runs and succeeds.
    pub(crate) fn succeeds(self) -> bool {
        self.output().is_ok_and(|output| output.status.success())
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}
