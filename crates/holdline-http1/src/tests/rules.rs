//! `docs/rules.md` lists every rule, and names tests that exist.

use alloc::format;
use alloc::vec::Vec;

use crate::error::ReceiveErrorKind as Kind;
use crate::tests::examples::{self, RULES};

/// A test by its path, which must compile.
type Test = (&'static str, fn());

macro_rules! test {
    ($($part:ident)::+) => {
        (stringify!($($part)::+), crate::$($part)::+ as fn())
    };
}

/// How a rule is shown.
struct Shown {
    test: Test,
    /// And by an example in the docs, which is one message under the default limits and settings.
    by_example: bool,
}

const fn by_example(test: Test) -> Shown {
    Shown {
        test,
        by_example: true,
    }
}

const fn alone(test: Test) -> Shown {
    Shown {
        test,
        by_example: false,
    }
}

/// The compiler asks for a test of each new kind.
const fn shown(kind: Kind) -> Shown {
    match kind {
        Kind::BareLf | Kind::BareCr | Kind::EmptyLines => {
            by_example(test!(server::tests::rules::line_ends_are_crlf))
        }
        Kind::TlsHello | Kind::Http2Preface | Kind::UnsupportedVersion => by_example(test!(
            server::tests::rules::versions_are_one_zero_and_one_one
        )),
        Kind::InvalidMethod | Kind::InvalidTarget | Kind::Http09 | Kind::InvalidVersion => {
            by_example(test!(
                server::tests::rules::the_request_line_has_three_words
            ))
        }
        Kind::InvalidStatus | Kind::InvalidReason => {
            by_example(test!(client::tests::rules::status_lines_are_strict))
        }
        Kind::LeadingWhitespace
        | Kind::ObsFold
        | Kind::InvalidFieldName
        | Kind::InvalidFieldValue => {
            by_example(test!(server::tests::rules::field_lines_are_strict))
        }
        Kind::InvalidTargetForm
        | Kind::AsteriskWithoutOptions
        | Kind::InvalidConnectTarget
        | Kind::InvalidAuthority => {
            by_example(test!(server::tests::rules::targets_have_one_of_four_forms))
        }
        Kind::MissingHost | Kind::DuplicateHost | Kind::InvalidHost => {
            by_example(test!(server::tests::rules::there_is_one_good_host))
        }
        Kind::InvalidContentLength
        | Kind::DuplicateContentLength
        | Kind::ContentLengthWithTransferEncoding
        | Kind::TransferEncodingInHttp10
        | Kind::ChunkedNotFinal
        | Kind::UnsupportedTransferCoding => {
            by_example(test!(server::tests::rules::framing_is_never_ambiguous))
        }
        Kind::InvalidTransferEncoding | Kind::UnknownTransferCoding => {
            by_example(test!(framing::tests::transfer_codings_are_sorted))
        }
        Kind::InvalidChunkSize
        | Kind::ChunkSizeTooLong
        | Kind::InvalidChunkExtension
        | Kind::InvalidChunkEnd => by_example(test!(wire::chunk::tests::bad_bodies)),
        Kind::UnsolicitedResponse => by_example(test!(
            client::tests::rules::bytes_without_a_request_are_refused
        )),
        Kind::UnexpectedSwitch => by_example(test!(
            client::tests::rules::a_switch_must_have_been_asked_for
        )),
        // A limit, a setting, the end of the stream, or more than one message.
        Kind::MethodTooLong
        | Kind::TargetTooLong
        | Kind::HeadTooLong
        | Kind::TooManyFields
        | Kind::BodyTooLong
        | Kind::TrailersTooLong => alone(test!(server::tests::limits::limits_are_kept)),
        Kind::HostMismatch => alone(test!(
            server::tests::rules::a_host_that_differs_can_be_refused
        )),
        Kind::ChunkExtensionTooLong | Kind::ChunkExtensionsTooLong => {
            alone(test!(wire::chunk::tests::extensions_are_bounded))
        }
        Kind::TruncatedHead | Kind::TruncatedBody => alone(test!(
            server::tests::limits::the_end_of_the_stream_is_judged
        )),
        Kind::ConnectionEnded => {
            alone(test!(client::tests::rules::the_end_of_the_stream_is_judged))
        }
        Kind::TooManyInformational => alone(test!(
            client::tests::rules::informational_responses_are_counted
        )),
        Kind::BufferMismatch => alone(test!(server::tests::limits::a_lost_buffer_is_noticed)),
    }
}

/// The tests of what is taken on purpose, in the order of the docs.
const TAKEN: &[Test] = &[
    test!(server::tests::rules::plain_requests_are_accepted),
    test!(server::tests::rules::values_keep_obs_text_and_case),
    test!(server::tests::limits::limits_are_kept),
    test!(server::tests::rules::the_target_wins_over_a_host_that_differs),
    test!(server::tests::rules::versions_are_one_zero_and_one_one),
    test!(server::tests::limits::a_length_may_have_zeros_in_front),
    test!(server::tests::limits::a_trailer_that_must_not_be_there_is_left_out),
    test!(wire::chunk::tests::good_bodies),
    test!(server::tests::limits::nothing_is_parsed_after_close),
    test!(server::tests::limits::a_good_request_before_bad_bytes_is_answered),
    test!(client::tests::rules::status_lines_are_strict),
    test!(client::tests::rules::lengths_follow_the_rfc_in_order),
    test!(client::tests::rules::folded_lines_can_be_taken),
];

/// The test of the examples.
const EXAMPLES: Test = test!(tests::examples::the_examples_are_judged_as_written);

/// The name alone, as the docs have it.
fn name((path, _): Test) -> &'static str {
    path.rsplit("::").next().unwrap_or(path).trim()
}

