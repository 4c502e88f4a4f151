//! Whole sessions: what one message leaves behind in the compressor must not show up in the next.

use crate::data::{Data, Random, is_long};
use crate::foreign::{Case, Form, Peer};

#[test]
fn sessions_of_hundreds_of_mixed_messages() {
    let mut random = Random::from_environment();
    let sessions = if is_long() { 60 } else { 2 };
    for session in 0..sessions {
        let agreed = Case {
            level: if session % 2 == 0 {
                6
            } else {
                1 + random.below(9) as u8
            },
            bits: if session % 2 == 0 {
                15
            } else {
                8 + random.below(8) as u8
            },
            takeover: session % 3 != 2,
            ..Case::default()
        };
        let (mut server, mut peer) = (agreed.server(), Peer::new(&agreed));
        for _ in 0..300 {
            let case = Case {
                data: *random.of(&[
                    Data::Alphabet(6),
                    Data::Alphabet(8),
                    Data::Text,
                    Data::Zeros,
                ]),
                form: *random.of(&Form::ALL),
                ..agreed
            };
            let size = match random.below(20) {
                0 => random.below(150_000),
                1 => 31_745 * (1 + random.below(3)) + random.below(256),
                2..8 => random.below(20_000),
                _ => random.below(300),
            };
            let message = case.data.make(size, &mut random);
            let wire = case.send(&mut server, &message, &mut random);
            peer.receive(&wire, &message, &case);
        }
    }
}
