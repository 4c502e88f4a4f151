//! The tables of rules in the documentation are complete and true.
#![allow(clippy::unwrap_used)]

use holdline_websocket::{
    CloseCode, ReceiveErrorKind,
    handshake::{HandshakeError, client::VerifyError},
};

const TABLES: &str = include_str!("../src/rules.md");
const TESTS: &str = concat!(
    include_str!("frames.rs"),
    include_str!("messages.rs"),
    include_str!("close.rs"),
    include_str!("connection.rs"),
    include_str!("deflate.rs"),
    include_str!("hixie76.rs"),
    include_str!("../src/handshake/server/tests.rs"),
    include_str!("../src/handshake/client/tests.rs"),
    include_str!("../src/handshake/extension.rs"),
);

/// The cells of each row of a table with `columns` columns.
fn rows(columns: usize) -> impl Iterator<Item = Vec<&'static str>> {
    TABLES
        .lines()
        .filter(|line| line.contains(" §") && line.starts_with('|'))
        .map(|line| {
            let line = line.strip_prefix('|').and_then(|l| l.strip_suffix('|'));
            line.unwrap()
                .split('|')
                .map(|cell| cell.trim().trim_matches('`'))
                .collect()
        })
        .filter(move |cells: &Vec<&str>| cells.len() == columns)
}

/// The rows about one type of error: what names a variant, its section and its code.
fn errors(of: &str) -> Vec<(&'static str, &'static str, &'static str)> {
    rows(5)
        .filter_map(|cells| {
            let (found, variant) = cells[2].rsplit_once("::").unwrap_or(("", cells[2]));
            (found == of).then_some((variant, cells[1], cells[3]))
        })
        .collect()
}

/// `expected` has all there is, in the same words; a variant may have several rows.
#[track_caller]
fn complete(of: &str, expected: &[(String, &str, String)]) {
    let found = errors(of);
    for (variant, section, code) in expected {
        let mut rows = found.iter().filter(|row| row.0 == variant).peekable();
        assert!(rows.peek().is_some(), "{of}::{variant} is missing");
        for row in rows {
            assert_eq!((row.1, row.2), (*section, &code[..]), "{of}::{variant}");
        }
    }
    for row in found {
        assert!(expected.iter().any(|e| e.0 == row.0), "{of}::{}", row.0);
    }
}

/// The name of a variant.
fn name(variant: impl std::fmt::Debug) -> String {
    let name = format!("{variant:?}");
    name.split('(').next().unwrap().into()
}

#[test]
fn every_test_in_the_tables_exists() {
    let named: Vec<&str> = rows(5)
        .chain(rows(3))
        .map(|cells| *cells.last().unwrap())
        .collect();
    assert!(named.len() >= 100, "{}", named.len());
    for name in named {
        let exists = ["", "    "].iter().any(|indent| {
            let test = format!("{indent}#[test]\n{indent}fn {name}() {{");
            TESTS.contains(&format!("\n{test}"))
        });
        assert!(exists, "{name}");
    }
    // No row has another number of columns.
    let all = TABLES.lines().filter(|line| line.contains(" §")).count();
    assert_eq!(rows(5).count() + rows(3).count(), all);
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
    let expected = all.map(|kind| {
        // It is also the reason in the Close frame.
        assert!(kind.description().len() <= 123);
        let code: CloseCode = kind.close_code();
        (name(kind), kind.section(), code.as_u16().to_string())
    });
    complete("", &expected);
}

#[test]
fn every_handshake_error_is_in_the_table_with_its_section_and_status() {
    use HandshakeError as E;
    let all = [
        E::Method,
        E::NotUpgrade,
        E::Version,
        E::RepeatedVersion,
        E::Key,
        E::Origin,
        E::Protocol,
        E::Extensions,
        E::ConnectProtocol,
        E::ConnectVersion,
    ];
    let expected = all.map(|error| (name(error), error.section(), error.status().to_string()));
    complete("HandshakeError", &expected);
    use VerifyError as V;
    let all = [
        V::Status(200),
        V::Upgrade,
        V::Connection,
        V::Accept,
        V::Extension,
        V::Protocol,
    ];
    let expected = all.map(|error| {
        assert!(error.to_string().contains("(RFC 6455 §4.1)"));
        (name(error), "RFC 6455 §4.1", String::new())
    });
    complete("VerifyError", &expected);
}

#[cfg(feature = "hixie76")]
#[test]
fn every_error_of_hixie76_is_in_the_table() {
    use holdline_websocket::hixie76::{
        HandshakeError as E, ReceiveErrorKind as Kind, VerifyError as V,
    };
    let section = |text: String| {
        ["§4.1", "§5.1", "§5.2"]
            .into_iter()
            .find(|s| text.contains(s))
    };
    let of = |section| match section {
        Some("§4.1") => "draft-hixie-76 §4.1",
        Some("§5.1") => "draft-hixie-76 §5.1",
        _ => "draft-hixie-76 §5.2",
    };
    let all = [
        E::Method,
        E::NotUpgrade,
        E::Target,
        E::Host,
        E::Origin,
        E::Key,
        E::Protocol,
    ];
    let expected = all.map(|error| {
        let rfc = of(section(error.to_string()));
        (name(error), rfc, error.status().to_string())
    });
    complete("hixie76::HandshakeError", &expected);
    let all = [
        V::Status(200),
        V::Upgrade,
        V::Connection,
        V::Origin,
        V::Location,
        V::Protocol,
    ];
    let expected = all.map(|error| (name(error), of(section(error.to_string())), String::new()));
    complete("hixie76::VerifyError", &expected);
    let all = [
        Kind::Answer,
        Kind::InvalidText,
        Kind::MessageTooLong,
        Kind::FrameTooLong,
    ];
    let expected = all.map(|kind| (name(kind), kind.section(), String::new()));
    complete("hixie76::ReceiveErrorKind", &expected);
}
