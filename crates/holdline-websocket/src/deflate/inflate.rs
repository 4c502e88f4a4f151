//! The receiving half: inflates a message as it comes.

use alloc::{boxed::Box, collections::VecDeque, vec, vec::Vec};

use flate2::{Decompress, FlushDecompress, Status};

use super::{Deflate, TAIL};
use crate::message::Role;

/// How many bytes are inflated in one step. Two bits can stand for 258 bytes, and the library may hold
/// eight bytes back, so a step gives at most (22 + 8) * 4 * 258 bytes: less than [`SCRATCH`]. So nothing is
/// left within the library after a step, and what it gave before an error is never lost.
pub(crate) const STEP: usize = 22;
const SCRATCH: usize = 32 << 10;

/// A message may have this many blocks with BFINAL, and after that one for each [`BLOCK`] bytes.
const MANY: u64 = 64;
const BLOCK: u64 = 64;

const END_SIZE: usize = 9;

/// What comes after the last byte of a message: the tail that its sender left off, and then a last block, by
/// which the library says that the data did not end in the middle of something.
const END: [u8; END_SIZE] = [
    TAIL[0], TAIL[1], TAIL[2], TAIL[3], 0x01, 0x00, 0x00, 0xff, 0xff,
];

/// Inflates the messages of one peer. Between messages only the window is kept, and only with takeover.
#[derive(Debug)]
pub(crate) struct Inflater {
    /// The last bytes that were inflated, at most `window`.
    history: VecDeque<u8>,
    window: usize,
    takeover: bool,
    /// The message under way, when it is compressed.
    stream: Option<Box<Stream>>,
    /// Where that message began.
    pub(crate) at: u64,
    /// How many more bytes it may have, inflated.
    pub(crate) left: u64,
}

#[derive(Debug)]
struct Stream {
    /// `None`: nothing has come yet, or a block with BFINAL has ended and nothing follows it yet.
    library: Option<Decompress>,
    scratch: Vec<u8>,
    /// How many bytes it took.
    read: u64,
    /// How often the library began anew.
    begun: u64,
    /// How much of [`END`] was read.
    end_read: usize,
}

/// What one step gave.
pub(crate) struct Inflated<'a> {
    /// How many bytes of the input it took.
    pub(crate) used: usize,
    pub(crate) output: &'a [u8],
    /// What comes after `output` is not DEFLATE.
    pub(crate) failed: bool,
}

impl Inflater {
    pub(crate) fn new(deflate: &Deflate, sender: Role) -> Self {
        let direction = deflate.direction(sender);
        Self {
            history: VecDeque::new(),
            window: direction.window(),
            takeover: direction.takeover,
            stream: None,
            at: 0,
            left: 0,
        }
    }

    /// Whether the message under way is compressed.
    pub(crate) const fn is_active(&self) -> bool {
        self.stream.is_some()
    }

    /// A compressed message begins at byte `at` of the stream.
    pub(crate) fn begin(&mut self, at: u64, limit: u64) {
        self.at = at;
        self.left = limit;
        self.stream = Some(Box::new(Stream {
            library: None,
            scratch: vec![0; SCRATCH],
            read: 0,
            begun: 0,
            end_read: 0,
        }));
    }

