//! Cursors, names of callbacks, texts for scripts, and messages with a NUL at their end.

use crate::Inputs;
use crate::dice::Dice;

pub(crate) fn texts(count: u64) -> Inputs {
    (0..count)
        .map(|seed| {
            let mut dice = Dice::new(seed + 1);
            let mut input = dice.of(BEGINNINGS).as_bytes().to_vec();
            for _ in 0..dice.below(4) {
                input.extend_from_slice(dice.of(PARTS));
            }
            input
        })
        .collect()
}

const BEGINNINGS: &[&str] = &[
    "",
    "0-0",
    "ab12-17",
    "1f-18446744073709551615",
    "callback",
    "a.b[0].c",
    "_$",
    "x",
];

const PARTS: &[&[u8]] = &[
    b"\0",
    b"message\0",
    b"</script>",
    b"<!--",
    b"]]>",
    b"'\"\\&",
    b"\r\n",
    "\u{2028}\u{2029}世界".as_bytes(),
    b"\xff\xc3",
    b".name",
    b"[1]",
    b"-1",
    b"a message that is longer than the limit of fifty bytes here\0",
];
