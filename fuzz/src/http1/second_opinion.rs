//! httparse, which is not ours, about the heads that we take and refuse.

use holdline_http1::{
    Buffer, Headers, Limits, ReceiveErrorKind as Kind, parse_request_head, parse_response_head,
};

/// A request head that we take, httparse takes, with the same parts. One that it takes and we refuse is
/// refused for what it leaves to its caller.
pub(super) fn of_request(bytes: &[u8], limits: &Limits) {
    let mut buffer = Buffer::new();
    let mut table = [httparse::EMPTY_HEADER; TABLE];
    let mut theirs = httparse::Request::new(&mut table);
    let taken = theirs.parse(bytes);
    match parse_request_head(bytes, limits, &mut buffer) {
        Ok(Some(ours)) => {
            let minor = ours.head.version().minor();
            if minor > 1 {
                // RFC 9110 §2.5 has a later minor version processed as 1.1; httparse takes none.
                assert_eq!(taken, Err(httparse::Error::Version));
                return;
            }
            assert_eq!(taken, Ok(httparse::Status::Complete(ours.consumed)));
            assert_eq!(theirs.method, Some(ours.head.method()));
            assert_eq!(theirs.path, Some(ours.head.target()));
            assert_eq!(theirs.version, Some(minor));
            assert_same(theirs.headers, ours.head.headers());
        }
        Ok(None) => assert!(may_be_unfinished(taken), "{taken:?}"),
        Err(error) => {
            let is_left =
                is_left_to_the_caller(error.kind()) || ONLY_REQUESTS.contains(&error.kind());
            assert!(is_left || !is_complete(taken), "{error}");
        }
    }
}

/// The same of a response head, whose reason may only be compared where it is ASCII: httparse gives no other.
pub(super) fn of_response(bytes: &[u8], method: &str, limits: &Limits) {
    let mut buffer = Buffer::new();
    let mut table = [httparse::EMPTY_HEADER; TABLE];
    let mut theirs = httparse::Response::new(&mut table);
    let taken = theirs.parse(bytes);
    match parse_response_head(bytes, method, limits, &mut buffer) {
        Ok(Some(ours)) => {
            let minor = ours.head.version().minor();
            if minor > 1 {
                assert_eq!(taken, Err(httparse::Error::Version));
                return;
            }
            assert_eq!(taken, Ok(httparse::Status::Complete(ours.consumed)));
            assert_eq!(theirs.code, Some(ours.head.status()));
            assert_eq!(theirs.version, Some(minor));
            if ours.head.reason().is_ascii() {
                let reason = theirs.reason.map(str::as_bytes);
                assert_eq!(reason, Some(ours.head.reason()));
            }
            assert_same(theirs.headers, ours.head.headers());
        }
        Ok(None) => assert!(may_be_unfinished(taken), "{taken:?}"),
        Err(error) => {
            let is_left =
                is_left_to_the_caller(error.kind()) || ONLY_RESPONSES.contains(&error.kind());
            assert!(is_left || !is_complete(taken), "{error}");
        }
    }
}

fn assert_same(theirs: &[httparse::Header<'_>], ours: Headers<'_>) {
    assert!(
        theirs
            .iter()
            .map(|header| (header.name, header.value))
            .eq(ours.iter())
    );
}

fn is_complete(taken: httparse::Result<usize>) -> bool {
    matches!(taken, Ok(httparse::Status::Complete(_)))
}

/// We judge a version when its line is complete, and take minor versions that httparse refuses.
fn may_be_unfinished(taken: httparse::Result<usize>) -> bool {
    matches!(
        taken,
        Ok(httparse::Status::Partial) | Err(httparse::Error::Version)
    )
}

/// As many fields as the default limit allows.
const TABLE: usize = 100;

/// What httparse does not judge: limits, what fields mean, and a lone line feed, which it takes.
fn is_left_to_the_caller(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::BareLf
            | Kind::HeadTooLong
            | Kind::TooManyFields
            | Kind::BodyTooLong
            | Kind::InvalidContentLength
            | Kind::DuplicateContentLength
            | Kind::ContentLengthWithTransferEncoding
            | Kind::TransferEncodingInHttp10
            | Kind::InvalidTransferEncoding
            | Kind::ChunkedNotFinal
            | Kind::UnknownTransferCoding
            | Kind::UnsupportedTransferCoding
    )
}

/// In a request also Host, the target's form and bytes, and how many empty lines stand before it.
const ONLY_REQUESTS: &[Kind] = &[
    Kind::EmptyLines,
    Kind::MethodTooLong,
    Kind::TargetTooLong,
    Kind::InvalidTarget,
    Kind::InvalidTargetForm,
    Kind::AsteriskWithoutOptions,
    Kind::InvalidConnectTarget,
    Kind::InvalidAuthority,
    Kind::MissingHost,
    Kind::DuplicateHost,
    Kind::InvalidHost,
];

/// In a response also empty lines before it, which we see as a bad version, and a status below 100.
const ONLY_RESPONSES: &[Kind] = &[Kind::InvalidVersion, Kind::InvalidStatus];
