use super::*;
use alloc::{string::String, vec::Vec};

/// Feeds `pieces` and joins what comes out; the error's place is counted from the first byte.
fn run(pieces: &[&[u8]]) -> Result<(String, bool), usize> {
    let mut validator = Utf8Validator::new();
    let (mut text, mut before) = (String::new(), 0);
    for piece in pieces {
        let out = validator.push(piece).map_err(|error| before + error.at)?;
        text.extend(out.first);
        text.push_str(out.text);
        before += piece.len();
    }
    Ok((text, validator.is_complete()))
}

/// Whole, at every cut, and byte by byte.
fn every_way(bytes: &[u8]) -> Result<(String, bool), usize> {
    let whole = run(&[bytes]);
    for cut in 0..=bytes.len() {
        let (one, two) = bytes.split_at(cut);
        assert_eq!(run(&[one, two]), whole, "{bytes:x?} cut at {cut}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(run(&single), whole, "{bytes:x?} byte by byte");
    whole
}

#[test]
fn good_text() {
    for text in [
        "",
        "a",
        "\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}",
        "k\u{1f40b}sme",
    ] {
        assert_eq!(every_way(text.as_bytes()), Ok((text.into(), true)));
    }
}

#[test]
fn unfinished_text_is_not_complete() {
    assert_eq!(every_way(b"a\xf0\x9f\x90"), Ok(("a".into(), false)));
    assert_eq!(every_way(b"\xe2"), Ok(("".into(), false)));
}

#[test]
fn fails_at_the_first_impossible_byte() {
    for (bytes, at) in [
        (&b"\x80"[..], 0),
        (b"a\xff", 1),
        (b"\xc0\x80", 0),     // overlong: no text begins with C0
        (b"\xe0\x80\x80", 1), // overlong, shown by the second byte
        (b"\xe0\xa0a", 2),
        (b"\xed\xa0\x80", 1),     // surrogate
        (b"\xf0\x80\x80\x80", 1), // overlong
        (b"\xf4\x90\x80\x80", 1), // above U+10FFFF
        (b"\xf5\x80\x80\x80", 0),
        (b"\xf0\x9f\x90a", 3),
        (b"abc\xc3(", 4),
    ] {
        assert_eq!(every_way(bytes), Err(at), "{bytes:x?}");
    }
}

#[test]
fn says_how_many_bytes_are_missing() {
    for (bytes, missing) in [
        (&b""[..], 0),
        (b"\xc3", 1),
        (b"\xe2", 2),
        (b"\xe2\x82", 1),
        (b"\xf0", 3),
        (b"\xf0\x9f\x90", 1),
    ] {
        let mut validator = Utf8Validator::new();
        validator.push(bytes).unwrap();
        assert_eq!(validator.missing(), missing, "{bytes:x?}");
    }
}

#[test]
fn agrees_with_the_standard_library_on_all_short_sequences() {
    // Every pair of bytes, with a third that completes, breaks or begins something.
    for first in 0..=255u8 {
        for second in 0..=255u8 {
            for third in [b'a', 0x80, 0xbf, 0xc2, 0xff] {
                let bytes = [first, second, third];
                let ours = run(&[&bytes]);
                let theirs = core::str::from_utf8(&bytes);
                assert_eq!(
                    ours.is_ok_and(|(_, complete)| complete),
                    theirs.is_ok(),
                    "{bytes:x?}"
                );
                assert_eq!(
                    run(&[&bytes[..1], &bytes[1..2], &bytes[2..]]),
                    run(&[&bytes]),
                    "{bytes:x?}"
                );
            }
        }
    }
}

#[test]
fn a_validator_that_has_failed_can_still_be_asked() {
    for lead in [0xc3u8, 0xe2, 0xf0] {
        let mut validator = Utf8Validator::new();
        validator.push(&[lead]).unwrap();
        for _ in 0..300 {
            let _ = validator.push(b"a");
            assert!(validator.missing() <= 3, "{lead:x}");
        }
    }
}
