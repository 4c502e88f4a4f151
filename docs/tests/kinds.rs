//! The tables of errors against the crates.

use std::fs;
use std::path::Path;

use holdline_http1::ReceiveErrorKind;

const CHAPTER: &str = include_str!("../errors.md");

/// The name that the inspector prints: `BareLf` is `bare_lf`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (index, letter) in name.chars().enumerate() {
        if index > 0 && (letter.is_ascii_uppercase() || letter.is_ascii_digit()) {
            let before = snake.chars().last().unwrap_or('_');
            if !before.is_ascii_digit() {
                snake.push('_');
            }
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[test]
fn every_error_of_http_has_its_row() {
    for kind in ReceiveErrorKind::ALL {
        let (name, what) = (snake_case(kind.name()), kind.description());
        let row = format!(
            "| `{name}` | {what} | {} | {} |",
            kind.section(),
            kind.status()
        );
        assert!(CHAPTER.lines().any(|line| line == row), "{row}");
    }
}

/// The variants of an enum in a source.
fn variants(source: &str, name: &str) -> Vec<String> {
    let (_, rest) = source
        .split_once(&format!("pub enum {name} {{"))
        .expect(name);
    let (body, _) = rest.split_once("\n}").expect("its end");
    body.lines()
        .map(|line| line.strip_prefix("    ").unwrap_or(line))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        .map(|line| {
            line.chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect()
        })
        .collect()
}

#[test]
fn every_error_of_the_other_codecs_has_its_row() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    for (file, name, at_least) in [
        ("holdline-websocket/src/error.rs", "ReceiveErrorKind", 18),
        ("holdline-sse/src/error.rs", "DecodeErrorKind", 2),
    ] {
        let source = fs::read_to_string(crates.join(file)).expect("UTF-8");
        let variants = variants(&source, name);
        assert!(variants.len() >= at_least, "{variants:?}");
        for variant in variants {
            let row = format!("| `{}` | ", snake_case(&variant));
            assert!(CHAPTER.lines().any(|line| line.starts_with(&row)), "{row}");
        }
    }
}