/// The rows before the examples that have so many columns, as they stand between the bars.
fn rows(columns: usize) -> impl Iterator<Item = Vec<&'static str>> {
    let (lists, _) = RULES.split_once("# Each decision").expect("the examples");
    lists
        .lines()
        .filter(|line| line.starts_with("| ") && line.ends_with("` |"))
        // A bar inside a cell is written with a backslash, and none of the cells compared here has one.
        .map(|line| line.split(" | ").collect())
        .filter(move |cells: &Vec<&str>| cells.len() == columns)
}

/// The last cell of a row, without its quotes.
fn named(row: &[&'static str]) -> &'static str {
    let cell = row.last().copied().unwrap_or_default();
    cell.trim_end_matches(" |").trim_matches('`')
}

#[test]
fn the_docs_list_every_rule_with_its_test() {
    let found: Vec<_> = rows(5).map(|row| row.join(" | ")).collect();
    let expected: Vec<_> = Kind::ALL
        .iter()
        .map(|&kind| {
            let (what, section) = (kind.description(), kind.section());
            let (variant, status) = (kind.name(), kind.status());
            let test = name(shown(kind).test);
            format!("| {what} | {section} | `{variant}` | {status} | `{test}` |")
        })
        .collect();
    for row in &expected {
        assert!(found.contains(row), "docs/rules.md should have: {row}");
    }
    assert_eq!(found.len(), expected.len());
}

#[test]
fn the_docs_name_the_tests_of_what_is_taken() {
    let mut found: Vec<&str> = Vec::new();
    for row in rows(3) {
        if !found.contains(&named(&row)) {
            found.push(named(&row));
        }
    }
    let expected: Vec<&str> = TAKEN.iter().map(|&test| name(test)).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_rule_that_one_message_can_break_has_an_example() {
    let rows = examples::rows();
    assert!(rows.iter().all(|row| row.test == name(EXAMPLES)));
    for &kind in Kind::ALL {
        let has_example = rows.iter().any(|row| row.verdict == kind.name());
        assert_eq!(has_example, shown(kind).by_example, "{kind:?}");
    }
}
