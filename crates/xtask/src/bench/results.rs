//! What criterion has measured, and ratios of it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

pub(crate) const OURS: &str = "holdline";
pub(crate) const FLOOR: &str = "floor";

/// Nanoseconds per item: of each case, of each contestant, of each round.
pub(crate) struct Results(pub(super) BTreeMap<String, BTreeMap<String, BTreeMap<u32, f64>>>);

/// Our time divided by another's, of all rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ratio {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Ratio {
    pub(crate) fn of(ratios: Vec<f64>) -> Option<Self> {
        Some(Self {
            min: ratios.iter().copied().min_by(f64::total_cmp)?,
            max: ratios.iter().copied().max_by(f64::total_cmp)?,
            median: median(ratios)?,
        })
    }

    /// The least and the greatest.
    pub(crate) fn spread(&self) -> String {
        format!("{:.2}–{:.2}", self.min, self.max)
    }
}

impl fmt::Display for Ratio {
    /// The median.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.median)
    }
}

impl Results {
    pub(crate) fn read(home: &Path) -> Result<Self> {
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

    pub(crate) fn cases(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The other ways in which our codec can do the same: `in pieces` for `holdline, in pieces`.
    pub(crate) fn other_ways(&self, case: &str) -> impl Iterator<Item = (&str, &str)> {
        let contestants = self.0.get(case).into_iter().flat_map(BTreeMap::keys);
        contestants.filter_map(|name| {
            let way = name.strip_prefix(OURS)?.strip_prefix(", ")?;
            Some((name.as_str(), way))
        })
    }

    /// The median time of a contestant.
    pub(crate) fn time(&self, case: &str, contestant: &str) -> Option<f64> {
        let rounds = self.0.get(case)?.get(contestant)?;
        median(rounds.values().copied().collect())
    }

    /// Ours divided by another.
    pub(crate) fn ratio(&self, case: &str, contestant: &str) -> Option<Ratio> {
        self.ratio_of(OURS, case, contestant)
    }

    /// One of our ways divided by another contestant. Only times of the same round are compared.
    pub(crate) fn ratio_of(&self, ours: &str, case: &str, contestant: &str) -> Option<Ratio> {
        let case = self.0.get(case)?;
        let (ours, theirs) = (case.get(ours)?, case.get(contestant)?);
        let ratios = ours
            .iter()
            .filter_map(|(round, time)| Some(time / theirs.get(round)?));
        Ratio::of(ratios.collect())
    }

    pub(crate) fn best_peer(&self, case: &str) -> Option<&str> {
        let is_peer = |name: &&String| !name.starts_with(OURS) && *name != FLOOR;
        let peers = self.0.get(case)?.keys().filter(is_peer);
        let time = |name: &str| self.time(case, name).unwrap_or(f64::INFINITY);
        let best = peers.min_by(|a, b| time(a).total_cmp(&time(b)));
        best.map(String::as_str)
    }
}

/// For an even number, the middle between the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        length if length % 2 == 1 => values.get(middle).copied(),
        _ => Some((values.get(middle - 1)? + values.get(middle)?) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_those_of_one_round() {
        // The second round fell on a busy machine, and the slow peer took part in the first one only.
        let case = [
            (OURS, vec![50.0, 600.0, 60.0]),
            ("fast", vec![80.0, 800.0, 80.0]),
            ("slow", vec![100.0]),
        ];
        let case = case.map(|(name, times)| (name.to_owned(), (0..).zip(times).collect()));
        let results = Results([("a case".to_owned(), case.into())].into());
        assert_eq!(results.best_peer("a case"), Some("fast"));
        let ratio = results.ratio("a case", "fast").unwrap();
        assert_eq!(
            (ratio.to_string(), ratio.spread()),
            ("0.75".into(), "0.62–0.75".into())
        );
        assert_eq!(results.ratio("a case", "slow").unwrap().max, 0.5);
    }
}
