//! The tables of sentences against the sources: what they name exists, and no row is lost.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use support::sources;

const INDEX: &str = include_str!("../rules.md");

/// A page, and where its sections are.
struct Specification {
    file: &'static str,
    page: &'static str,
    /// What a link to a section begins with.
    sections: &'static str,
    /// Words of which each sentence has one.
    words: &'static [&'static str],
}

const SPECIFICATIONS: &[Specification] = &[
    Specification {
        file: "rules-rfc6455.md",
        page: include_str!("../rules-rfc6455.md"),
        sections: "https://www.rfc-editor.org/rfc/rfc6455#section-",
        words: &["MUST", "REQUIRED", "SHALL"],
    },
    Specification {
        file: "rules-rfc7692.md",
        page: include_str!("../rules-rfc7692.md"),
        sections: "https://www.rfc-editor.org/rfc/rfc7692#section-",
        words: &["MUST", "REQUIRED", "SHALL"],
    },
    Specification {
        file: "rules-event-stream.md",
        page: include_str!("../rules-event-stream.md"),
        sections: "https://html.spec.whatwg.org/multipage/server-sent-events.html#",
        // A step of a list that a sentence with "must" governs begins with an arrow.
        words: &["must", "→ "],
    },
    Specification {
        file: "rules-rfc9112.md",
        page: include_str!("../rules-rfc9112.md"),
        sections: "https://www.rfc-editor.org/rfc/rfc9112#section-",
        words: &["MUST", "REQUIRED", "SHALL"],
    },
];

/// A row of a table, and the number in the heading above it.
#[derive(Debug, PartialEq)]
struct Row<'p> {
    heading: &'p str,
    section: &'p str,
    sentence: &'p str,
    decided_by: &'p str,
    shown_by: &'p str,
}

/// The cells of a row. A bar within a cell is escaped.
fn cells(line: &str) -> Vec<&str> {
    let inner = line.trim_start_matches("| ").trim_end_matches(" |");
    inner.split(" | ").collect()
}

fn rows(page: &str) -> Vec<Row<'_>> {
    let mut heading = "";
    let mut rows = Vec::new();
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## §") {
            heading = title.split(' ').next().unwrap_or(title);
        } else if line.starts_with("| ") && !line.starts_with("| § |") {
            let [section, sentence, decided_by, shown_by] = cells(line)[..] else {
                panic!("not four cells: {line}");
            };
            let section = section.trim_matches(['[', ']']);
            rows.push(Row {
                heading,
                section,
                sentence,
                decided_by,
                shown_by,
            });
        }
    }
    rows
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn is_ours(row: &Row<'_>) -> bool {
    row.decided_by != "not ours"
}

/// The names of the tests in a crate: each `fn` under an attribute `#[test]`, also within `proptest!`.
fn tests_of(name: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../crates")
        .join(name);
    for path in sources(&folder) {
        let source = fs::read_to_string(&path).expect("UTF-8");
        for item in source.split("#[test]").skip(1) {
            let Some((_, function)) = item.split_once("fn ") else {
                continue;
            };
            let end = function.find('(').expect("the parameters of a function");
            names.insert(function[..end].to_owned());
        }
    }
    names
}

#[test]
fn every_test_that_is_named_exists_in_the_crate_that_decides() {
    let mut known: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut lacking = Vec::new();
    for specification in SPECIFICATIONS {
        for row in rows(specification.page).into_iter().filter(is_ours) {
            let crates = quoted(row.decided_by);
            assert!(!crates.is_empty(), "{row:?}");
            for name in &crates {
                assert!(name.starts_with("holdline"), "{row:?}");
                known.entry(name).or_insert_with(|| tests_of(name));
            }
            let tests = quoted(row.shown_by);
            assert!(!tests.is_empty(), "no test: {row:?}");
            for test in &tests {
                if !crates.iter().any(|name| known[name].contains(*test)) {
                    lacking.push(format!("{} §{}: {test}", specification.file, row.section));
                }
            }
            // A crate that is named has its part in it.
            for name in &crates {
                if !tests.iter().any(|test| known[name].contains(*test)) {
                    lacking.push(format!("{} §{}: {name}", specification.file, row.section));
                }
            }
        }
    }
    assert!(lacking.is_empty(), "{lacking:#?}");
}

#[test]
fn what_is_not_ours_has_a_reason_in_words() {
    for specification in SPECIFICATIONS {
        for row in rows(specification.page) {
            if !is_ours(&row) {
                let words = row.shown_by.split(' ').count();
                assert!(words >= 4, "{}: {row:?}", specification.file);
            }
        }
    }
}

#[test]
fn no_row_is_lost() {
    for specification in SPECIFICATIONS {
        let rows = rows(specification.page);
        let ours = rows.iter().filter(|row| is_ours(row)).count();
        let others = rows.len() - ours;
        let total = rows.len();
        let stated =
            format!("**{total} sentences: {ours} are decided here, {others} are not ours.**");
        assert!(specification.page.contains(&stated), "{stated}");
        let line = INDEX
            .lines()
            .find(|line| line.starts_with(&format!("| [{}] |", specification.file)));
        let line = line.unwrap_or_else(|| panic!("{} is in no row", specification.file));
        let counts = format!("| {total} | {ours} | {others} |");
        assert!(line.ends_with(&counts), "{line} {counts}");
    }
}

#[test]
fn each_row_has_its_sentence_under_its_section() {
    for specification in SPECIFICATIONS {
        let rows = rows(specification.page);
        let mut before: Vec<u32> = Vec::new();
        for row in &rows {
            let has = |word: &&str| row.sentence.contains(*word);
            assert!(specification.words.iter().any(has), "{row:?}");
            let numbers = row.section.split('.').map(str::parse);
            let numbers: Vec<u32> = numbers.collect::<Result<_, _>>().expect("a section");
            assert!(before <= numbers, "in the order of the text: {row:?}");
            let below = row.section.strip_prefix(row.heading);
            let below = below.unwrap_or_else(|| panic!("under a wrong heading: {row:?}"));
            assert!(below.is_empty() || below.starts_with('.'), "{row:?}");
            let link = format!("\n[{}]: {}", row.section, specification.sections);
            assert!(specification.page.contains(&link), "no link: {row:?}");
            before = numbers;
        }
        for (at, row) in rows.iter().enumerate() {
            // Some sentences stand twice in a section; nobody is to copy a row by mistake.
            let twice = rows[..at].iter().filter(|other| *other == row).count();
            assert!(twice == 0, "twice: {row:?}");
        }
    }
}

#[test]
fn every_page_of_sentences_is_checked() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in fs::read_dir(folder).expect("the folder of the book") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_str().expect("UTF-8");
        if name.starts_with("rules-") {
            assert!(
                SPECIFICATIONS.iter().any(|known| known.file == name),
                "{name}"
            );
        }
    }
}
