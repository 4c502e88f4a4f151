//! Bodies that are sent, for who writes heads with something else.

use bytes::BytesMut;
use holdline_http1::{BodyEncoder, BodyLength, HeaderBlock, PreChunked, SendError, SendErrorKind};

fn framed(length: BodyLength, pieces: &[&[u8]]) -> Result<Vec<u8>, SendErrorKind> {
    let (mut body, mut out) = (BodyEncoder::new(length), BytesMut::from(&b"before "[..]));
    let mut encode = || {
        for piece in pieces {
            body.encode_data(piece, &mut out)?;
        }
        body.encode_end((), &mut out)
    };
    encode().map_err(|error| error.kind())?;
    Ok(out[7..].to_vec())
}

#[test]
fn a_body_is_framed_by_its_length() {
    let pieces = [&b"hello"[..], b"", b"!"];
    let chunked = b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n".to_vec();
    assert_eq!(framed(BodyLength::Chunked, &pieces), Ok(chunked));
    assert_eq!(
        framed(BodyLength::Known(6), &pieces),
        Ok(b"hello!".to_vec())
    );
    assert_eq!(
        framed(BodyLength::UntilClose, &pieces),
        Ok(b"hello!".to_vec())
    );
    assert_eq!(framed(BodyLength::None, &[b""]), Ok(Vec::new()));
    let (long, short) = (SendErrorKind::BodyTooLong, SendErrorKind::BodyTooShort);
    assert_eq!(framed(BodyLength::Known(5), &pieces), Err(long));
    assert_eq!(framed(BodyLength::None, &pieces), Err(long));
    assert_eq!(framed(BodyLength::Known(7), &pieces), Err(short));
}

#[test]
fn a_frame_for_data_of_the_callers_own_is_counted() {
    let frame = |length, data| {
        let frame = BodyEncoder::new(length).encode_frame(data);
        let frame = frame.map_err(|error| error.kind())?;
        Ok(frame.map(|frame| (frame.before().to_vec(), frame.after())))
    };
    let bare = (Vec::new(), &b""[..]);
    let chunk = (b"12c\r\n".to_vec(), &b"\r\n"[..]);
    assert_eq!(frame(BodyLength::Chunked, 300), Ok(Some(chunk)));
    assert_eq!(frame(BodyLength::Known(300), 300), Ok(Some(bare.clone())));
    assert_eq!(frame(BodyLength::UntilClose, 300), Ok(Some(bare)));
    for length in [BodyLength::Chunked, BodyLength::Known(1), BodyLength::None] {
        assert_eq!(frame(length, 0), Ok(None));
    }
    let long = SendErrorKind::BodyTooLong;
    assert_eq!(frame(BodyLength::Known(299), 300), Err(long));
    let data = PreChunked::new(b"hello");
    let sent = |length| BodyEncoder::new(length).encode_prechunked(&data);
    assert_eq!(sent(BodyLength::Chunked).unwrap(), b"5\r\nhello\r\n"[..]);
    assert_eq!(sent(BodyLength::Known(5)).unwrap(), b"hello"[..]);
    assert_eq!(sent(BodyLength::Known(4)), Err(SendError::from(long)));
}

#[test]
fn trailers_end_a_chunked_body_only() {
    let end = |length, name: &str| {
        let mut out = BytesMut::from(&b"before "[..]);
        let result = BodyEncoder::new(length).encode_end([(name, "1")], &mut out);
        (result.map_err(|error| error.kind()), out[7..].to_vec())
    };
    let written = b"0\r\nX: 1\r\n\r\n".to_vec();
    assert_eq!(end(BodyLength::Chunked, "X"), (Ok(()), written));
    for (length, name, kind) in [
        (BodyLength::Chunked, "Host", SendErrorKind::ForbiddenTrailer),
        (BodyLength::Chunked, "a b", SendErrorKind::InvalidFieldName),
        (BodyLength::None, "X", SendErrorKind::TrailersNotAllowed),
        (
            BodyLength::UntilClose,
            "X",
            SendErrorKind::TrailersNotAllowed,
        ),
    ] {
        assert_eq!(
            end(length, name),
            (Err(kind), Vec::new()),
            "{length:?} {name}"
        );
    }
    let block = HeaderBlock::new([("X", "1")]).unwrap();
    assert_eq!(block.as_bytes(), &b"X: 1\r\n"[..]);
    assert_ne!(block, HeaderBlock::default());
}
