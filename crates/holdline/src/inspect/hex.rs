//! Hex dumps, as the usual tools print them.

mod columns;

use std::iter::Peekable;
use std::str::Lines;

/// What a dump holds: its bytes, cut where the offsets began at 0 again. A dump of packets has one piece for each.
///
/// # Errors
///
/// Which line is none of a dump.
pub(crate) fn parse(text: &str) -> Result<Vec<Vec<u8>>, String> {
    parse_within(text, LONGEST)
}

/// The same of a dump in which all `*` together stand for at most so many bytes.
///
/// # Errors
///
/// As there.
pub(crate) fn parse_within(text: &str, longest: usize) -> Result<Vec<Vec<u8>>, String> {
    let mut dump = Dump {
        left: longest,
        pieces: vec![Vec::new()],
        row: Vec::new(),
    };
    let mut lines = text.lines().peekable();
    let mut number = 0;
    while let Some(line) = lines.next() {
        number += 1;
        dump.line(line, &mut lines)
            .map_err(|problem| format!("line {number} of the dump: {problem}"))?;
    }
    dump.pieces.retain(|piece| !piece.is_empty());
    Ok(dump.pieces)
}

/// Whether a text is meant as a dump, right or wrong: its first row begins with the offset 0.
pub(crate) fn is_meant(text: &str) -> bool {
    let is_row = |line: &&str| !line.trim().is_empty() && !is_packet_summary(line);
    let first = text.lines().find(is_row);
    first
        .and_then(|line| offset(line, false))
        .is_some_and(|(at, _)| at == 0)
}

struct Dump {
    /// Bytes that `*` may still stand for.
    left: usize,
    pieces: Vec<Vec<u8>>,
    /// The last row that had an offset.
    row: Vec<u8>,
}

impl Dump {
    fn line(&mut self, line: &str, next: &mut Peekable<Lines<'_>>) -> Result<(), String> {
        let line = line.trim_end();
        if line.trim_start() == "*" {
            return self.repeat(next.peek().copied());
        }
        if is_packet_summary(line) {
            return Ok(());
        }
        let has_offsets = !self.row.is_empty();
        match offset(line, has_offsets) {
            Some((at, rest)) => self.row(at, rest),
            None => {
                let line = line.split('#').next().unwrap_or_default();
                let bytes = plain(line)?;
                self.piece().extend(bytes);
                Ok(())
            }
        }
    }

    fn row(&mut self, at: usize, rest: &str) -> Result<(), String> {
        if at == 0 && !self.piece().is_empty() {
            self.pieces.push(Vec::new());
        }
        let have = self.piece().len();
        if at != have {
            return Err(format!(
                "its offset is {at:#x}, but {have:#x} bytes came before it: a row is missing"
            ));
        }
        let bytes = columns::bytes_of(rest)?;
        self.piece().extend(&bytes);
        self.row = bytes;
        Ok(())
    }

    /// `*` stands for rows that are like the one before, up to the next offset.
    fn repeat(&mut self, next: Option<&str>) -> Result<(), String> {
        let have = self.piece().len();
        let until = next.and_then(any_offset).map(|(at, _)| at);
        let until = until.filter(|&until| until >= have && until - have <= self.left);
        match until {
            Some(until) if !self.row.is_empty() => {
                let row = self.row.clone();
                self.left -= until - have;
                let missing = row.iter().cycle().take(until - have);
                self.piece().extend(missing);
                Ok(())
            }
            _ => Err("`*` stands between rows with offsets".to_owned()),
        }
    }

    fn piece(&mut self) -> &mut Vec<u8> {
        if self.pieces.is_empty() {
            self.pieces.push(Vec::new());
        }
        let last = self.pieces.len() - 1;
        &mut self.pieces[last]
    }
}

