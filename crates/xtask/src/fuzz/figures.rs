//! What a run of one target did, as a row of a table.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::Result;

#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) target: String,
    pub(super) seconds: u64,
    runs: u64,
    /// Edges between basic blocks that were reached, of our code and of what it is compared with.
    coverage: u64,
    /// The inputs that are worth keeping.
    corpus: u64,
    /// The longest of them, in bytes.
    pub(super) largest: u64,
    /// Inputs that failed.
    pub(super) finds: usize,
    pub(super) has_failed: bool,
}

impl Figures {
    pub(super) const HEADING: &'static str = "\
| Target | s | runs | runs/s | edges | inputs kept | longest, bytes | finds |\n\
|---|---:|---:|---:|---:|---:|---:|---:|";

    /// Reads what libFuzzer said.
    pub(super) fn of(target: &str, log: &str) -> Self {
        let after = |line: &str, word: &str| {
            let (_, rest) = line.split_once(word)?;
            let digits = rest.trim_start();
            let end = digits
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(digits.len());
            digits[..end].parse::<u64>().ok()
        };
        let last = |word: &str| log.lines().rev().find_map(|line| after(line, word));
        // It does not print its statistics after a failure, but each line of progress begins with the runs so far.
        let progress = log.lines().filter_map(|line| after(line, "#"));
        Self {
            target: target.to_owned(),
            runs: last("number_of_executed_units:")
                .or(progress.max())
                .unwrap_or(0),
            coverage: last(" cov: ").unwrap_or(0),
            corpus: last(" corp: ").unwrap_or(0),
            ..Self::default()
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "| `{}` | {} | {} | {} | {} | {} | {} | {} |",
            self.target,
            self.seconds,
            thousands(self.runs),
            thousands(self.runs / self.seconds.max(1)),
            thousands(self.coverage),
            thousands(self.corpus),
            thousands(self.largest),
            self.finds
        )
    }
}

/// The size of the largest file in these folders.
pub(super) fn largest(folders: &[&Path]) -> Result<u64> {
    let mut largest = 0;
    for folder in folders {
        for entry in fs::read_dir(folder)? {
            largest = largest.max(entry?.metadata()?.len());
        }
    }
    Ok(largest)
}

/// `1,234,567`
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::Figures;

    #[test]
    fn the_figures_are_those_that_libfuzzer_printed() {
        let log = "\
#1204\tINITED cov: 990 ft: 3000 corp: 150/9Kb exec/s: 0 rss: 60Mb\n\
#65536\tpulse  cov: 1001 ft: 3100 corp: 171/12Kb lim: 302 exec/s: 5461 rss: 80Mb\n\
Done 70000 runs in 12 second(s)\n\
stat::number_of_executed_units: 70000\n";
        let mut figures = Figures::of("sse_decoder", log);
        figures.seconds = 12;
        let row = "| `sse_decoder` | 12 | 70,000 | 5,833 | 1,001 | 171 | 0 | 0 |";
        assert_eq!(figures.to_string(), row);
        let stopped = Figures::of("sse_decoder", &log[..150]);
        assert_eq!(stopped.runs, 65_536);
    }
}
