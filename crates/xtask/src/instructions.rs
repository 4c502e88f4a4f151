//! How many instructions each of our cases takes, counted by callgrind. The number is the same in every run, so it
//! can be compared from commit to commit.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::process::{Program, cargo, is_installed, root, target_dir};

/// Counts, prints, and compares with `benches/instructions.txt`; with `update` writes it.
///
/// # Errors
/// When a case takes more than 5 % more than the file says, and the compiler is the one of the file.
pub(crate) fn run(update: bool) -> Result<()> {
    if !is_installed("valgrind") {
        bail!("there is no valgrind here; Debian's package is `valgrind`");
    }
    let counts = count()?;
    let compiler = Program::new("rustc", ["--version"])
        .stdout()?
        .trim()
        .to_owned();
    let path = root().join("benches").join("instructions.txt");
    if update {
        let lines: Vec<_> = counts
            .iter()
            .map(|(case, count)| format!("{count:>12.1}  {case}\n"))
            .collect();
        fs::write(&path, format!("{HEAD}# {compiler}\n\n{}", lines.concat()))?;
        println!("{}written to {}", lines.concat(), path.display());
        return Ok(());
    }
    let file = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let is_same_compiler = file.lines().any(|line| line == format!("# {compiler}"));
    let grown = compare(&parse(&file)?, &counts);
    if !is_same_compiler {
        println!(
            "\nThis is {compiler}, and not the compiler of {}: counts are reported, and nothing fails.",
            path.display()
        );
        return Ok(());
    }
    if grown > 0 {
        bail!(
            "{grown} cases take more than {:.0} % more instructions than committed; if there is a reason, \
             `cargo xtask instructions --update`, and say it in the commit",
            (TOLERANCE - 1.0) * 100.0
        );
    }
    Ok(())
}

const TOLERANCE: f64 = 1.05;

const HEAD: &str = "\
# Instructions per item, as `cargo xtask instructions` counts them with callgrind. They depend on the
# compiler, which is named here, and a little on the C library and the processor that valgrind shows.
# A copy by `rep movsb` counts one for each byte. Page faults and waiting for memory do not count.
# Written by `cargo xtask instructions --update`.
";

/// Runs valgrind once for each case. It only counts inside the function that runs the case, so that preparing the
/// input does not count.
fn count() -> Result<BTreeMap<String, f64>> {
    cargo("build --profile bench -p holdline-benches --bin one").run()?;
    let program = target_dir().join("release").join("one");
    let out = target_dir().join("callgrind.out");
    let to_out = format!("--callgrind-out-file={}", out.display());
    let options = [
        "--tool=callgrind",
        "--quiet",
        "--toggle-collect=one::measured*",
        &to_out,
    ];
    let list = Program::new(&program, [""; 0]).stdout()?;
    let mut counts = BTreeMap::new();
    for (number, line) in list.lines().enumerate() {
        let (items, case) = line.split_once(' ').context("not as `one` prints it")?;
        let items: f64 = items.parse()?;
        let (program, number) = (program.to_string_lossy(), number.to_string());
        let arguments = options.iter().copied().chain([&*program, &*number]);
        Program::new("valgrind", arguments).stdout()?;
        counts.insert(case.to_owned(), total(&out)? / items);
    }
    Ok(counts)
}

/// The sum at the end of a file of callgrind.
fn total(path: &Path) -> Result<f64> {
    let file = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let total = file.lines().find_map(|line| line.strip_prefix("totals: "));
    let total = total.with_context(|| format!("{}: no total", path.display()))?;
    let total: f64 = total.trim().parse()?;
    if total == 0.0 {
        bail!("{}: nothing was counted", path.display());
    }
    Ok(total)
}

fn parse(file: &str) -> Result<BTreeMap<String, f64>> {
    let lines = file
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (count, case) = line.split_once("  ").with_context(|| line.to_owned())?;
            Ok((case.to_owned(), count.parse()?))
        })
        .collect()
}

/// Prints both; returns how many grew too much.
fn compare(before: &BTreeMap<String, f64>, now: &BTreeMap<String, f64>) -> usize {
    println!("{:>12} {:>12} {:>8}  case", "committed", "now", "change");
    let mut grown = 0;
    for (case, count) in now {
        let Some(old) = before.get(case) else {
            println!("{:>12} {count:>12.1} {:>8}  {case}", "", "new");
            continue;
        };
        let is_grown = *count > old * TOLERANCE;
        grown += usize::from(is_grown);
        let change = (count / old - 1.0) * 100.0;
        let word = if is_grown { "  GROWN" } else { "" };
        println!("{old:>12.1} {count:>12.1} {change:>+7.1}%  {case}{word}");
    }
    for case in before.keys().filter(|case| !now.contains_key(*case)) {
        println!("{case}: is in the file and was not run");
    }
    grown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_grew_by_more_than_the_tolerance_counts() {
        let before =
            parse("# rustc 1\n\n     100.0  a, b\n     100.0  c\n     100.0  d\n").unwrap();
        assert_eq!(before["a, b"], 100.0);
        let now = [("a, b", 104.9), ("c", 105.1), ("new", 1.0)];
        let now = now.map(|(case, count)| (case.to_owned(), count)).into();
        assert_eq!(compare(&before, &now), 1);
        assert_eq!(compare(&before, &before), 0);
    }

    #[test]
    fn a_file_that_is_not_ours_is_refused() {
        assert!(parse("lorem ipsum").is_err());
    }
}
