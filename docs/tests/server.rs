//! The chapter on the server against the program's own source.

const CHAPTER: &str = include_str!("../server.md");
const CONFIG: &str = include_str!("../../crates/holdline/src/config.rs");

#[test]
fn every_option_of_the_server_is_in_the_table() {
    let names = CONFIG.split("env = \"").skip(1);
    let names: Vec<&str> = names
        .filter_map(|rest| rest.split_once('"'))
        .map(|(name, _)| name)
        .collect();
    assert!(names.len() >= 14, "{names:?}");
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
