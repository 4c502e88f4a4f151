//! Compares the codecs with their peers: runs the benches, and makes one table of the ratios of their times.

mod marks;
mod report;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::{cargo, target_dir};
use crate::workspace::everything;
use marks::{Base, MARKS, Mark};
pub(crate) use report::{machine, versions, write_section};

/// Runs each contestant of each case once, in test mode, with all checks.
pub(crate) fn check() -> Result<()> {
    // With the same settings as the unit tests, so that only the bench itself is compiled.
    cargo(&format!("test {} --bench codecs", everything()?)).run()
}

/// Times the cases whose id contains `filter` and prints the table. Without a filter it also goes into
/// `docs/benchmarks.md`.
///
/// # Errors
/// When the benches fail, or leave no result.
pub(crate) fn run(quick: bool, filter: Option<&str>) -> Result<()> {
    let home = target_dir().join("holdline-bench");
    if home.exists() {
        fs::remove_dir_all(&home).context("cannot remove old results")?;
    }
    let pace = if quick {
        "--quiet --warm-up-time 0.01 --measurement-time 0.02 --sample-size 10"
    } else {
        "--quiet"
    };
    // Criterion takes the filter for a regular expression.
    cargo(&format!(
        "bench -p holdline-benches --bench codecs -- {pace}"
    ))
    .args(filter)
    .env("CRITERION_HOME", &home)
    .env("HOLDLINE_BENCH_ROUNDS", if quick { "3" } else { "5" })
    .run()?;
    let table = Results::read(&home)?.table();
    println!("{table}");
    if filter.is_some() {
        return Ok(());
    }
    let option = if quick { " --quick" } else { "" };
    let (machine, peers) = (machine(), versions(PEERS)?);
    let section =
        format!("{machine}\n\nCommand: `cargo xtask bench{option}`. Peers: {peers}.\n\n{table}");
    write_section("codecs", &section)
}

/// The crates that the codecs are compared with, or that the floors are built on.
const PEERS: &[&str] = &[
    "axum",
    "eventsource-stream",
    "fastwebsockets",
    "httparse",
    "hyper",
    "memchr",
    "simdutf8",
    "soketto",
    "sse-codec",
    "sse-frame",
    "sse-stream",
    "tokio-websockets",
    "tungstenite",
    "websocket-codec",
    "websocket-sans-io",
    "yawc",
];

const OURS: &str = "holdline";
const FLOOR: &str = "floor";

/// Nanoseconds per item: of each case, of each contestant, of each round.
struct Results(BTreeMap<String, BTreeMap<String, BTreeMap<u32, f64>>>);

impl Results {
    fn read(home: &Path) -> Result<Self> {
        let mut results = Self(BTreeMap::new());
        results.visit(home)?;
        if results.0.is_empty() {
            bail!("no case was run; is there one with this name?");
        }
        Ok(results)
    }

