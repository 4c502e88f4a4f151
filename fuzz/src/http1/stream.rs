//! The harness of the properties of HTTP: what comes out of a stream, however it is cut.
//!
//! The tests of the codec have theirs in `holdline-http1/src/tests`, which is compiled for those tests
//! alone and cannot be used from another crate. This one sees only what is public.

use holdline_http1::{Headers, ReceiveError, ReceiveErrorKind};

use crate::cuts::Cuts;

/// What came out of a stream. Body data is joined, because its pieces follow the cuts.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Outcome {
    pub(super) items: Vec<String>,
    pub(super) error: Option<(ReceiveErrorKind, u64)>,
}

impl Outcome {
    pub(super) fn push(&mut self, item: impl Into<String>) {
        self.items.push(item.into());
    }

    pub(super) fn data(&mut self, data: &[u8]) {
        assert!(!data.is_empty());
        let text = data.escape_ascii().to_string();
        match self.items.last_mut() {
            Some(last) if last.starts_with("data ") => last.push_str(&text),
            _ => self.items.push(format!("data {text}")),
        }
    }

    fn fail(&mut self, error: &ReceiveError) {
        assert!((400..=599).contains(&error.status()), "{error}");
        assert!(error.section().starts_with("RFC "), "{error}");
        // The same buffer was given in each call: this would be a fault of ours.
        assert_ne!(error.kind(), ReceiveErrorKind::BufferMismatch);
        self.error = Some((error.kind(), error.at()));
    }
}

/// What a machine says to the bytes that it was given.
pub(super) enum Next {
    Item,
    /// They are used up.
    Drained,
    /// It takes nothing any more.
    Stop,
}

/// One that takes the bytes of a stream piece by piece.
pub(super) trait Machine {
    /// Takes one item, and notes it in the outcome.
    fn next(&mut self, input: &mut &[u8], outcome: &mut Outcome) -> Result<Next, ReceiveError>;

    /// The stream has ended.
    fn eof(&mut self, _: &mut Outcome) -> Result<(), ReceiveError> {
        Ok(())
    }

    /// The peer broke a rule.
    fn failed(&mut self, _: &ReceiveError) {}
}

/// Gives the pieces to a machine, until it stops.
pub(super) fn feed<'a>(
    machine: &mut impl Machine,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> Outcome {
    let mut outcome = Outcome::default();
    match run(machine, pieces, &mut outcome) {
        Ok(()) => {}
        Err(error) => {
            outcome.fail(&error);
            machine.failed(&error);
        }
    }
    outcome
}

fn run<'a>(
    machine: &mut impl Machine,
    pieces: impl Iterator<Item = &'a [u8]>,
    outcome: &mut Outcome,
) -> Result<(), ReceiveError> {
    for piece in pieces {
        let mut input = piece;
        loop {
            match machine.next(&mut input, outcome) {
                Ok(Next::Item) => {}
                Ok(Next::Drained) => {
                    assert!(input.is_empty(), "the drain law");
                    break;
                }
                Ok(Next::Stop) => return Ok(()),
                Err(error) => {
                    assert!(input.is_empty(), "an error takes the whole input");
                    return Err(error);
                }
            }
        }
    }
    machine.eof(outcome)
}

/// The machine and what came out of it, which is the same whole, cut as `seed` says, and byte by byte.
pub(super) fn however_cut<M: Machine>(
    machine: impl Fn() -> M,
    stream: &[u8],
    seed: u8,
) -> [(M, Outcome); 3] {
    let ways: [&mut dyn Iterator<Item = &[u8]>; 3] = [
        &mut std::iter::once(stream),
        &mut Cuts::new(stream, seed),
        &mut stream.chunks(1),
    ];
    let all = ways.map(|pieces| {
        let mut machine = machine();
        let outcome = feed(&mut machine, pieces);
        (machine, outcome)
    });
    assert_eq!(all[0].1, all[1].1, "cut by seed {seed}");
    assert_eq!(all[0].1, all[2].1, "byte by byte");
    all
}

pub(super) fn fields(headers: Headers<'_>) -> String {
    let line = |(name, value): (&str, &[u8])| format!(" {name}={}", value.escape_ascii());
    headers.iter().map(line).collect()
}
