//! What it costs when a stream arrives in small pieces: `cargo bench -p holdline-sse`.
//!
//! Each line is the best of many rounds, and how many times the first of its group it took. The
//! first of a group is never joined; compare the others with 64 KiB, which must be joined too.

use std::hint::black_box;
use std::time::{Duration, Instant};

use holdline_sse::{Buffer, Decoder, Item};

fn main() {
    let line = [&b"data: "[..], &[b'x'; 1 << 20], b"\n\n"].concat();
    println!("one data line of 1 MiB");
    compare(&line, &[line.len(), 1 << 16, 1460, 64, 16, 1]);

    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut tokens = Vec::new();
    for index in 0..4000 {
        let text = "y".repeat(20 + random.below(400));
        let event = format!("event: delta\ndata: {{\"index\":{index},\"text\":\"{text}\"}}\n\n");
        tokens.extend_from_slice(event.as_bytes());
    }
    println!("4000 token events, {} bytes", tokens.len());
    let whole = compare(&tokens, &[tokens.len(), 1 << 16, 1460, 64, 16, 1]);
    let mut pieces = Vec::new();
    let mut rest = &tokens[..];
    while !rest.is_empty() {
        let (piece, after) = rest.split_at((1 + random.below(100)).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    show("1 to 100", best(|| decode(pieces.iter().copied())), whole);
}

fn compare(stream: &[u8], sizes: &[usize]) -> Duration {
    let mut first = None;
    for size in sizes {
        let time = best(|| decode(stream.chunks(*size)));
        let first = *first.get_or_insert(time);
        show(&size.to_string(), time, first);
    }
    first.unwrap_or_default()
}

fn show(size: &str, time: Duration, first: Duration) {
    let ratio = time.as_secs_f64() / first.as_secs_f64();
    println!("  pieces of {size:>8} bytes: {time:>12.1?} {ratio:>6.1}");
}

fn decode<'s>(pieces: impl Iterator<Item = &'s [u8]>) -> usize {
    let mut decoder = Decoder::default();
    let mut buffer = Buffer::new();
    let mut len = 0;
    for mut piece in pieces {
        while let Ok(Some(item)) = decoder.decode(&mut piece, &mut buffer) {
            if let Item::Event(event) = item {
                len += event.data.len();
            }
        }
    }
    len
}

/// The least time of one round, from as many rounds as half a second has room for.
fn best(mut round: impl FnMut() -> usize) -> Duration {
    let begin = Instant::now();
    let mut best = Duration::MAX;
    while begin.elapsed() < Duration::from_millis(500) {
        let start = Instant::now();
        black_box(round());
        best = best.min(start.elapsed());
    }
    best
}

/// A small generator (xorshift): every run measures the same stream.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }
}