    /// Criterion keeps a folder `new` for what it measured last, somewhere below a folder for the case.
    fn visit(&mut self, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.ends_with("new") {
                self.add(&path)
                    .with_context(|| path.display().to_string())?;
            } else if path.is_dir() {
                self.visit(&path)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, folder: &Path) -> Result<()> {
        let json = |name: &str| -> Result<Value> {
            Ok(serde_json::from_slice(&fs::read(folder.join(name))?)?)
        };
        let (what, times) = (json("benchmark.json")?, json("estimates.json")?);
        let text = |name: &str| what[name].as_str().context("not as criterion writes it");
        let items = what["throughput"]["Elements"].as_f64();
        let time = times["median"]["point_estimate"].as_f64();
        let (Some(items), Some(time)) = (items, time) else {
            bail!("not as criterion writes it");
        };
        let rounds = self.0.entry(text("group_id")?.into()).or_default();
        let rounds = rounds.entry(text("function_id")?.into()).or_default();
        rounds.insert(text("value_str")?.parse()?, time / items);
        Ok(())
    }

    /// The median time of a contestant.
    fn time(&self, case: &str, contestant: &str) -> Option<f64> {
        let rounds = self.0.get(case)?.get(contestant)?;
        median(rounds.values().copied().collect())
    }

    /// Ours divided by another: the median of the ratios of each round.
    fn ratio(&self, case: &str, contestant: &str) -> Option<f64> {
        self.ratio_of(OURS, case, contestant)
    }

    /// One of our ways divided by another contestant.
    fn ratio_of(&self, ours: &str, case: &str, contestant: &str) -> Option<f64> {
        let case = self.0.get(case)?;
        let (ours, theirs) = (case.get(ours)?, case.get(contestant)?);
        let ratios = ours
            .iter()
            .filter_map(|(round, time)| Some(time / theirs.get(round)?));
        median(ratios.collect())
    }

    /// A row for each other way in which our codec can do the same: `holdline, in pieces`.
    fn other_ways(&self, case: &str, best: Option<&str>, peer: &str) -> Vec<String> {
        let contestants = self.0.get(case).into_iter().flat_map(BTreeMap::keys);
        let row = |name: &str| {
            let way = name.strip_prefix(OURS)?.strip_prefix(", ")?;
            let time = show_time(self.time(case, name));
            let to_peer = show_ratio(best.and_then(|best| self.ratio_of(name, case, best)));
            let to_floor = show_ratio(self.ratio_of(name, case, FLOOR));
            Some(format!(
                "| {case}, *{way}* | {time} | {peer} | {to_peer} | {to_floor} |  |  |"
            ))
        };
        contestants.filter_map(|name| row(name)).collect()
    }

    fn best_peer(&self, case: &str) -> Option<&str> {
        let is_peer = |name: &&String| !name.starts_with(OURS) && *name != FLOOR;
        let peers = self.0.get(case)?.keys().filter(is_peer);
        let time = |name: &str| self.time(case, name).unwrap_or(f64::INFINITY);
        let best = peers.min_by(|a, b| time(a).total_cmp(&time(b)));
        best.map(String::as_str)
    }

    /// What a mark compares, as measured.
    fn measure(&self, mark: &Mark) -> Option<f64> {
        match mark.base {
            Base::BestPeer => self.ratio(mark.case, self.best_peer(mark.case)?),
            Base::Contestant(name) => self.ratio(mark.case, name),
            Base::Floor => self.ratio(mark.case, FLOOR),
            Base::Case(other) => Some(self.time(mark.case, OURS)? / self.time(other, OURS)?),
        }
    }

    fn table(&self) -> String {
        let mut rows = vec![
            "| case | ours | best peer | | ours / best peer | ours / floor | mark | |".to_owned(),
            "|---|--:|---|--:|--:|--:|---|---|".to_owned(),
        ];
        let mut cases: Vec<_> = self.0.keys().collect();
        cases.sort_by_cached_key(|case| by_size(case));
        for case in cases {
            let ours = show_time(self.time(case, OURS));
            let best = self.best_peer(case);
            let peer = best.map_or(" | ".to_owned(), |name| {
                format!("{name} | {}", show_time(self.time(case, name)))
            });
            let to_peer = show_ratio(best.and_then(|name| self.ratio(case, name)));
            let to_floor = show_ratio(self.ratio(case, FLOOR));
            let (mut marks, mut verdicts) = (Vec::new(), Vec::new());
            for mark in MARKS.iter().filter(|mark| mark.case == case) {
                marks.push(mark.to_string());
                verdicts.push(self.measure(mark).map_or("not run".to_owned(), |measured| {
                    let verdict = if measured <= mark.limit {
                        "met"
                    } else {
                        "missed"
                    };
                    format!("{measured:.2} {verdict}")
                }));
            }
            rows.push(format!(
                "| {case} | {ours} | {peer} | {to_peer} | {to_floor} | {} | {} |",
                marks.join(", "),
                verdicts.join(", "),
            ));
            rows.extend(self.other_ways(case, best, &peer));
        }
        rows.join("\n")
    }
}

/// A key that sorts cases as people do: `125 B` before `1 KiB`.
fn by_size(case: &str) -> String {
    let mut words: Vec<_> = case.split(' ').map(str::to_owned).collect();
    for index in 1..words.len() {
        let shift = match words.get(index).map(|unit| unit.trim_end_matches(',')) {
            Some("B") => 0,
            Some("KiB") => 10,
            Some("MiB") => 20,
            _ => continue,
        };
        if let Some(number) = words.get_mut(index - 1)
            && let Ok(count) = number.parse::<u64>()
        {
            *number = format!("{:012}", count << shift);
        }
    }
    // The unit is in the number now.
    words.retain(|word| !matches!(word.trim_end_matches(','), "B" | "KiB" | "MiB"));
    words.join(" ")
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        length if length % 2 == 1 => values.get(middle).copied(),
        _ => Some((values.get(middle - 1)? + values.get(middle)?) / 2.0),
    }
}

fn show_time(nanoseconds: Option<f64>) -> String {
    match nanoseconds {
        None => String::new(),
        Some(time) if time < 100.0 => format!("{time:.1} ns"),
        Some(time) if time < 10_000.0 => format!("{time:.0} ns"),
        Some(time) => format!("{:.1} µs", time / 1000.0),
    }
}

fn show_ratio(ratio: Option<f64>) -> String {
    ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rounds of ours and of two peers; the second round fell on a busy machine.
    fn results() -> Results {
        let times = [
            (OURS, [50.0, 500.0]),
            ("slow", [100.0, 1000.0]),
            ("fast", [80.0, 800.0]),
            (FLOOR, [40.0, 400.0]),
        ];
        let rounds = |times: [f64; 2]| (0..).zip(times).collect();
        let case = times
            .map(|(name, times)| (name.to_owned(), rounds(times)))
            .into();
        Results([("WebSocket decode/binary 16 B".to_owned(), case)].into())
    }

    #[test]
    fn ratios_are_those_of_one_round() {
        let results = results();
        let case = "WebSocket decode/binary 16 B";
        assert_eq!(results.best_peer(case), Some("fast"));
        assert_eq!(results.ratio(case, "fast"), Some(0.625));
        assert_eq!(results.ratio(case, FLOOR), Some(1.25));
    }

    #[test]
    fn a_mark_that_is_missed_is_shown_as_missed() {
        let table = results().table();
        assert!(
            table.contains("| ≤ 0.5 of best peer | 0.62 missed |"),
            "{table}"
        );
    }

    #[test]
    fn sizes_are_ordered_as_numbers() {
        let mut cases = ["a 1 KiB", "a 16 B", "a, 2 MiB, b", "a 125 B"];
        cases.sort_by_cached_key(|case| by_size(case));
        assert_eq!(cases, ["a 16 B", "a 125 B", "a 1 KiB", "a, 2 MiB, b"]);
    }
}
