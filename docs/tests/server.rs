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

/// Where errors are made: in the routes by hand, and for requests that never got there.
const ROUTES: [&str; 2] = [
    include_str!("../../crates/holdline/src/routes.rs"),
    include_str!("../../crates/holdline/src/routes/subscribe.rs"),
];
const APP: &str = include_str!("../../crates/holdline/src/app.rs");

#[test]
fn every_code_of_an_error_is_in_the_table() {
    let by_hand = ROUTES
        .iter()
        .flat_map(|source| source.split("call.error").skip(1))
        .filter_map(|call| call.split('"').nth(1));
    let (_, refused) = APP.split_once("let code = match status {").unwrap();
    let (refused, _) = refused.split_once("};").unwrap();
    let refused = refused.split('"').skip(1).step_by(2);
    let codes: Vec<&str> = by_hand.chain(refused).collect();
    assert!(codes.len() >= 25, "{codes:?}");
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
    let (_, names) = TRANSPORT.split_once("match self {").unwrap();
    let (names, _) = names.split_once("\n        }").unwrap();
    let names = names.split('"').skip(1).step_by(2);
    let transports: Vec<String> = names
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