    /// Inflates the next bytes of the message, at most [`STEP`] of them.
    pub(crate) fn inflate(&mut self, input: &[u8]) -> Inflated<'_> {
        let Some(stream) = &mut self.stream else {
            return Inflated {
                used: 0,
                output: &[],
                failed: true,
            };
        };
        let (used, produced, failed) = stream.step(&self.history, input);
        let output = stream.scratch.get(..produced).unwrap_or_default();
        remember(&mut self.history, self.window, output);
        Inflated {
            used,
            output,
            failed,
        }
    }

    /// Like [`inflate`](Self::inflate), for what comes after the last byte of the message. `None`: that was
    /// all; the message is over.
    pub(crate) fn inflate_end(&mut self) -> Option<Inflated<'_>> {
        // A sender that ends its message with BFINAL has to add an empty block (§7.2.3.4), and an empty message
        // has one byte (§7.2.3.6). Some leave that out, and nothing else could be meant.
        let over =
            |stream: &Stream| matches!(stream.end_read, 0 | END_SIZE) && stream.library.is_none();
        if self.stream.as_deref().is_none_or(over) {
            self.stream = None;
            if !self.takeover {
                self.history = VecDeque::new();
            }
            return None;
        }
        let stream = self.stream.as_mut()?;
        let rest = END.get(stream.end_read..).unwrap_or_default();
        let (used, produced, failed) = stream.step(&self.history, rest);
        stream.end_read += used;
        let cut_short = stream.end_read == END_SIZE && stream.library.is_some();
        let output = stream.scratch.get(..produced).unwrap_or_default();
        remember(&mut self.history, self.window, output);
        Some(Inflated {
            used,
            output,
            failed: failed || cut_short,
        })
    }
}

impl Stream {
    /// How many bytes it took and gave, and whether it failed after them.
    fn step(&mut self, history: &VecDeque<u8>, input: &[u8]) -> (usize, usize, bool) {
        if input.is_empty() {
            return (0, 0, false);
        }
        if self.library.is_none() {
            // To begin costs as much as to inflate a window, and two bytes are a block with BFINAL.
            if self.begun * BLOCK > MANY * BLOCK + self.read {
                return (0, 0, true);
            }
            self.begun += 1;
        }
        // BFINAL ends the library's stream, but neither the message nor the window (§7.2.2).
        let scratch = &mut self.scratch;
        let library = self.library.get_or_insert_with(|| primed(history, scratch));
        let (mut used, mut produced) = (0, 0);
        loop {
            let input = input.get(used..).unwrap_or_default();
            let space = scratch.get_mut(produced..).unwrap_or_default();
            let before = (library.total_in(), library.total_out());
            let status = library.decompress(input, space, FlushDecompress::None);
            let took = (library.total_in() - before.0) as usize;
            let gave = (library.total_out() - before.1) as usize;
            used += took;
            self.read += took as u64;
            produced += gave;
            match status {
                Err(_) => return (used, produced, true),
                Ok(Status::StreamEnd) => {
                    self.library = None;
                    return (used, produced, false);
                }
                Ok(_) if took == 0 && gave == 0 => {
                    return (used, produced, used == 0 && !input.is_empty());
                }
                Ok(_) => {}
            }
        }
    }
}

/// A new stream that knows the window. The library has no way to be told, so it reads a stored block.
fn primed(history: &VecDeque<u8>, scratch: &mut [u8]) -> Decompress {
    let mut library = Decompress::new(false);
    if history.is_empty() {
        return library;
    }
    // At most 2^15.
    let [low, high] = (history.len() as u16).to_le_bytes();
    let (one, two) = history.as_slices();
    for part in [&[0x00, low, high, !low, !high][..], one, two] {
        let mut rest = part;
        while !rest.is_empty() {
            let before = library.total_in();
            let done = library.decompress(rest, scratch, FlushDecompress::None);
            let took = (library.total_in() - before) as usize;
            rest = rest.get(took..).unwrap_or_default();
            if done.is_err() || took == 0 {
                break;
            }
        }
    }
    // What the library still holds is taken out, too.
    while matches!(
        library.decompress(&[], scratch, FlushDecompress::None),
        Ok(Status::Ok)
    ) {}
    library
}

fn remember(history: &mut VecDeque<u8>, window: usize, output: &[u8]) {
    let skipped = output.len().saturating_sub(window);
    let output = output.get(skipped..).unwrap_or_default();
    let excess = (history.len() + output.len()).saturating_sub(window);
    history.drain(..excess);
    history.extend(output);
}
