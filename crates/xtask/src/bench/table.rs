//! The table of the codecs, and what is said below it.

use super::marks::{Base, MARKS, Mark, OF_BEST_PEER};
use super::results::{FLOOR, OURS, Ratio, Results};

pub(crate) fn table(results: &Results) -> String {
    let mut rows = vec![
        "| case | ours | best peer | | ours / it | min–max | / floor | mark | |".to_owned(),
        "|---|--:|---|--:|--:|--:|--:|---|---|".to_owned(),
    ];
    for case in sorted(results) {
        let best = results.best_peer(case);
        let peer = best.map_or(" | ".to_owned(), |name| {
            format!("{name} | {}", show_time(results.time(case, name)))
        });
        let row = |name: &str, way: &str, marks: String, verdicts: String| {
            let time = show_time(results.time(case, name));
            let to_peer = best.and_then(|best| results.ratio_of(name, case, best));
            let spread = to_peer.map_or(String::new(), |ratio| ratio.spread());
            let (to_peer, to_floor) = (show(to_peer), show(results.ratio_of(name, case, FLOOR)));
            format!(
                "| {case}{way} | {time} | {peer} | {to_peer} | {spread} | {to_floor} | {marks} | {verdicts} |"
            )
        };
        let marks = MARKS.iter().filter(|mark| mark.case == case);
        let (marks, verdicts): (Vec<_>, Vec<_>) = marks
            .map(|mark| (mark.to_string(), verdict(results, mark)))
            .unzip();
        rows.push(row(OURS, "", marks.join(", "), verdicts.join(", ")));
        for (name, way) in results.other_ways(case) {
            rows.push(row(
                name,
                &format!(", *{way}*"),
                String::new(),
                String::new(),
            ));
        }
    }
    rows.join("\n")
}

/// The cases in which a peer is ahead of us.
pub(crate) fn behind(results: &Results) -> String {
    let mut lines = Vec::new();
    let mut compared = 0;
    for case in sorted(results) {
        let Some(best) = results.best_peer(case) else {
            continue;
        };
        let Some(ratio) = results.ratio(case, best) else {
            continue;
        };
        compared += 1;
        if ratio.median <= OF_BEST_PEER {
            continue;
        }
        let noise = if ratio.min <= OF_BEST_PEER {
            ", but not in each round"
        } else {
            ""
        };
        let ways = results.other_ways(case).filter_map(|(name, way)| {
            let ratio = results.ratio_of(name, case, best)?;
            (ratio.median <= OF_BEST_PEER).then(|| format!("; *{way}* {ratio}"))
        });
        let ways = ways.collect::<String>();
        let spread = ratio.spread();
        lines.push(format!(
            "- {case}: {ratio} ({spread}) of {best}{noise}{ways}"
        ));
    }
    if lines.is_empty() {
        return format!("In none of {compared} cases is a peer ahead.");
    }
    let count = lines.len();
    format!(
        "In {count} of {compared} cases a peer is ahead (the median is above {OF_BEST_PEER:.1}):\n\n{}",
        lines.join("\n")
    )
}

fn sorted(results: &Results) -> Vec<&str> {
    let mut cases: Vec<_> = results.cases().collect();
    cases.sort_by_cached_key(|case| by_size(case));
    cases
}

fn verdict(results: &Results, mark: &Mark) -> String {
    measure(results, mark).map_or("not run".to_owned(), |measured| {
        let verdict = if measured <= mark.limit {
            "met"
        } else {
            "missed"
        };
        format!("{measured:.2} {verdict}")
    })
}

/// What a mark compares, as measured.
fn measure(results: &Results, mark: &Mark) -> Option<f64> {
    let median = |name: &str| Some(results.ratio(mark.case, name)?.median);
    match mark.base {
        Base::BestPeer => median(results.best_peer(mark.case)?),
        Base::Contestant(name) => median(name),
        Base::Floor => median(FLOOR),
        Base::Case(other) => Some(results.time(mark.case, OURS)? / results.time(other, OURS)?),
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

pub(crate) fn show_time(nanoseconds: Option<f64>) -> String {
    match nanoseconds {
        None => String::new(),
        Some(time) if time < 100.0 => format!("{time:.1} ns"),
        Some(time) if time < 10_000.0 => format!("{time:.0} ns"),
        Some(time) => format!("{:.1} µs", time / 1000.0),
    }
}

fn show(ratio: Option<Ratio>) -> String {
    ratio.map_or(String::new(), |ratio| ratio.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rounds of each.
    fn results(case: &str, times: &[(&str, [f64; 2])]) -> Results {
        let times = times
            .iter()
            .map(|(name, times)| ((*name).to_owned(), (0..).zip(*times).collect()));
        Results([(case.to_owned(), times.collect())].into())
    }

    #[test]
    fn a_mark_that_is_missed_is_shown_as_missed() {
        let times = [(OURS, [50.0, 60.0]), ("peer", [80.0, 80.0])];
        let table = table(&results("WebSocket decode/binary 16 B", &times));
        let row = "| 0.69 | 0.62–0.75 |  | ≤ 0.5 of best peer | 0.69 missed |";
        assert!(table.contains(row), "{table}");
    }

    #[test]
    fn where_a_peer_is_ahead_is_told_with_the_way_that_is_not_behind() {
        let ahead = results("a", &[(OURS, [50.0, 60.0]), ("peer", [80.0, 80.0])]);
        assert_eq!(behind(&ahead), "In none of 1 cases is a peer ahead.");
        let late = results(
            "a",
            &[
                (OURS, [79.0, 89.0]),
                ("holdline, in pieces", [60.0, 60.0]),
                ("peer", [80.0, 80.0]),
                ("other peer", [90.0, 90.0]),
            ],
        );
        let line = "- a: 1.05 (0.99–1.11) of peer, but not in each round; *in pieces* 0.75";
        assert!(behind(&late).ends_with(line), "{}", behind(&late));
    }

    #[test]
    fn sizes_are_ordered_as_numbers() {
        let mut cases = ["a 1 KiB", "a 16 B", "a, 2 MiB, b", "a 125 B"];
        cases.sort_by_cached_key(|case| by_size(case));
        assert_eq!(cases, ["a 16 B", "a 125 B", "a 1 KiB", "a, 2 MiB, b"]);
    }
}
