//! What `ClientConfig::lenient` takes and the default refuses, for those who talk to old servers.

use super::*;
use crate::error::ReceiveErrorKind as Kind;

fn lenient(bytes: &[u8]) -> Outcome {
    let config = ClientConfig::lenient();
    every_way(|| client(&config, "GET", None), bytes, true)
}

#[test]
fn old_servers_can_be_read_but_their_connection_is_not_reused() {
    for (response, strict) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
            Kind::DuplicateContentLength,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2  \r\nhi\r\n0\t\r\n\r\n",
            Kind::InvalidChunkSize,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 ;a=b\r\nhi\r\n0\r\nA: b\r\n\r\n",
            Kind::InvalidChunkSize,
        ),
        ("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", Kind::BareLf),
        (
            "HTTP/1.1 200\r\nContent-Length: 2\r\nA:b\n\r\nhi",
            Kind::BareLf,
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nhi", Kind::BareLf),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nhi",
            Kind::ContentLengthWithTransferEncoding,
        ),
        (
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: Identity\r\n\r\nhi",
            Kind::TransferEncodingInHttp10,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            Kind::UnknownTransferCoding,
        ),
    ] {
        let outcome = get(response.as_bytes(), true);
        assert_eq!(
            outcome.error.map(|(kind, _)| kind),
            Some(strict),
            "{response}"
        );
        let outcome = lenient(response.as_bytes());
        assert_eq!(outcome.error, None, "{response}");
        assert_eq!(outcome.items[1], "data hi", "{response}");
        assert!(outcome.items[2].starts_with("end "), "{response}");
        assert!(
            outcome.closes && outcome.sent.is_empty(),
            "{response}: {outcome:?}"
        );
        assert!(outcome.left.is_empty(), "{response}");
    }
}

#[test]
fn a_bare_line_feed_in_an_informational_response_ends_the_connection_after_the_final_one() {
    let response = b"HTTP/1.1 100 Continue\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    let config = ClientConfig::lenient();
    let outcome = every_way(|| client(&config, "GET", None), response, false);
    assert_eq!(outcome.error, None);
    assert!(outcome.items[3].starts_with("end "), "{outcome:?}");
    assert!(outcome.closes && outcome.sent.is_empty(), "{outcome:?}");
}

#[test]
fn whitespace_behind_a_chunk_size_ends_the_connection_after_the_response() {
    for body in [
        "2 \r\nhi\r\n0\r\n\r\n",
        "2\r\nhi\r\n0\t\r\n\r\n",
        "2 \r\nhi\r\n0\r\nA: b\r\n\r\n",
    ] {
        let response = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        let config = ClientConfig::lenient();
        let outcome = every_way(|| client(&config, "GET", None), response.as_bytes(), false);
        assert_eq!(outcome.error, None);
        assert!(
            outcome.closes && outcome.sent.is_empty(),
            "{body:?} {outcome:?}"
        );
    }
}

#[test]
fn leniency_costs_nothing_where_it_is_not_needed() {
    for response in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nA: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\nhi",
    ] {
        let config = ClientConfig::lenient();
        // The end of the stream would close it, too.
        let outcome = every_way(|| client(&config, "GET", None), response.as_bytes(), false);
        assert_eq!(
            (outcome.error, &*outcome.sent),
            (None, "reusable"),
            "{response}"
        );
    }
}

#[test]
fn what_can_be_read_in_two_ways_is_refused_by_the_lenient_too() {
    let start = "HTTP/1.1 200 OK\r\n";
    for (rest, kind) in [
        (
            "Content-Length: 2\r\nContent-Length: 3\r\n\r\n",
            Kind::DuplicateContentLength,
        ),
        ("Content-Length: 2, 2\r\n\r\n", Kind::InvalidContentLength),
        (
            "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
            Kind::ContentLengthWithTransferEncoding,
        ),
        ("Transfer-Encoding: x\r\n\r\n", Kind::UnknownTransferCoding),
        (
            "Transfer-Encoding: chunked, identity\r\n\r\n",
            Kind::ChunkedNotFinal,
        ),
        (
            "Transfer-Encoding: chunked\r\n\r\n2 x\r\n",
            Kind::InvalidChunkSize,
        ),
        (
            "Transfer-Encoding: chunked\r\n\r\n2 2\r\n",
            Kind::InvalidChunkSize,
        ),
        (
            "Transfer-Encoding: chunked\r\n\r\n 2\r\n",
            Kind::InvalidChunkSize,
        ),
        ("Transfer-Encoding: chunked\r\n\r\n2\nhi", Kind::BareLf),
        (
            "Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\n",
            Kind::BareLf,
        ),
        ("A: b\rc\r\n\r\n", Kind::BareCr),
        // A folded line, or the end of one and a bad name.
        ("A: b\n c\r\n\r\n", Kind::ObsFold),
        ("A\n\r\n", Kind::InvalidFieldName),
    ] {
        let response = format!("{start}{rest}");
        let outcome = lenient(response.as_bytes());
        assert_eq!(
            outcome.error.map(|(found, _)| found),
            Some(kind),
            "{response}"
        );
    }
    // Whitespace behind a size has the limit of an extension.
    let spaces = " ".repeat(300);
    let response = format!("{start}Transfer-Encoding: chunked\r\n\r\n2{spaces}");
    let outcome = lenient(response.as_bytes());
    assert_eq!(
        outcome.error.map(|(kind, _)| kind),
        Some(Kind::ChunkExtensionTooLong)
    );
}
