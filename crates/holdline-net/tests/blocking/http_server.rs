use holdline_http1::{PreparedResponse, RequestHeadBuf, ResponseBody, ServerConfig};
use holdline_net::blocking::http::{Error, Server};

use crate::script::{Script, every_cut, text};

/// Calls again after each timeout: nothing may be lost.
fn again<T>(mut call: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    loop {
        match call() {
            Err(error) if error.is_timeout() => {}
            other => return other,
        }
    }
}

/// Makes sure that what a call could not write is written.
fn sent(http: &mut Server<Script>, result: Result<(), Error>) -> Result<(), Error> {
    match result {
        Err(error) if error.is_timeout() => again(|| http.flush()),
        other => other,
    }
}

fn echo(http: &mut Server<Script>, limit: usize) -> Result<usize, Error> {
    let mut requests = 0;
    while let Some(head) = again(|| http.read_request())? {
        requests += 1;
        let body = again(|| http.read_body(limit))?;
        let line = format!("{} {}", head.as_ref().method(), head.as_ref().target());
        let result = http.respond(200, [("X-Line", &line)], &body);
        sent(http, result)?;
    }
    Ok(requests)
}

/// What was written, without the lines that change.
fn without_date(written: &str) -> String {
    let lines = written.split_inclusive("\r\n");
    lines.filter(|line| !line.starts_with("Date: ")).collect()
}

const PIPELINE: &[u8] = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none\
    PUT /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ntw\r\n1\r\no\r\n0\r\nT: v\r\n\r\n\
    HEAD /c HTTP/1.1\r\nHost: x\r\n\r\n\
    GET /d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[test]
