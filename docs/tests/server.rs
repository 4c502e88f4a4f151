//! The chapter on the server against the program's own source.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const CHAPTER: &str = include_str!("../server.md");
/// The environment variables of all options: `env = "HOLDLINE_…"`.
fn variables(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for path in support::sources(folder) {
        let source = fs::read_to_string(&path).expect("UTF-8");
        let rest = source.split("env = \"").skip(1);
        let found = rest.filter_map(|rest| rest.split_once('"'));
        names.extend(found.map(|(name, _)| name.to_owned()));
    }
    names
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/holdline/src")
}

#[test]
fn every_option_of_the_server_is_in_the_table() {
    let names = variables(&sources());
    assert!(names.len() >= 28, "{names:?}");
    for name in names {
        let option = name
            .trim_start_matches("HOLDLINE_")
            .to_lowercase()
            .replace('_', "-");
        let row = CHAPTER
            .lines()
            .find(|line| line.contains(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("no row for {name}"));
        assert!(row.starts_with(&format!("| `--{option}")), "{row}");
    }
}

const REFUSAL: &str = include_str!("../../crates/holdline/src/refusal.rs");

/// The codes of all errors that are made by hand: `error(404, "not_found", …)` and `unavailable("busy", …)`.
fn codes_by_hand(folder: &Path) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for path in support::sources(folder) {
        let source = fs::read_to_string(&path).expect("UTF-8");
        codes.extend(source.split("error(").skip(1).filter_map(|call| {
            let (status, rest) = call.trim_start().split_once(',')?;
            status.parse::<u16>().ok()?;
            let (code, _) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
            Some(code.to_owned())
        }));
        codes.extend(source.split("unavailable(").skip(1).filter_map(|call| {
            let (code, _) = call.trim_start().strip_prefix('"')?.split_once('"')?;
            Some(code.to_owned())
        }));
    }
    codes
}

#[test]
fn every_code_of_an_error_is_in_the_table() {
    let mut codes = codes_by_hand(&sources());
    let (_, refused) = REFUSAL.split_once("let code = match status {").unwrap();
    let (refused, _) = refused.split_once("};").unwrap();
    let quoted = refused.split('"').skip(1).step_by(2);
    let is_code = |text: &&str| {
        text.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    codes.extend(quoted.filter(is_code).map(String::from));
    assert!(codes.len() >= 20, "{codes:?}");
    let (_, table) = CHAPTER.split_once("| status | `code` |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    for code in codes {
        assert!(table.contains(&format!("`{code}`")), "{code}");
    }
}

#[test]
fn every_path_of_the_interface_is_in_a_table() {
    const REQUEST: &str = include_str!("../../crates/holdline/src/request.rs");
    let (_, paths) = REQUEST.split_once("Some(match path {").unwrap();
    let (paths, _) = paths.split_once("_ => {").unwrap();
    let paths: Vec<&str> = paths.split('"').skip(1).step_by(2).collect();
    assert!(paths.len() >= 6, "{paths:?}");
    const TRANSPORT: &str = include_str!("../../crates/holdline/src/transport.rs");
    let (_, names) = TRANSPORT.split_once("\ntransports! {").unwrap();
    let (names, _) = names.split_once("\n}").unwrap();
    let names = names.split('"').skip(1).step_by(2);
    // A plug-in socket has a port, and an option of its own.
    let transports: Vec<String> = names
        .filter(|name| *name != "socket")
        .map(|name| format!("/channels/NAMES/{name}"))
        .collect();
    assert_eq!(transports.len(), 7);
    for path in paths
        .into_iter()
        .chain(transports.iter().map(String::as_str))
    {
        let row = |line: &str| {
            line.starts_with("| `")
                && (line.contains(&format!(" {path}`")) || line.contains(&format!(" {path}?")))
        };
        assert!(CHAPTER.lines().any(row), "{path}");
    }
}
