//! The tables of rules in the documentation are complete and true.

use holdline_websocket::{
    CloseCode, ReceiveErrorKind,
    handshake::{HandshakeError, client::VerifyError},
};

const TABLES: &str = include_str!("../../src/rules.md");

/// The name of each function, and the function.
#[cfg(all(feature = "deflate", feature = "hixie76"))]
macro_rules! tests {
    ($($($part:ident)::+),+ $(,)?) => {
        &[$((stringify!($($part)::+), crate::$($part)::+)),+]
    };
}

/// The tests that hold the rules, in the order of the tables. A test that does not exist does not compile.
#[cfg(all(feature = "deflate", feature = "hixie76"))]
const TESTS: &[(&str, fn())] = tests![
    frames::reserved_bits_are_1002,
    frames::reserved_opcodes_are_1002,
    frames::fragmented_control_frames_are_refused_at_the_header,
    frames::control_frames_over_125_bytes_are_refused_at_the_header,
    frames::non_minimal_lengths_are_1002,
    frames::length_of_2_to_the_63_is_1002_at_its_first_byte,
    frames::length_of_u64_max_is_1002,
    frames::unmasked_frame_to_a_server_is_1002,
    frames::masked_frame_to_a_client_is_1002,
    messages::continuation_without_start_is_1002,
    messages::new_text_or_binary_frame_inside_a_message_is_1002,
    frames::frame_over_the_limit_is_1009_at_the_header,
    messages::total_limit_over_many_fragments_is_1009,
    messages::text_is_rejected_at_the_first_impossible_byte,
    messages::text_ending_mid_code_point_by_an_incomplete_tail_is_1007,
    messages::text_ending_mid_code_point_by_an_empty_final_frame_is_1007,
    close::one_byte_close_payload_is_1002,
    close::every_close_code_from_0_to_5000_is_judged,
    close::reason_that_is_not_utf8_is_1007,
    deflate::received::deflate_bomb_is_1009_and_memory_is_bounded,
    deflate::received::inflated_text_is_rejected_at_the_first_impossible_byte,
    deflate::received::inflated_text_ending_mid_code_point_is_1007,
    deflate::received::rsv1_without_agreement_is_1002,
    deflate::received::rsv1_on_a_continuation_is_1002,
    deflate::received::control_frame_with_rsv1_is_1002,
    deflate::received::reference_beyond_the_window_is_1002,
    deflate::received::what_is_not_deflate_is_1002,
    messages::the_end_of_the_stream_within_a_message_is_unexpected,
    frames::examples_of_rfc_6455_section_5_7,
    messages::fragments_with_control_frames_between,
    messages::pings_and_close_in_the_middle_of_a_message,
    connection::ping_flood_is_bounded_and_the_newest_is_answered,
    connection::pong_is_sent_between_the_fragments_of_our_message,
    connection::each_frame_of_a_client_takes_a_key,
    close::code_is_echoed_without_the_reason,
    close::empty_close_is_answered_empty,
    close::nothing_is_sent_after_a_close,
    close::what_follows_a_close_is_discarded,
    frames::data_after_a_failure_is_ignored,
    close::end_of_stream_without_close_is_1006_once,
    close::peer_closes_first_and_the_client_awaits_the_end_of_the_stream,
    close::own_reasons_are_cut_to_123_bytes_at_a_character,
    messages::nothing_is_reserved_for_a_declared_length_and_memory_is_given_back,
    deflate::examples_of_rfc_7692_section_7_2_3,
    deflate::empty_compressed_messages_are_one_zero,
    deflate::received::compressed_empty_first_fragment,
    deflate::received::compressed_and_plain_messages_may_be_mixed,
    deflate::received::bfinal_then_continued_context,
    deflate::received::flood_of_bfinal_blocks_costs_nothing,
    deflate::received::without_takeover_nothing_is_remembered,
    deflate::sent::what_is_sent_keeps_within_the_window,
    deflate::negotiated::bad_extension_parameters_decline_the_offer,
    deflate::negotiated::bad_extension_parameters_fail_the_client,
    deflate::negotiated::the_four_parameters_are_negotiated,
    deflate::sent::prepared_messages_with_and_without_deflate,
    server_handshake::other_methods_get_405_with_allow,
    server_handshake::a_plain_request_gets_426,
    server_handshake::other_versions_get_426_with_the_version_spoken,
    server_handshake::a_bad_key_gets_400,
    server_handshake::origins,
    server_handshake::subprotocols,
    extensions::malformed_lists,
    server_handshake::extended_connect_needs_the_protocol_and_the_version,
    client_handshake::anything_but_101_is_refused,
    client_handshake::missing_and_wrong_fields_are_refused,
    client_handshake::unsolicited_extensions_and_subprotocols_are_refused,
    server_handshake::the_example_of_rfc_6455_section_1_3,
    server_handshake::lists_over_repeated_lines_in_any_case,
    extensions::lists_with_and_without_parameters,
    server_handshake::extensions_are_parsed_over_lines_and_declined,
    client_handshake::headers_are_what_the_server_half_accepts,
    client_handshake::only_different_tokens_are_offered,
    client_handshake::extended_connect_of_rfc_8441,
    hixie76::opening::hixie76_head_is_checked,
    hixie76::opening::hixie76_keys_are_multiples_of_their_spaces,
    hixie76::client::hixie76_client_checks_everything_in_the_response,
    hixie76::client::hixie76_wrong_answer_fails_the_client_at_its_byte,
    hixie76::frames::hixie76_text_is_refused_at_the_first_impossible_byte,
    hixie76::frames::hixie76_message_over_the_limit_is_refused_at_its_byte,
    hixie76::frames::hixie76_other_frames_are_skipped_within_a_limit,
    hixie76::frames::hixie76_length_that_overflows_is_refused,
    hixie76::opening::hixie76_example_of_the_draft_section_1_3,
    hixie76::opening::hixie76_location_is_what_the_client_connected_to,
    hixie76::client::hixie76_client_keys_follow_the_draft,
    hixie76::opening::hixie76_challenge_may_arrive_split_and_answer_goes_first,
    hixie76::frames::hixie76_text_frames,
    hixie76::frames::hixie76_close_is_answered_and_what_follows_is_discarded,
    hixie76::opening::hixie76_is_told_from_later_protocols,
];

/// The cells of a row that has a rule.
fn cells(line: &'static str) -> Option<Vec<&'static str>> {
    let row = line.strip_prefix('|')?.strip_suffix('|')?;
    line.contains(" §").then(|| {
        row.split('|')
            .map(|cell| cell.trim().trim_matches('`'))
            .collect()
    })
}

/// The rows of the tables with so many columns.
fn rows(columns: usize) -> impl Iterator<Item = Vec<&'static str>> {
    let all = TABLES.lines().filter_map(cells);
    all.filter(move |cells| cells.len() == columns)
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

#[cfg(all(feature = "deflate", feature = "hixie76"))]
#[test]
fn every_rule_names_a_test() {
    let mut named: Vec<&str> = Vec::new();
    for cells in TABLES.lines().filter_map(cells) {
        let last = *cells.last().unwrap();
        if !named.contains(&last) {
            named.push(last);
        }
    }
    let tests: Vec<&str> = TESTS
        .iter()
        .map(|(path, _)| path.rsplit("::").next().unwrap().trim())
        .collect();
    assert_eq!(named, tests);
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
