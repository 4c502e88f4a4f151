//! Bytes of a protocol that is not known here: shown, and not explained.

use std::io;

use crate::inspect::explain::page::{Ink, Meaning, Page};
use crate::inspect::explain::{Annotator, quote};
use crate::inspect::item::Stop;
use crate::inspect::talk::{Change, Talk};

#[derive(Debug)]
pub(super) struct Bytes {
    name: String,
    begun: bool,
}

impl Bytes {
    pub(super) const fn new(name: String) -> Self {
        Self { name, begun: false }
    }
}

impl Annotator for Bytes {
    fn byte(
        &mut self,
        at: u64,
        byte: u8,
        _: &mut Talk,
        page: &mut Page<'_>,
    ) -> Result<Option<Change>, Stop> {
        if !std::mem::replace(&mut self.begun, true) {
            let words = format!(
                "bytes of another protocol, {}: not explained",
                quote(self.name.as_bytes())
            );
            page.begin(at, Ink::Payload, Meaning::new(&words, "RFC 9110 §7.8"))?;
        }
        page.push(byte)?;
        Ok(None)
    }

    fn eof(&mut self, page: &mut Page<'_>) -> Result<(), Stop> {
        Ok(page.finish()?)
    }

    fn unfinished(&mut self, page: &mut Page<'_>) -> io::Result<()> {
        page.finish()
    }
}
