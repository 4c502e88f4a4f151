//! Heads of exactly the length that is allowed, by our own parser and by `httparse` with our rules.
#![cfg(feature = "httparse")]

use holdline_http1::ReceiveErrorKind as Kind;
use holdline_http1::{
    Buffer, Limits, ReceiveError, check_httparse_request, check_httparse_response,
    parse_request_head, parse_response_head,
};

type Outcome = Result<usize, (Kind, u64)>;

fn outcome(result: Result<usize, ReceiveError>) -> Outcome {
    result.map_err(|error| (error.kind(), error.at()))
}

/// How long the head is, or what is wrong with it, both ways.
#[track_caller]
fn request(head: &str, limits: &Limits) -> Outcome {
    let mut buffer = Buffer::new();
    let ours = parse_request_head(head.as_bytes(), limits, &mut buffer);
    let ours = outcome(ours.map(|parsed| parsed.expect("a whole head").consumed));
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut parsed = httparse::Request::new(&mut headers);
    assert!(parsed.parse(head.as_bytes()).expect("good").is_complete());
    let checked = check_httparse_request(&parsed, head.as_bytes(), limits, &mut buffer);
    assert_eq!(outcome(checked.map(|parsed| parsed.consumed)), ours);
    ours
}

#[track_caller]
fn response(head: &str, limits: &Limits) -> Outcome {
    let mut buffer = Buffer::new();
    let ours = parse_response_head(head.as_bytes(), "GET", limits, &mut buffer);
    let ours = outcome(ours.map(|parsed| parsed.expect("a whole head").consumed));
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut parsed = httparse::Response::new(&mut headers);
    assert!(parsed.parse(head.as_bytes()).expect("good").is_complete());
    let checked = check_httparse_response(&parsed, head.as_bytes(), "GET", limits, &mut buffer);
    assert_eq!(outcome(checked.map(|parsed| parsed.consumed)), ours);
    ours
}

const REQUEST: &str = "PUT /target HTTP/1.1\r\nHost: a\r\nX:  1 \r\n\r\n";
const RESPONSE: &str = "HTTP/1.1 200 Fine\r\nA: a\r\nX:  1 \r\n\r\n";

#[test]
fn a_head_may_be_as_long_as_its_limit() {
    let mut limits = Limits::default();
    for most in 0..REQUEST.len() + 2 {
        limits.max_head = most;
        let expected = match most < REQUEST.len() {
            true => Err((Kind::HeadTooLong, most as u64)),
            false => Ok(REQUEST.len()),
        };
        assert_eq!(request(REQUEST, &limits), expected, "{most}");
        let expected = match most < RESPONSE.len() {
            true => Err((Kind::HeadTooLong, most as u64)),
            false => Ok(RESPONSE.len()),
        };
        assert_eq!(response(RESPONSE, &limits), expected, "{most}");
    }
}

#[test]
fn a_head_may_have_as_many_fields_as_its_limit() {
    let mut limits = Limits::default();
    for most in 0..4 {
        limits.max_fields = most;
        let kinds = [request(REQUEST, &limits), response(RESPONSE, &limits)]
            .map(|outcome| outcome.map_err(|(kind, _)| kind));
        let expected = match most < 2 {
            true => [Err(Kind::TooManyFields); 2],
            false => [Ok(REQUEST.len()), Ok(RESPONSE.len())],
        };
        assert_eq!(kinds, expected, "{most}");
    }
}

#[test]
fn method_and_target_may_be_as_long_as_their_limits() {
    let mut limits = Limits::default();
    for most in 1..6 {
        limits.max_method = most;
        let expected = match most < 3 {
            true => Err((Kind::MethodTooLong, most as u64)),
            false => Ok(REQUEST.len()),
        };
        assert_eq!(request(REQUEST, &limits), expected, "{most}");
    }
    limits.max_method = 3;
    for most in 1..10 {
        limits.max_target = most;
        let expected = match most < 7 {
            true => Err((Kind::TargetTooLong, 4 + most as u64)),
            false => Ok(REQUEST.len()),
        };
        assert_eq!(request(REQUEST, &limits), expected, "{most}");
    }
    // What comes first counts: the byte that is wrong, or the one that is too much.
    let bad = "PUT /\"arget HTTP/1.1\r\nHost: a\r\n\r\n";
    for (most, kind, at) in [
        (7, Kind::InvalidTarget, 5),
        (1, Kind::InvalidTarget, 5),
        (0, Kind::TargetTooLong, 4),
    ] {
        limits.max_target = most;
        assert_eq!(request(bad, &limits), Err((kind, at)), "{most}");
    }
}

#[test]
fn an_empty_line_may_come_before_a_request() {
    let limits = Limits::default();
    let one = format!("\r\n{REQUEST}");
    assert_eq!(request(&one, &limits), Ok(one.len()));
    let two = format!("\r\n\r\n{REQUEST}");
    assert_eq!(request(&two, &limits), Err((Kind::EmptyLines, 2)));
    let bare = format!("\n{REQUEST}");
    assert_eq!(request(&bare, &limits), Err((Kind::BareLf, 0)));
    let bare = format!("\r\n\n{REQUEST}");
    assert_eq!(request(&bare, &limits), Err((Kind::BareLf, 2)));
    let spaces = REQUEST.replace("X:  1 ", "X: \t1\t\t");
    assert_eq!(request(&spaces, &limits), Ok(spaces.len()));
    let bare = REQUEST.replace("1 \r\n", "1 \n");
    let at = bare.find("1 \n").expect("there") as u64 + 2;
    assert_eq!(request(&bare, &limits), Err((Kind::BareLf, at)));
}
