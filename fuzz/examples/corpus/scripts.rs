//! Scripts that state sizes (see `stated.rs` of the library): each input is some dozen bytes and stands for up to
//! several hundred KiB.

use crate::Inputs;
use crate::dice::Dice;

/// Sessions of up to `most_steps` steps. One in twenty has a payload of more than `large` bytes.
pub(crate) fn scripts(count: u64, most_steps: usize, large: usize) -> Inputs {
    (0..count)
        .map(|seed| {
            let mut dice = Dice::new(seed + 1);
            // Each value of the flags comes up.
            let flags = match seed % 4 {
                0 => dice.byte(),
                _ => seed as u8,
            };
            let mut script = vec![flags, dice.byte()];
            for step in 0..1 + dice.below(most_steps) {
                let is_large = seed % 20 == 19 && step == 0;
                script.push(dice.byte());
                script.extend(payload(&mut dice, if is_large { large } else { 0 }));
            }
            script
        })
        .collect()
}

/// Entropy and what to add, a number and its shift, and a seed.
fn payload(dice: &mut Dice, large: usize) -> [u8; 4] {
    let (number, bits) = match dice.below(6) {
        _ if large > 0 => ((large >> 11) as u8 + dice.below(90) as u8, 11),
        0 => (0, 0),
        1 => (dice.of(&[1, 125, 126, 127, 128]), 0),
        2 => (dice.of(&[64, 128]), dice.of(&[8, 9])),
        3 => (dice.byte(), 6),
        _ => (dice.byte(), dice.below(4) as u8),
    };
    [dice.byte() % 40, number, 20 + bits, dice.byte()]
}
