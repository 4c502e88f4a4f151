//! The table of rules in the documentation is complete and true.
#![allow(clippy::unwrap_used)]

use holdline_websocket::{CloseCode, ReceiveErrorKind};

const TABLE: &str = include_str!("../src/rules.md");
const TESTS: &str = concat!(
    include_str!("frames.rs"),
    include_str!("messages.rs"),
    include_str!("close.rs"),
    include_str!("connection.rs"),
    include_str!("deflate.rs"),
);

/// The cells of each row of a table with `columns` columns.
fn rows(columns: usize) -> impl Iterator<Item = Vec<&'static str>> {
    TABLE
        .lines()
        .filter(|line| line.contains("RFC"))
        .map(|line| {
            line.trim_matches('|')
                .split('|')
                .map(|cell| cell.trim().trim_matches('`'))
                .collect()
        })
        .filter(move |cells: &Vec<&str>| cells.len() == columns)
}

#[test]
fn every_test_in_the_table_exists() {
    let named: Vec<&str> = rows(5)
        .chain(rows(3))
        .map(|cells| *cells.last().unwrap())
        .collect();
    assert!(named.len() >= 30);
    for name in named {
        assert!(
            TESTS.contains(&format!("#[test]\nfn {name}() {{")),
            "{name}"
        );
    }
}

#[test]
fn every_error_kind_is_in_the_table_with_its_section_and_code() {
    use ReceiveErrorKind as Kind;
    let all = [
        Kind::ReservedBits,
        Kind::ReservedOpcode,
        Kind::ControlFragmented,
        Kind::ControlTooLong,
        Kind::NonMinimalLength,
        Kind::LengthHighBit,
        Kind::FrameNotMasked,
        Kind::FrameMasked,
        Kind::UnexpectedContinuation,
        Kind::MessageUnfinished,
        Kind::FrameTooLong,
        Kind::MessageTooLong,
        Kind::InvalidText,
        Kind::ClosePayload,
        Kind::CloseCode,
        Kind::CloseReason,
        Kind::InvalidDeflate,
        Kind::UnexpectedEof,
    ];
    for kind in all {
        let name = format!("{kind:?}");
        let mut found = rows(5).filter(|cells| cells[2] == name).peekable();
        assert!(found.peek().is_some(), "{name}");
        for cells in found {
            let code = CloseCode::from(cells[3].parse::<u16>().unwrap());
            assert_eq!((cells[1], code), (kind.rfc(), kind.close_code()), "{name}");
        }
        // It is also the reason in the Close frame.
        assert!(kind.description().len() <= 123);
    }
    assert!(rows(5).all(|cells| all.iter().any(|kind| format!("{kind:?}") == cells[2])));
}
