//! A body alone, for who has read the head with another parser: whole, at every split, and with bytes behind it.

use holdline_http1::{BodyDecoder, BodyItem, BodyLength, Buffer, Limits, ReceiveErrorKind};

type Outcome = Result<(Vec<u8>, Option<Vec<(String, Vec<u8>)>>, usize), (ReceiveErrorKind, u64)>;

/// The data, the trailers if the end was given, and how many bytes were left.
fn decode(length: BodyLength, pieces: &[&[u8]]) -> Outcome {
    let mut decoder = BodyDecoder::new(length, Limits::default());
    let (mut buffer, mut data, mut end, mut left) = (Buffer::new(), Vec::new(), None, 0);
    for piece in pieces {
        let mut input = *piece;
        loop {
            match decoder.decode(&mut input, &mut buffer) {
                Ok(Some(BodyItem::Data(bytes))) => data.extend_from_slice(bytes),
                Ok(Some(BodyItem::End { trailers })) => {
                    let owned = |(name, value): (&str, &[u8])| (name.to_owned(), value.to_owned());
                    end = Some(trailers.iter().map(owned).collect());
                }
                Ok(None) => break,
                Err(error) => {
                    assert!(input.is_empty(), "an error takes the whole input");
                    let mut more = &b"more"[..];
                    assert_eq!(decoder.decode(&mut more, &mut buffer), Err(error));
                    assert_eq!((more.len(), decoder.decode_eof()), (0, Err(error)));
                    return Err((error.kind(), error.at()));
                }
            }
        }
        left += input.len();
    }
    match decoder.decode_eof() {
        Ok(None) => {}
        Ok(Some(_)) => end = Some(Vec::new()),
        Err(error) => {
            assert_eq!(decoder.decode_eof(), Err(error), "it stays");
            return Err((error.kind(), error.at()));
        }
    }
    Ok((data, end, left))
}

/// The same whole and at every split.
#[track_caller]
fn at_every_split(length: BodyLength, stream: &[u8]) -> Outcome {
    let whole = decode(length, &[stream]);
    for at in 0..=stream.len() {
        let (first, second) = stream.split_at(at);
        assert_eq!(decode(length, &[first, second]), whole, "cut at {at}");
    }
    whole
}

#[test]
fn a_body_without_length_ends_at_once_and_takes_nothing() {
    let outcome = at_every_split(BodyLength::None, b"next");
    assert_eq!(outcome, Ok((Vec::new(), Some(Vec::new()), 4)));
}

#[test]
fn a_body_of_known_length_ends_there() {
    let outcome = at_every_split(BodyLength::Known(5), b"hellonext");
    assert_eq!(outcome, Ok((b"hello".to_vec(), Some(Vec::new()), 4)));
}

#[test]
fn a_chunked_body_ends_behind_its_trailers() {
    let outcome = at_every_split(BodyLength::Chunked, b"5\r\nhello\r\n0\r\nX: 1\r\n\r\nnext");
    let trailers = vec![("X".to_owned(), b"1".to_vec())];
    assert_eq!(outcome, Ok((b"hello".to_vec(), Some(trailers), 4)));
}

#[test]
fn a_body_until_the_close_ends_with_the_stream() {
    let outcome = at_every_split(BodyLength::UntilClose, b"hello");
    assert_eq!(outcome, Ok((b"hello".to_vec(), Some(Vec::new()), 0)));
}

#[test]
fn a_body_that_is_cut_or_framed_badly_is_an_error_with_its_offset() {
    let known = at_every_split(BodyLength::Known(9), b"hello");
    assert_eq!(known, Err((ReceiveErrorKind::TruncatedBody, 5)));
    let chunked = at_every_split(BodyLength::Chunked, b"5\r\nhello\r\nx\r\n");
    assert_eq!(chunked, Err((ReceiveErrorKind::InvalidChunkSize, 10)));
}

#[test]
fn a_body_of_any_kind_has_no_more_than_its_limit() {
    let mut limits = Limits::default();
    limits.max_body = 5;
    let decode = |length, mut input: &[u8]| {
        let mut decoder = BodyDecoder::new(length, limits.clone());
        let (mut buffer, mut data) = (Buffer::new(), Vec::new());
        loop {
            match decoder.decode(&mut input, &mut buffer) {
                Ok(Some(BodyItem::Data(bytes))) => data.extend_from_slice(bytes),
                Ok(_) => break Ok(data),
                Err(error) => break Err((data, error.kind(), error.at())),
            }
        }
    };
    let too_long = |data: &str, at| {
        let data = data.as_bytes().to_vec();
        Err((data, ReceiveErrorKind::BodyTooLong, at))
    };
    let hello = Ok(b"hello".to_vec());
    assert_eq!(decode(BodyLength::Known(5), b"hello!"), hello);
    assert_eq!(decode(BodyLength::Known(6), b"hello!"), too_long("", 0));
    assert_eq!(decode(BodyLength::UntilClose, b"hello"), hello);
    assert_eq!(
        decode(BodyLength::UntilClose, b"hello!"),
        too_long("hello", 5)
    );
    assert_eq!(
        decode(BodyLength::Chunked, b"5\r\nhello\r\n1\r\n!"),
        too_long("hello", 10)
    );
}