fn a_pipeline_is_answered_however_it_is_cut() {
    for stream in every_cut(PIPELINE) {
        let written = stream.written();
        let mut http = Server::new(stream);
        assert_eq!(echo(&mut http, 100).unwrap(), 4);
        assert_eq!(
            without_date(&text(&written)),
            "HTTP/1.1 200 OK\r\nX-Line: POST /a\r\nContent-Length: 3\r\n\r\none\
             HTTP/1.1 200 OK\r\nX-Line: PUT /b\r\nContent-Length: 3\r\n\r\ntwo\
             HTTP/1.1 200 OK\r\nX-Line: HEAD /c\r\nContent-Length: 0\r\n\r\n\
             HTTP/1.1 200 OK\r\nX-Line: GET /d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
    }
}

#[test]
fn a_date_that_is_given_is_the_only_one() {
    let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut http = Server::new(Script::new([get, get]));
    let written = http.stream().written();
    http.read_request().unwrap().unwrap();
    http.respond(200, [("date", "then")], b"").unwrap();
    http.read_request().unwrap().unwrap();
    let length = ResponseBody::Known(0);
    http.send_response(200, [("date", "then")], length).unwrap();
    let answer = "HTTP/1.1 200 OK\r\ndate: then\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(text(&written), answer.repeat(2));
}

#[test]
fn a_prepared_response_is_sent_like_any_other_with_the_date_of_now() {
    let kind = [("Content-Type", "text/plain")];
    let mut prepared = PreparedResponse::new(200, kind, b"hello").unwrap();
    let written = |prepared: Option<&mut PreparedResponse>| {
        let requests =
            ["GET", "HEAD", "GET"].map(|method| format!("{method} / HTTP/1.1\r\nHost: x\r\n\r\n"));
        let mut http = Server::new(Script::new(requests));
        let written = http.stream().written();
        let mut prepared = prepared;
        while let Some(head) = http.read_request().unwrap() {
            match &mut prepared {
                Some(prepared) => http.respond_prepared(prepared).unwrap(),
                None => http.respond(200, kind, b"hello").unwrap(),
            }
            assert!(matches!(head.as_ref().method(), "GET" | "HEAD"));
        }
        let written = text(&written);
        assert_eq!(written.matches("\r\nDate: ").count(), 3, "{written}");
        without_date(&written)
    };
    assert_eq!(written(Some(&mut prepared)), written(None));
    assert!(prepared.date().is_some());
    let mut http = Server::new(Script::new(["CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"]));
    http.read_request().unwrap().unwrap();
    let error = http.respond_prepared(&mut prepared).unwrap_err();
    assert!(matches!(error, Error::Send(_)), "{error}");
}

#[test]
fn a_body_is_read_in_pieces_and_answered_in_pieces() {
    let mut http = Server::new(Script::new([
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r",
        "\nde\r\n0\r\nCheck: 5\r\n\r\n",
    ]));
    let written = http.stream().written();
    http.read_request().unwrap().unwrap();
    http.send_response(200, (), ResponseBody::Streamed).unwrap();
    let mut pieces = Vec::new();
    while let Some(piece) = http.read_data().unwrap() {
        pieces.push(piece.to_vec());
    }
    assert_eq!(pieces, [&b"abc"[..], b"de"]);
    assert_eq!(http.trailers(), [("Check".to_owned(), b"5".to_vec())]);
    for piece in &pieces {
        http.send_data(piece).unwrap();
    }
    assert!(matches!(http.read_request(), Err(Error::Unanswered)));
    http.send_end().unwrap();
    assert!(http.read_request().unwrap().is_none());
    assert!(text(&written).ends_with("\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
}

#[test]
fn an_ignored_body_does_not_become_the_next_request() {
    let mut http = Server::new(Script::new([
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 18\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
    ]));
    let written = http.stream().written();
    http.read_request().unwrap().unwrap();
    http.respond(204, (), b"").unwrap();
    assert!(http.read_request().unwrap().is_none());
    assert!(text(&written).contains("Connection: close\r\n"));
}

#[test]
fn a_body_is_asked_for_when_the_client_waits_for_that() {
    let head = "PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    let mut http = Server::new(Script::new([head, "hi"]));
    let written = http.stream().written();
    http.read_request().unwrap().unwrap();
    assert_eq!(text(&written), "");
    assert_eq!(http.read_body(2).unwrap(), b"hi");
    assert_eq!(text(&written), "HTTP/1.1 100 Continue\r\n\r\n");

    // A body that will be refused is not asked for.
    let mut http = Server::new(Script::new([head]));
    let written = http.stream().written();
    http.read_request().unwrap().unwrap();
    let error = http.read_body(1).unwrap_err();
    assert!(matches!(error, Error::BodyTooLong { limit: 1 }));
    http.refuse(&error).unwrap();
    assert!(text(&written).starts_with("HTTP/1.1 413 "));
}

#[test]
fn a_long_body_is_refused_when_it_gets_too_long() {
    let mut http = Server::new(Script::new([
        "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n",
    ]));
    let written = http.stream().written();
    http.read_request().unwrap().unwrap();
    let error = http.read_body(5).unwrap_err();
    http.refuse(&error).unwrap();
    assert!(text(&written).starts_with("HTTP/1.1 413 "));
    assert!(http.read_request().unwrap().is_none());
}

#[test]
fn bad_requests_are_refused_and_the_good_one_before_is_answered() {
    for stream in every_cut(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET  /b HTTP/1.1\r\n\r\n") {
        let written = stream.written();
        let mut http = Server::new(stream);
        let error = echo(&mut http, 0).unwrap_err();
        assert!(matches!(error, Error::Receive(_)), "{error}");
        let result = http.refuse(&error);
        sent(&mut http, result).unwrap();
        let written = text(&written);
        assert_eq!(written.matches("HTTP/1.1 200 OK").count(), 1);
        assert_eq!(written.matches("HTTP/1.1 400 Bad Request").count(), 1);
        assert!(written.contains("Connection: close"));
    }
}

#[test]
fn limits_of_the_codec_hold() {
    let mut config = ServerConfig::default();
    config.limits.max_head = 100;
    let long = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
        "a".repeat(100)
    );
    let mut http = Server::with_config(Script::new([long]), config);
    assert_eq!(http.read_request().unwrap_err().status(), 431);
}

#[test]
fn a_client_that_goes_away_between_requests_is_no_error_and_within_one_it_is() {
    let mut http = Server::new(Script::new::<&str>([]));
    assert!(http.read_request().unwrap().is_none());
    for cut in ["G", "GET / HTTP/1.1\r\nHost: x\r\n"] {
        let mut http = Server::new(Script::new([cut]));
        assert!(matches!(http.read_request(), Err(Error::Receive(_))));
    }
    let mut http = Server::new(Script::new([
        "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1",
    ]));
    let head: RequestHeadBuf = http.read_request().unwrap().unwrap();
    assert_eq!(head.as_ref().method(), "PUT");
    assert!(matches!(http.read_body(9), Err(Error::Receive(_))));
}

#[test]
fn switching_hands_out_the_bytes_after_the_request() {
    let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello";
    let mut http = Server::new(Script::new([request]));
    let written = http.stream().written();
    let head = http.read_request().unwrap().unwrap();
    assert!(head.as_ref().is_upgrade("echo"));
    let (_, unread) = http.switch([("Upgrade", "echo")]).unwrap();
    assert_eq!(unread, b"hello");
    assert!(text(&written).starts_with("HTTP/1.1 101 "));
}