/// The line above a packet of tcpdump: a time, or a protocol's name.
fn is_packet_summary(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_time =
        |word: &str| word.len() > 7 && word.as_bytes().get(2) == Some(&b':') && word.contains('.');
    let first = words.next().unwrap_or_default();
    is_time(first) || matches!(first, "IP" | "IP6") || is_time(words.next().unwrap_or_default())
}

/// The offset at the beginning of a row, and the rest of it. An offset without a colon must be followed by a byte, or end
/// a dump that has offsets: otherwise it may be bytes.
fn offset(line: &str, has_offsets: bool) -> Option<(usize, &str)> {
    let (at, rest) = any_offset(line)?;
    let colon = line.split_whitespace().next()?.ends_with(':');
    let is_offset = match rest.split_whitespace().next() {
        Some(word) => word.len() == 2,
        None => has_offsets && at > 0,
    };
    (colon || is_offset).then_some((at, rest))
}

/// A number of at least four hexadecimal digits, with a colon or white space after it.
fn any_offset(line: &str) -> Option<(usize, &str)> {
    let line = line.trim_start();
    let (word, rest) = line.split_at(line.find(char::is_whitespace).unwrap_or(line.len()));
    let (digits, shortest) = match word.strip_suffix(':') {
        Some(digits) => (digits.trim_start_matches("0x"), 4),
        None => (word, 6),
    };
    let is_offset = digits.len() >= shortest && digits.len() <= 16;
    let at = usize::from_str_radix(digits, 16)
        .ok()
        .filter(|_| is_offset)?;
    Some((at, rest))
}

/// Digits in pairs, with white space, commas, colons, `0x` or `\x` between them.
fn plain(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let apart =
        |c: char| c.is_whitespace() || matches!(c, ',' | ':' | ';' | '{' | '}' | '\\' | '"');
    for word in text.split(apart).filter(|word| !word.is_empty()) {
        let word = word
            .strip_prefix("0x")
            .or(word.strip_prefix('x'))
            .unwrap_or(word);
        if word.len() % 2 != 0 || !word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let short: String = word.chars().take(20).collect();
            return Err(format!("`{short}` is not pairs of hexadecimal digits"));
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
        let pairs = word.as_bytes().chunks(2);
        bytes.extend(pairs.map(|pair| pair.iter().fold(0, |byte, &next| byte << 4 | digit(next))));
    }
    Ok(bytes)
}

