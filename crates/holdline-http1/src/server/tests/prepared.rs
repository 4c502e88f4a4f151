//! Responses that were made before, and those whose body is not copied: the same as the others.

use bytes::{Bytes, BytesMut};

use super::sending::{GET, GET_1_0, GET_1_0_KEPT, HEAD, after_request};
use super::*;
use crate::{PreparedResponse, SendErrorKind};

const CLOSE: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const CONNECT: &str = "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n";
const UPLOAD: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n";
const UPGRADE: &str = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
const NOTHING: &str = "";
const REQUESTS: [&str; 9] = [
    GET,
    HEAD,
    GET_1_0,
    GET_1_0_KEPT,
    CLOSE,
    CONNECT,
    UPLOAD,
    UPGRADE,
    NOTHING,
];

#[test]
fn a_prepared_response_is_what_respond_sends_to_every_request() {
    let fields: [&[(&str, &str)]; 5] = [
        &[],
        &[("A", "b")],
        &[("Connection", "close")],
        &[("Connection", "keep-alive")],
        &[("Upgrade", "x")],
    ];
    let mut compared = 0;
    for request in REQUESTS {
        for fields in fields {
            for (status, body) in [(200, "hi"), (200, ""), (204, ""), (304, ""), (599, "no")] {
                let prepared = PreparedResponse::new(status, fields, body.as_bytes());
                let (mut by_parts, mut whole) = (after_request(request), after_request(request));
                let (mut expected, mut out) = (BytesMut::from("x"), BytesMut::from("x"));
                let respond = by_parts.respond(status, fields, body.as_bytes(), &mut expected);
                let respond_prepared = whole.respond_prepared(&prepared.expect("good"), &mut out);
                assert_eq!(respond, respond_prepared, "{request:?} {fields:?} {status}");
                assert_eq!(expected, out);
                // The state is the same, whatever comes next.
                assert_eq!(format!("{by_parts:?}"), format!("{whole:?}"));
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 9 * 5 * 5);
}

#[test]
fn a_shared_body_is_answered_with_as_respond_does() {
    for request in REQUESTS {
        for status in [100, 200, 204, 205, 304, 404] {
            for body in ["", "hi"] {
                let data = Bytes::from_static(body.as_bytes());
                let (mut copied, mut shared) = (after_request(request), after_request(request));
                let (mut expected, mut out) = (BytesMut::from("x"), BytesMut::from("x"));
                let respond = copied.respond(status, (), &data, &mut expected);
                let rest = shared.respond_shared(status, (), &data, &mut out);
                let what = format!("{request:?} {status} {body:?}");
                if let Ok(rest) = &rest {
                    assert!(rest.is_empty() || rest.as_ptr() == data.as_ptr(), "{what}");
                    out.extend_from_slice(rest);
                }
                assert_eq!(respond, rest.map(drop), "{what}");
                assert_eq!(expected, out, "{what}");
                assert_eq!(format!("{copied:?}"), format!("{shared:?}"), "{what}");
            }
        }
    }
}

#[test]
fn its_date_is_set_and_replaced_also_by_one_of_another_length() {
    let mut response = PreparedResponse::new(200, [("A", "b")], b"hi").expect("good");
    assert_eq!((response.status(), response.date()), (200, None));
    for date in ["Sun, 06 Nov 1994 08:49:37 GMT", "Mon, 07", "", "Tuesday"] {
        response.set_date(date).expect("good");
        assert_eq!(response.date(), Some(date.as_bytes()));
        for request in [GET, CLOSE] {
            let (mut expected, mut out) = (BytesMut::new(), BytesMut::new());
            let mut http = after_request(request);
            http.respond_prepared(&response, &mut out).expect("owed");
            let mut http = after_request(request);
            http.respond(200, [("A", "b"), ("Date", date)], b"hi", &mut expected)
                .expect("owed");
            assert_eq!(out, expected);
        }
    }
    // One that was among the fields is replaced as well, where it stands.
    let fields = [("A", "b"), ("date", "long ago"), ("C", "d")];
    let mut given = PreparedResponse::new(200, fields, b"hi").expect("good");
    for date in ["long ago", "Tuesday", "now"] {
        if date != "long ago" {
            given.set_date(date).expect("good");
        }
        assert_eq!(given.date(), Some(date.as_bytes()));
        let mut out = BytesMut::new();
        let mut http = after_request(GET);
        http.respond_prepared(&given, &mut out).expect("owed");
        let text = String::from_utf8_lossy(&out).to_lowercase();
        let head =
            format!("a: b\r\ndate: {date}\r\nc: d\r\ncontent-length: 2\r\n\r\nhi").to_lowercase();
        assert!(text.ends_with(&head), "{text}");
    }
    let before = response.clone();
    let error = response.set_date("a\r\nSet-Cookie: b").unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::InvalidFieldValue);
    assert_eq!(response, before);
}

#[test]
fn what_respond_refuses_cannot_be_prepared() {
    for (status, fields, body, kind) in [
        (101, ("A", "b"), "", SendErrorKind::InvalidStatus),
        (200, ("A b", "c"), "", SendErrorKind::InvalidFieldName),
        (
            200,
            ("Content-Length", "1"),
            "",
            SendErrorKind::FramingField,
        ),
        (204, ("A", "b"), "hi", SendErrorKind::BodyNotAllowed),
        (304, ("A", "b"), "hi", SendErrorKind::BodyNotAllowed),
    ] {
        let error = PreparedResponse::new(status, [fields], body.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), kind);
    }
}
