//! Decoders without a connection.

use holdline_http1::{
    Buffer, Limits, ReceiveErrorKind, RequestDecoder, ResponseDecoder, ResponseEvent,
};

/// The statuses and data that came, and how many bytes were left and taken.
fn responses(decoder: &mut ResponseDecoder, mut input: &[u8]) -> (String, usize, u64) {
    let (mut buffer, mut seen) = (Buffer::new(), String::new());
    loop {
        match decoder.decode(&mut input, &mut buffer) {
            Ok(Some(ResponseEvent::Informational(head))) => seen += &format!("{}i ", head.status()),
            Ok(Some(ResponseEvent::Response { head, .. })) => {
                seen += &format!("{} ", head.status())
            }
            Ok(Some(ResponseEvent::Data(data))) => seen += &format!("{} ", data.escape_ascii()),
            Ok(Some(ResponseEvent::End { .. })) => seen += "end ",
            Ok(Some(ResponseEvent::Paused)) => seen += "paused",
            Ok(None) => seen += "none",
            Err(error) => seen += &format!("{:?}", error.kind()),
            Ok(other) => panic!("{other:?}"),
        }
        if !seen.ends_with(' ') {
            return (seen, input.len(), decoder.position());
        }
    }
}

#[test]
fn responses_alone_are_decoded_by_the_request_that_they_answer() {
    let decode = |method: &str, stream: &str| {
        let mut decoder = ResponseDecoder::new(Limits::default());
        decoder.expect(method);
        let (seen, left, taken) = responses(&mut decoder, stream.as_bytes());
        assert_eq!(left as u64 + taken, stream.len() as u64);
        (seen, left)
    };
    let two = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    let none = |seen: &str| (seen.to_owned(), 0);
    assert_eq!(
        decode("GET", &[two, "hi", two, "ho"].concat()),
        none("200 hi end 200 ho end none")
    );
    assert_eq!(
        decode("HEAD", &[two, two, "ho"].concat()),
        none("200 end 200 ho end none")
    );
    let early = "HTTP/1.1 103 E\r\n\r\nHTTP/1.1 199 E\r\n\r\n";
    assert_eq!(
        decode("HEAD", &[early, two].concat()),
        none("103i 199i 200 end none")
    );
    for (method, status) in [("CONNECT", 200), ("CONNECT", 299), ("GET", 101)] {
        let (seen, left) = decode(method, &format!("HTTP/1.1 {status} OK\r\n\r\nraw"));
        assert_eq!(
            (seen, left),
            (format!("{status} end paused"), 3),
            "{method}"
        );
    }
    let refused = decode(
        "CONNECT",
        &["HTTP/1.1 300 No\r\nContent-Length: 1\r\n\r\nx", two].concat(),
    );
    assert_eq!(refused, none("300 x end 200 none"));
    let last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nxy";
    assert_eq!(decode("GET", last), ("200 x end paused".to_owned(), 1));
}

#[test]
fn responses_alone_are_read_as_leniently_as_asked() {
    let folded = "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n";
    let bare = "HTTP/1.1 200 OK\nContent-Length: 0\n\nHTTP";
    let mut strict = ResponseDecoder::new(Limits::default());
    assert_eq!(
        responses(&mut strict.clone(), folded.as_bytes()).0,
        "ObsFold"
    );
    assert_eq!(responses(&mut strict.clone(), bare.as_bytes()).0, "BareLf");
    let mut unfolds = strict.clone();
    unfolds.unfold(true);
    assert_eq!(responses(&mut unfolds, folded.as_bytes()).0, "200 end none");
    strict.lenient(true);
    let (seen, left, _) = responses(&mut strict, bare.as_bytes());
    assert_eq!((&*seen, left), ("200 end paused", 4));
    let mut until_close = ResponseDecoder::new(Limits::default());
    let (seen, ..) = responses(&mut until_close, b"HTTP/1.1 200 OK\r\n\r\nhi");
    assert_eq!(seen, "200 hi none");
    assert!(matches!(
        until_close.decode_eof(),
        Ok(Some(ResponseEvent::End { .. }))
    ));
    assert_eq!(until_close.decode_eof(), Ok(None));
}

#[test]
fn requests_alone_are_decoded_up_to_the_last() {
    let decoder = RequestDecoder::new(Limits::default());
    let mut buffer = Buffer::new();
    let mismatch = &b"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"[..];
    let decode = |decoder: &mut RequestDecoder, buffer: &mut Buffer| {
        let mut input = mismatch;
        decoder
            .decode(&mut input, buffer)
            .map(|_| ())
            .map_err(|error| error.kind())
    };
    assert_eq!(decode(&mut decoder.clone(), &mut buffer), Ok(()));
    let mut refuses = decoder.clone();
    refuses.refuse_host_mismatch(true);
    assert_eq!(
        decode(&mut refuses, &mut buffer),
        Err(ReceiveErrorKind::HostMismatch)
    );

    let mut cut = decoder.clone();
    assert_eq!(cut.decode(&mut &b"GET / HTTP"[..], &mut buffer), Ok(None));
    assert_eq!(cut.position(), 10);
    let error = cut.decode_eof().expect_err("cut");
    assert_eq!(
        (error.kind(), error.at()),
        (ReceiveErrorKind::TruncatedHead, 10)
    );
    assert!(
        error.to_string().ends_with("; answer 400 and close"),
        "{error}"
    );
}
