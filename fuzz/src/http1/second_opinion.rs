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
            let is_ours = match who_refuses(error.kind()) {
                Who::Both | Who::WeInResponses => false,
                Who::We | Who::WeInRequests => true,
                Who::Nobody => panic!("of a request head: {error}"),
            };
            assert!(is_ours || !is_complete(taken), "{error}");
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
            let is_ours = match who_refuses(error.kind()) {
                Who::Both | Who::WeInRequests => false,
                Who::We | Who::WeInResponses => true,
                Who::Nobody => panic!("of a response head: {error}"),
            };
            assert!(is_ours || !is_complete(taken), "{error}");
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

/// Who refuses a head for a rule. What httparse leaves to its caller, we refuse alone.
#[derive(Clone, Copy, Debug)]
enum Who {
    Both,
    We,
    /// In a request. httparse takes no response that breaks the rule.
    WeInRequests,
    /// The other way round.
    WeInResponses,
    /// Another part of a message breaks it, or a setting must ask for it.
    Nobody,
}

/// # Panics
/// When nobody has said it of this kind.
fn who_refuses(kind: Kind) -> Who {
    match kind {
        Kind::BareCr
        | Kind::TlsHello
        | Kind::Http2Preface
        | Kind::InvalidMethod
        | Kind::Http09
        | Kind::UnsupportedVersion
        | Kind::InvalidReason
        | Kind::LeadingWhitespace
        | Kind::ObsFold
        | Kind::InvalidFieldName
        | Kind::InvalidFieldValue => Who::Both,
        // A lone line feed, which httparse takes; limits; what fields mean.
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
        | Kind::UnsupportedTransferCoding => Who::We,
        // Host, the target's form and bytes, and how many empty lines stand before a request.
        Kind::EmptyLines
        | Kind::MethodTooLong
        | Kind::TargetTooLong
        | Kind::InvalidTarget
        | Kind::InvalidTargetForm
        | Kind::AsteriskWithoutOptions
        | Kind::InvalidConnectTarget
        | Kind::InvalidAuthority
        | Kind::MissingHost
        | Kind::DuplicateHost
        | Kind::InvalidHost => Who::WeInRequests,
        // Empty lines before a response, which we see as a bad version, and a status below 100.
        Kind::InvalidVersion | Kind::InvalidStatus => Who::WeInResponses,
        Kind::HostMismatch
        | Kind::InvalidChunkSize
        | Kind::ChunkSizeTooLong
        | Kind::InvalidChunkExtension
        | Kind::ChunkExtensionTooLong
        | Kind::ChunkExtensionsTooLong
        | Kind::InvalidChunkEnd
        | Kind::TrailersTooLong
        | Kind::TruncatedHead
        | Kind::TruncatedBody
        | Kind::UnsolicitedResponse
        | Kind::UnexpectedSwitch
        | Kind::TooManyInformational
        | Kind::ConnectionEnded
        | Kind::BufferMismatch => Who::Nobody,
        // The enum is open to kinds that are new.
        kind => panic!("say here who refuses a head for {kind:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_kind_it_is_said_who_refuses_a_head_for_it() {
        for &kind in Kind::ALL {
            who_refuses(kind);
        }
    }
}
