//! A case, its contestants, and what takes their results.

use std::fmt;
use std::hint::black_box;

use crate::BLOCK;

/// The same work for several contestants.
pub struct Case {
    /// What is measured, such as `WebSocket decode`.
    pub group: &'static str,
    /// The input, such as `binary 16 B`.
    pub name: String,
    /// How many items one run handles; times are given per item.
    pub items: u64,
    make: Box<dyn Fn() -> Vec<Contestant>>,
    decode: Option<fn(&[u8], &mut Digest)>,
}

impl Case {
    /// A case whose input is made when it is needed.
    pub fn new(
        group: &'static str,
        name: impl Into<String>,
        items: u64,
        make: impl Fn() -> Vec<Contestant> + 'static,
    ) -> Self {
        Self {
            group,
            name: name.into(),
            items,
            make: Box::new(make),
            decode: None,
        }
    }

    /// For encoders: what `decode` makes of the bytes that they wrote is compared, since there are many ways
    /// to write the same.
    #[must_use]
    pub fn written(mut self, decode: fn(&[u8], &mut Digest)) -> Self {
        self.decode = Some(decode);
        self
    }

    /// What came out of this contestant.
    #[must_use]
    pub fn digest(&self, contestant: &Contestant) -> Digest {
        let mut digest = Digest::default();
        (contestant.check)(&mut digest);
        if let Some(decode) = self.decode {
            let written = std::mem::take(&mut digest.written);
            decode(&written, &mut digest);
        }
        digest
    }

    /// The contestants, ours first, with their input.
    #[must_use]
    pub fn contestants(&self) -> Vec<Contestant> {
        (self.make)()
    }

    /// `group/name`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.group, self.name)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.id()).finish()
    }
}

/// One way to do the work of a case.
pub struct Contestant {
    /// The crate, or what a floor does.
    pub name: &'static str,
    check: Box<dyn Fn(&mut Digest)>,
    time: Box<dyn Fn(&mut Tally)>,
}

impl Contestant {
    /// The same function twice: compiled for the check and for the timing. The macro
    /// [`contestants`](crate::contestants) writes it.
    pub fn new(
        name: &'static str,
        check: impl Fn(&mut Digest) + 'static,
        time: impl Fn(&mut Tally) + 'static,
    ) -> Self {
        Self {
            name,
            check: Box::new(check),
            time: Box::new(time),
        }
    }

    /// Does the work to be timed.
    pub fn run(&self, tally: &mut Tally) {
        (self.time)(tally);
    }
}

impl fmt::Debug for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Contestant").field(&self.name).finish()
    }
}

/// Contestants over one input: `contestants![input; "name" => function, …]`, where each function is
/// `fn(&Input, &mut impl Sink)`.
#[macro_export]
macro_rules! contestants {
    ($input:expr; $($name:expr => $run:path),+ $(,)?) => {{
        let input = std::rc::Rc::new($input);
        vec![$({
            let (checked, timed) = (std::rc::Rc::clone(&input), std::rc::Rc::clone(&input));
            $crate::Contestant::new(
                $name,
                move |sink: &mut $crate::Digest| $run(&checked, sink),
                move |sink: &mut $crate::Tally| $run(&timed, sink),
            )
        }),+]
    }};
}

/// Takes what a contestant produces.
pub trait Sink {
    /// Whether this is the check: then a contestant also shows what is there for whoever asks, but would take
    /// time to visit.
    const CHECKS: bool;

    /// A part of an item; `last` ends the item.
    fn part(&mut self, data: &[u8], last: bool);

    /// A whole item.
    fn item(&mut self, data: &[u8]) {
        self.part(data, true);
    }

    /// Bytes that are ready to be sent. They are copied, as a system call would.
    fn write(&mut self, bytes: &[u8]);
}

/// What was produced: equal for two contestants exactly when (but for a collision) their items are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The number of items.
    pub items: u64,
    /// The length of all items, in bytes.
    pub bytes: u64,
    /// A hash of the bytes and of where items end (FNV-1a).
    pub hash: u64,
    written: Vec<u8>,
}

impl Default for Digest {
    fn default() -> Self {
        Self {
            items: 0,
            bytes: 0,
            hash: 0xcbf2_9ce4_8422_2325,
            written: Vec::new(),
        }
    }
}

impl Digest {
    fn mix(&mut self, value: u64) {
        self.hash = (self.hash ^ value).wrapping_mul(0x0100_0000_01b3);
    }
}

impl Sink for Digest {
    const CHECKS: bool = true;

    fn part(&mut self, data: &[u8], last: bool) {
        self.bytes += data.len() as u64;
        for &byte in data {
            self.mix(byte.into());
        }
        if last {
            self.items += 1;
            self.mix(0x100 + self.bytes);
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.written.extend_from_slice(bytes);
    }
}

/// Counts items, copies what is written, and keeps the compiler from leaving out what made them.
#[derive(Clone, Debug)]
pub struct Tally {
    items: u64,
    socket: Vec<u8>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            items: 0,
            socket: vec![0; BLOCK],
        }
    }
}

impl Sink for Tally {
    const CHECKS: bool = false;

    #[inline]
    fn part(&mut self, data: &[u8], last: bool) {
        self.items += u64::from(last);
        black_box(data);
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(self.socket.len()) {
            self.socket[..chunk.len()].copy_from_slice(chunk);
        }
        black_box(&mut self.socket);
    }
}
