//! Runs our contestant of one case, once to warm up and once to be counted, for `cargo xtask instructions`.
//!
//! `one` lists the cases, each with how many items one run handles; `one N` runs the case of that line, and `one N PEER`
//! another contestant of it.

use std::env;

use holdline_benches::{Contestant, Tally, cases};

fn main() {
    let cases = cases();
    let Some(number) = env::args().nth(1) else {
        for case in cases {
            println!("{} {}", case.items, case.id());
        }
        return;
    };
    let number: usize = number.parse().expect("the number of a case");
    let contestants = cases[number].contestants();
    let contestant = match env::args().nth(2) {
        None => contestants.first(),
        Some(wanted) => contestants.iter().find(|one| one.name == wanted),
    };
    let contestant = contestant.expect("the name of a contestant");
    let mut tally = Tally::default();
    // Tables are filled and the processor's abilities looked up the first time.
    contestant.run(&mut tally);
    measured(contestant, &mut tally);
}

/// What callgrind counts; it knows it by its name.
#[inline(never)]
fn measured(contestant: &Contestant, tally: &mut Tally) {
    contestant.run(tally);
}
