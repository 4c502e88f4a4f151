//! How a source ends.

use holdline_sse::{Buffer, DecodeErrorKind, ReadyState, Reason};

use super::{ZERO, config, feed, opened, seconds, stream};

#[test]
fn a_closed_source_stays_closed() {
    let mut source = opened(config());
    source.close();
    assert_eq!(source.ready_state(), ReadyState::Closed);
    assert_eq!(source.reason(), Some(Reason::Closed));
    assert_eq!(feed(&mut source, b"data: a\n\n"), [""; 0]);
    assert_eq!(source.receive_eof(ZERO, 0), ReadyState::Closed);
    assert_eq!(
        source.receive_response(&stream(), ZERO, 0),
        ReadyState::Closed
    );
    source.handle_timeout(seconds(99));
    assert!(source.poll_request().is_none());
    assert_eq!(source.reason(), Some(Reason::Closed));
}

#[test]
fn a_stream_over_a_limit_closes_the_source() {
    let mut config = config();
    config.limits.max_line = 3;
    let mut source = opened(config);
    let mut buffer = Buffer::new();
    let mut input = &b"data: abcd\n\n"[..];
    let error = source
        .receive(&mut input, &mut buffer)
        .expect_err("too long");
    assert_eq!(error.kind(), DecodeErrorKind::LineTooLong { limit: 3 });
    assert_eq!(source.ready_state(), ReadyState::Closed);
    assert_eq!(source.reason(), Some(Reason::Decode(error)));
    assert_eq!(source.receive_eof(ZERO, 0), ReadyState::Closed);
    assert_eq!(source.receive(&mut input, &mut buffer), Err(error));
}
