//! Writes the corpus: some hundred small meaningful inputs for each target, always the same ones.
//!
//! ```text
//! cargo run -p holdline-fuzz --example corpus
//! ```
//!
//! It replaces the files called `made-…` in `fuzz/corpus`, and leaves what a fuzzer found and what was written by hand.

mod comet;
mod dice;
mod http1;
mod scripts;
mod sse;
mod websocket;

use std::fs;
use std::io;
use std::path::Path;

/// The inputs of one target.
type Inputs = Vec<Vec<u8>>;

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let (mut files, mut bytes) = (0, 0);
    for (target, inputs) in all() {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("made-") {
                fs::remove_file(entry.path())?;
            }
        }
        for (at, input) in inputs.iter().enumerate() {
            fs::write(folder.join(format!("made-{at:03}")), input)?;
            bytes += input.len();
        }
        println!("{target}: {}", inputs.len());
        files += inputs.len();
    }
    println!("{files} files, {bytes} bytes");
    Ok(())
}

fn all() -> Vec<(&'static str, Inputs)> {
    vec![
        ("http1_request", http1::requests(100)),
        ("http1_response", http1::responses(100)),
        ("http1_chunked", http1::chunks(60)),
        ("http1_lenient", http1::responses(60)),
        ("http1_server", http1::requests(60)),
        ("http1_exchange", http1::exchanges(30)),
        ("http1_hyper", http1::either(100)),
        ("http1_session", scripts::scripts(60, 8, 60_000)),
        ("sse_decoder", sse::streams(100)),
        ("sse_round_trip", sse::fields(40)),
        ("sse_session", scripts::scripts(100, 12, 60_000)),
        ("sse_client", sse::networks(60)),
        ("websocket_frames", websocket::frames(100)),
        ("websocket_session", scripts::scripts(100, 12, 80_000)),
        ("websocket_handshake", websocket::handshakes(60)),
        ("websocket_stated", scripts::scripts(100, 12, 40_000)),
        ("websocket_deflate", websocket::compressed(60)),
        ("websocket_zlib", scripts::scripts(120, 10, 80_000)),
        ("websocket_hixie76", websocket::hixie76(40)),
        ("comet", comet::texts(60)),
    ]
}
