//! Redirects.

use holdline_sse::{Config, ReadyState, Reason};

use super::{ZERO, config, headers, redirect, requested, seconds, status, stream};

#[test]
fn redirects_are_followed_at_once() {
    for code in [301, 302, 303, 307, 308] {
        let mut source = requested(config());
        let state = source.receive_response(&redirect(code, "/other"), ZERO, 0);
        assert_eq!(
            (state, source.poll_timeout()),
            (ReadyState::Connecting, None)
        );
        let request = source.poll_request().expect("a request");
        assert_eq!(
            (request.url(), request.method()),
            ("http://host/other", "GET")
        );
        assert_eq!(
            source.receive_response(&stream(), ZERO, 0),
            ReadyState::Open
        );
        // It comes back to where it began.
        source.receive_eof(ZERO, 0);
        source.handle_timeout(seconds(3));
        assert_eq!(
            source.poll_request().map(|request| request.url()),
            Some("http://host/events")
        );
    }
}

#[test]
fn redirects_change_a_post_as_fetch_does() {
    for (code, method) in [
        (301, "GET"),
        (302, "GET"),
        (303, "GET"),
        (307, "POST"),
        (308, "POST"),
    ] {
        let mut source = requested(Config::post_json("http://host/a", "{}"));
        source.receive_response(&redirect(code, "b"), ZERO, 0);
        let request = source.poll_request().expect("a request");
        assert_eq!(request.method(), method, "{code}");
        assert_eq!(request.body().is_empty(), method == "GET");
        let has_type = request.headers().any(|(name, _)| name == "Content-Type");
        assert_eq!(has_type, method == "POST");
    }
}

#[test]
fn secrets_do_not_follow_to_another_origin() {
    let mut config = config();
    for name in ["Authorization", "cookie", "Proxy-Authorization", "X-Other"] {
        config.headers.push((name.into(), b"v".to_vec()));
    }
    let mut source = requested(config);
    source.receive_response(&redirect(302, "/same"), ZERO, 0);
    assert_eq!(headers(source.poll_request().expect("a request")).len(), 7);
    source.receive_response(&redirect(302, "http://other/"), ZERO, 0);
    assert_eq!(headers(source.poll_request().expect("a request")).len(), 4);
    // Not even back.
    source.receive_response(&redirect(302, "http://host/"), ZERO, 0);
    assert_eq!(headers(source.poll_request().expect("a request")).len(), 4);
}

#[test]
fn redirects_must_end_and_lead_somewhere() {
    let mut source = requested(config());
    for _ in 0..20 {
        let state = source.receive_response(&redirect(302, "again"), ZERO, 0);
        assert_eq!(state, ReadyState::Connecting);
        assert!(source.poll_request().is_some());
    }
    let state = source.receive_response(&redirect(302, "again"), ZERO, 0);
    assert_eq!(state, ReadyState::Closed);
    assert_eq!(source.reason(), Some(Reason::TooManyRedirects));
    for response in [status(302), redirect(301, "ftp://host/")] {
        let mut source = requested(config());
        assert_eq!(
            source.receive_response(&response, ZERO, 0),
            ReadyState::Closed
        );
        assert_eq!(source.reason(), Some(Reason::Location));
    }
}

#[test]
fn a_head_stays_one_and_what_only_looks_like_a_scheme_is_a_path() {
    let mut config = config();
    config.method = "HEAD".into();
    let mut source = requested(config);
    source.receive_response(&redirect(303, "1:2"), ZERO, 0);
    let request = source.poll_request().expect("a request");
    assert_eq!(
        (request.method(), request.url()),
        ("HEAD", "http://host/1:2")
    );
}
