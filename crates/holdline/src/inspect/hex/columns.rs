//! The columns of a row: bytes in pairs, and the same bytes again as text beside them.

use super::plain;

/// The bytes of a row that had an offset, without the text on its right.
///
/// Tools put two spaces before that text. But some put two spaces after eight bytes as well, and the text may itself
/// hold spaces, bars and pairs of digits. So the text is known by what it says: the same bytes.
///
/// # Errors
///
/// Which word is no byte, or why the bytes are not in their order.
pub(super) fn bytes_of(row: &str) -> Result<Vec<u8>, String> {
    let row = row.trim();
    let splits: Vec<Split<'_>> = gaps(row)
        .take(MOST_GAPS)
        .filter_map(|gap| Split::at(row, gap))
        .collect();
    if let Some(split) = splits.iter().find(|split| split.is_text_of(&split.bytes)) {
        return Ok(split.bytes.clone());
    }
    if let Some(problem) = splits.iter().find_map(Split::order) {
        return Err(problem.to_owned());
    }
    // A text that says something else: somebody edited the bytes, or there is none and the row only has gaps.
    let whole = plain(row);
    let is_text = |split: &&Split<'_>| match whole {
        Ok(_) => split.is_as_long_as_its_text() && !split.text.contains(' '),
        Err(_) => split.text.chars().count() <= split.bytes.len() + DELIMITERS,
    };
    match splits.iter().find(is_text) {
        Some(split) => Ok(split.bytes.clone()),
        None => whole,
    }
}

/// Where the bytes may end: before two spaces, or before the bar that some tools put around the text.
fn gaps(row: &str) -> impl Iterator<Item = usize> {
    let places = row.as_bytes().windows(3).enumerate();
    places.filter_map(|(before, signs)| match signs {
        [b' ', ..] => None,
        [_, b' ', b' ' | b'|'] => Some(before + 1),
        _ => None,
    })
}

/// A row that is cut in two.
struct Split<'a> {
    /// The bytes as they are written.
    left: &'a str,
    bytes: Vec<u8>,
    text: &'a str,
}

impl<'a> Split<'a> {
    /// `None`: what is before the gap are no bytes.
    fn at(row: &'a str, gap: usize) -> Option<Self> {
        let (left, right) = row.split_at_checked(gap)?;
        let text = right.trim();
        let fits = text.len() <= LONGEST_TEXT;
        let bytes = fits.then(|| plain(left).ok()).flatten()?;
        Some(Self { left, bytes, text })
    }

    /// The text as it stands, and without the signs around it.
    fn texts(&self) -> impl Iterator<Item = &'a str> {
        let around = [('|', '|'), ('>', '<')];
        let inner = around.map(|(start, end)| self.text.strip_prefix(start)?.strip_suffix(end));
        std::iter::once(self.text).chain(inner.into_iter().flatten())
    }

    fn is_text_of(&self, bytes: &[u8]) -> bool {
        self.texts().any(|text| {
            shows(text, bytes, |sign, byte| {
                sign == '.' || sign == char::from(byte)
            })
        })
    }

    fn is_as_long_as_its_text(&self) -> bool {
        self.texts()
            .any(|text| shows(text, &self.bytes, |_, _| true))
    }

    /// What is wrong if the text says the bytes in another order than the digits do.
    fn order(&self) -> Option<&'static str> {
        let words = || self.left.split_whitespace();
        let turned: Option<Vec<Vec<u8>>> = words().map(|word| plain(word).ok()).collect();
        let turned = turned?.into_iter().flat_map(|word| word.into_iter().rev());
        if self.is_text_of(&turned.collect::<Vec<u8>>()) {
            return Some(
                "its bytes are in words of little-endian order, as `xxd -e` writes them; dump them without `-e`",
            );
        }
        let bits: Option<Vec<u8>> = words()
            .map(|word| u8::from_str_radix(word, 2).ok().filter(|_| word.len() == 8))
            .collect();
        self.is_text_of(&bits?)
            .then_some("it is written in bits, as `xxd -b` does; dump them without `-b`")
    }
}

/// Whether each sign of a text may stand for its byte. Spaces around the text may be lost, and there may be one more in the
/// middle, as Wireshark puts it.
fn shows(text: &str, bytes: &[u8], may_show: impl Fn(char, u8) -> bool) -> bool {
    let is = |from: usize, to: usize, middle: Option<usize>| {
        let mut signs = text.chars();
        let shown = bytes.iter().enumerate().take(to).skip(from);
        let mut shown = shown.map(|(at, &byte)| {
            let has_gap = middle != Some(at) || signs.next() == Some(' ');
            has_gap && signs.next().is_some_and(|sign| may_show(sign, byte))
        });
        shown.all(|is_shown| is_shown) && signs.next().is_none()
    };
    let is_space = |byte: &u8| *byte == b' ';
    let start = bytes.iter().take_while(|byte| is_space(byte)).count();
    let end = bytes.len() - bytes.iter().rev().take_while(|byte| is_space(byte)).count();
    let whole = |middle| is(0, bytes.len(), middle) || is(start, end, middle);
    whole(None) || whole(Some(MIDDLE))
}

/// Bytes before the gap in the middle of a row.
const MIDDLE: usize = 8;
/// No tool has more than a gap after eight bytes and one before the text. `xxd -e` has one more.
const MOST_GAPS: usize = 4;
/// In bytes: `xxd` shows up to 256 bytes in a row. Another tool may show them as characters of four bytes.
const LONGEST_TEXT: usize = 4 * 256 + DELIMITERS;
/// The signs around a text.
const DELIMITERS: usize = 2;

#[cfg(test)]
mod tests;
