//! One side of a connection out of its segments.

use std::collections::BTreeMap;

use etherparse::TcpSlice;

/// The segments of one side, put in order.
pub(super) struct Stream {
    /// The number of its SYN.
    pub(super) began: Option<u32>,
    /// The number of the next byte.
    next: Option<u32>,
    /// What came before its turn, by its number.
    early: BTreeMap<u32, Vec<u8>>,
    /// Bytes in it.
    waits: usize,
}

impl Stream {
    pub(super) const fn new() -> Self {
        Self {
            began: None,
            next: None,
            early: BTreeMap::new(),
            waits: 0,
        }
    }

    /// Takes a segment. Returns what is in order now.
    pub(super) fn take(&mut self, segment: &TcpSlice<'_>) -> Vec<Vec<u8>> {
        let mut number = segment.sequence_number();
        if segment.syn() {
            let is_new = self.began.replace(number) != Some(number);
            number = number.wrapping_add(1);
            if is_new {
                self.next = Some(number);
            }
        }
        let payload = segment.payload();
        if payload.is_empty() {
            return Vec::new();
        }
        self.next.get_or_insert(number);
        let kept = self.early.entry(number).or_default();
        if kept.len() < payload.len() {
            self.waits += payload.len() - kept.len();
            *kept = payload.to_vec();
        }
        let mut pieces = Vec::new();
        while let Some(piece) = self.pop() {
            pieces.push(piece);
        }
        pieces
    }

    /// The next bytes, if they are here. What was sent twice is dropped.
    fn pop(&mut self) -> Option<Vec<u8>> {
        loop {
            let next = self.next?;
            let number = self.due(next)?;
            let bytes = self.early.remove(&number)?;
            self.waits -= bytes.len();
            let known = usize::try_from(next.wrapping_sub(number)).ok()?;
            if let Some(fresh) = bytes.get(known..).filter(|fresh| !fresh.is_empty()) {
                let length = u32::try_from(fresh.len()).ok()?;
                self.next = Some(next.wrapping_add(length));
                return Some(fresh.to_vec());
            }
        }
    }

    /// The oldest segment that begins at `next` or before it.
    fn due(&self, next: u32) -> Option<u32> {
        let oldest = next.wrapping_sub(HALF - 1);
        let mut found = match oldest <= next {
            true => self.early.range(oldest..=next),
            // The numbers wrap around in between.
            false => match self.early.range(oldest..).next() {
                Some((&number, _)) => return Some(number),
                None => self.early.range(..=next),
            },
        };
        found.next().map(|(&number, _)| number)
    }

    /// Bytes that came before their turn.
    pub(super) const fn waits(&self) -> usize {
        self.waits
    }
}

/// Sequence numbers wrap around: half of them lie before any number (RFC 9293 §3.4).
const HALF: u32 = 1 << 31;
