//! Valid streams with random damage: the output must not depend on how they are cut.

use super::*;

#[test]
fn damaged_streams_look_the_same_however_they_are_cut() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..ROUNDS {
        for (case, seeds) in &corpus() {
            let bytes = random.damage(seeds);
            let (_, ended) = case.with_chunks(&bytes, [1, 2, 3, 7]);
            if round % 4 == 0 {
                explain(case, &bytes, &ended);
            }
        }
    }
}

/// `--explain` gives the same verdict, and shows every byte up to it.
fn explain(case: &Case, bytes: &[u8], expected: &Ended) {
    let (output, ended) = case.clone().explained().with_chunks(bytes, [1, 2, 3, 7]);
    assert_eq!(ended.fault, expected.fault, "{}", bytes.escape_ascii());
    assert!(!output.contains(|c: char| c.is_control() && c != '\n'));
    let shown = super::explain::shown(&output);
    assert!(bytes.starts_with(&shown), "{output}");
    if !output.contains("not looked at") && !ended.fault {
        assert_eq!(shown.len(), bytes.len(), "{output}");
    }
}

fn corpus() -> Vec<(Case, Vec<Vec<u8>>)> {
    let requests = [
        &b"GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n"[..],
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nh\xc3\xa9ll",
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
          4;x=\"y\"\r\na\xe2\x82\xac\r\n3\r\nb\xc3\xa9\r\n0\r\nX-Sum: 1\r\n\r\n",
        b"\r\nGET http://a/ HTTP/1.0\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n\r\n",
    ];
    let responses = [
        &b"HTTP/1.1 100 Continue\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na\xff\r",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\xc3\xa9\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nDate: x\r\n\r\n",
        b"HTTP/1.0 200\r\n\r\nto the end\xe2\x82",
    ];
    let events = [
        &b"\xef\xbb\xbfdata: a\n\n"[..],
        b": comment \xff\r\nid: 1\r\nevent: b\r\ndata: \xe2\x82\xac\r\n\r\n",
        b"retry: 100\rdata\r\rid\n\n",
        b"data:a\ndata: b\nid: x\0\n\nfoo: bar\n",
    ];
    let frames = [
        masked(0x81, "Hello, €".as_bytes()),
        masked(0x01, b"\xe2\x82"),
        masked(0x89, b"ping"),
        masked(0x80, b"\xac"),
        masked(0x82, &[0xff; 70]),
        masked(0x88, b"\x03\xe8bye"),
    ];
    let unmasked = [
        &b"\x81\x05Hello"[..],
        b"\x02\x03abc\x80\x00",
        b"\x82\x7e\x00\x80",
        b"\x8a\x02ok",
        b"\x88\x02\x03\xe9",
    ];
    let own = |seeds: &[&[u8]]| seeds.iter().map(|seed| seed.to_vec()).collect();
    vec![
        (REQUESTS, own(&requests)),
        (RESPONSES, own(&responses)),
        (EVENTS, own(&events)),
        (FRAMES, frames.to_vec()),
        (UNMASKED, own(&unmasked)),
    ]
}

/// A xorshift generator, so that every run does the same damage.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("small")
    }

    fn damage(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..=self.below(4) {
            bytes.extend(&seeds[self.below(seeds.len())]);
        }
        for _ in 0..self.below(4) {
            if bytes.is_empty() {
                break;
            }
            let at = self.below(bytes.len());
            match self.below(4) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"\r\n :;0\x00\xff"[self.below(8)]),
                _ => bytes.truncate(at + 1),
            }
        }
        bytes
    }
}

const ROUNDS: usize = 300;
