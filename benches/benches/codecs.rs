//! Times every contestant of every case: `cargo bench -p holdline-benches -- [FILTER]`.
//!
//! Criterion measures one contestant after the other, so whatever else the machine does would fall on one
//! of them. Therefore each case runs in several rounds, each round has all contestants in another order,
//! and only the times of one round are compared. The last part of an id is the round.

use std::env;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use holdline_benches::{Case, Contestant, FLOOR, Tally, cases};

fn main() {
    // `cargo xtask bench` sets it.
    let rounds = env::var("HOLDLINE_BENCH_ROUNDS").ok();
    let rounds = rounds.and_then(|rounds| rounds.parse().ok()).unwrap_or(3);
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300))
        .nresamples(1001)
        .without_plots()
        .configure_from_args();
    // `cargo test`, and `cargo bench -- --test`, run each contestant once.
    let is_given = |wanted: &str| env::args().any(|argument| argument == wanted);
    let rounds = if is_given("--bench") && !is_given("--test") {
        rounds
    } else {
        1
    };
    for case in cases() {
        run(&mut criterion, &case, rounds);
    }
    criterion.final_summary();
}

fn run(criterion: &mut Criterion, case: &Case, rounds: usize) {
    let mut contestants = case.contestants();
    check(case, &contestants);
    let mut group = criterion.benchmark_group(case.id());
    group.throughput(Throughput::Elements(case.items));
    for round in 0..rounds {
        for contestant in &contestants {
            let id = BenchmarkId::new(contestant.name, round);
            let mut tally = Tally::default();
            group.bench_function(id, |bencher| bencher.iter(|| contestant.run(&mut tally)));
        }
        contestants.rotate_left(1);
    }
    group.finish();
}

/// All contestants must have produced the same before any is timed; a floor, as many items.
fn check(case: &Case, contestants: &[Contestant]) {
    let ours = case.digest(&contestants[0]);
    assert_eq!(ours.items, case.items, "{case:?}: the number of items");
    for contestant in contestants {
        let theirs = case.digest(contestant);
        if contestant.name == FLOOR {
            assert_eq!(theirs.items, ours.items, "{case:?}: {contestant:?}");
        } else {
            assert_eq!(theirs, ours, "{case:?}: {contestant:?}");
        }
    }
}