/// The longest dump that is read, in bytes of its text and in what it stands for.
pub(super) const LONGEST: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: &[u8] =
        b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x88\x82\x00\x00\x00\x00\x03\xe8";

    #[test]
    fn the_usual_tools_are_understood() {
        for dump in [
            // xxd
            "00000000: 8185 37fa 213d 7f9f 4d51 5888 8200 0000  ..7.!=..MQX.....\n\
             00000010: 0003 e8                                  ...\n",
            // xxd -g1 -c8
            "00000000: 81 85 37 fa 21 3d 7f 9f  ..7.!=..\n00000008: 4d 51 58 88 82 00 00 00  MQX.....\n\
             00000010: 00 03 e8                 ...\n",
            // xxd -p, and upper case
            "818537fa213d7f9f4d5158888200000000\n03E8\n",
            // hexdump -C
            "00000000  81 85 37 fa 21 3d 7f 9f  4d 51 58 88 82 00 00 00  |..7.!=..MQX.....|\n\
             00000010  00 03 e8                                          |...|\n00000013\n",
            // od -A x -t x1
            "000000 81 85 37 fa 21 3d 7f 9f 4d 51 58 88 82 00 00 00\n000010 00 03 e8\n000013\n",
            // tcpdump's columns
            "\t0x0000:  8185 37fa 213d 7f9f 4d51 5888 8200 0000  ..7.!=..MQX.....\n\t0x0010:  0003 e8  ...\n",
            // C, a shell, and a person
            "0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,\n{0x88, 0x82, 0, }",
            r"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x88\x82\x00\x00\x00\x00\x03\xe8",
            "81 85 # a text\n37:fa:21:3d # the key\n7f 9f 4d 51 58\n88 82 00000000 03e8\n",
        ] {
            let parsed = parse(dump);
            if dump.contains(" 0, }") {
                assert!(parsed.is_err(), "a single digit is no byte");
                continue;
            }
            assert_eq!(parsed.as_deref(), Ok(&[FRAME.to_vec()][..]), "{dump}");
        }
    }

    #[test]
    fn digits_that_could_be_an_offset_are_bytes_where_no_row_has_one() {
        for (text, bytes) in [
            ("810548\n656c6c6f\n", &b"\x81\x05Hello"[..]),
            ("8105\n000002\n", b"\x81\x05\0\0\x02"),
        ] {
            assert_eq!(parse(text), Ok(vec![bytes.to_vec()]), "{text}");
        }
        // Where rows have offsets, the last one tells that a row is missing.
        let problem = parse("00000000  81 00  |..|\n00000012\n").unwrap_err();
        assert!(
            problem.starts_with("line 2 of the dump: its offset is 0x12"),
            "{problem}"
        );
    }

    #[test]
    fn a_dump_with_a_mistake_is_still_meant_as_one() {
        for (text, meant) in [
            ("00000000: 8185 37\n0000001", true),
            ("\n12:00:00.000001 IP a > b\n\t0x0000:  4500 0x", true),
            ("00000000  81 8", true),
            ("00000010: 8185", false),
            ("8185", false),
            ("GET / HTTP/1.1", false),
            ("", false),
        ] {
            assert_eq!(is_meant(text), meant, "{text}");
        }
    }

    #[test]
    fn a_star_stands_for_rows_that_repeat() {
        let dump = "00000000  82 7e 00 70 61 61 61 61  61 61 61 61 61 61 61 61  |.~.paaaaaaaaaaaa|\n\
                    00000010  61 61 61 61 61 61 61 61  61 61 61 61 61 61 61 61  |aaaaaaaaaaaaaaaa|\n\
                    *\n00000070  61 61 61 61                                       |aaaa|\n00000074\n";
        let mut expected = b"\x82\x7e\x00\x70".to_vec();
        expected.extend([b'a'; 112]);
        assert_eq!(parse(dump), Ok(vec![expected]));
    }

    #[test]
    fn all_stars_together_have_a_limit() {
        let dump = "00000000 00\n*\n00000010 01\n00000000 00\n*\n00000010 01\n";
        assert_eq!(parse_within(dump, 30).unwrap().concat().len(), 34);
        let problem = parse_within(dump, 29).unwrap_err();
        assert!(problem.starts_with("line 5 of the dump: `*`"), "{problem}");
    }

    #[test]
    fn packets_are_pieces() {
        let dump = "12:00:00.000001 IP 127.0.0.1.5 > 127.0.0.1.80: Flags [P.]\n\t0x0000:  4500 01  E..\n\
                    2026-01-01 12:00:00.000002 IP 127.0.0.1.80 > 127.0.0.1.5: Flags [P.]\n\t0x0000:  4500 02  E..\n";
        assert_eq!(
            parse(dump),
            Ok(vec![b"\x45\x00\x01".to_vec(), b"\x45\x00\x02".to_vec()])
        );
    }

    #[test]
    fn what_is_no_dump_is_refused_with_its_line() {
        for (dump, words) in [
            ("81 85\nHello", "line 2 of the dump: `Hello` is not pairs"),
            ("81 8", "line 1 of the dump: `8` is not pairs"),
            (
                "00000000: 8185\n00000010: 37fa",
                "line 2 of the dump: its offset is 0x10",
            ),
            ("*\n00000010: 00", "line 1 of the dump: `*`"),
            (
                "00000000: 00\n*\nffffffffffffff: 00",
                "line 2 of the dump: `*`",
            ),
        ] {
            let problem = parse(dump).unwrap_err();
            assert!(problem.starts_with(words), "{dump}: {problem}");
        }
        assert_eq!(parse(""), Ok(vec![]));
    }
}
