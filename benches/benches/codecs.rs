//! Times every contestant of every case: `cargo bench -p holdline-benches -- [FILTER]`.
//!
//! Criterion measures one contestant after the other, so whatever else the machine does would fall on one
//! of them. Therefore each case runs in several rounds, each round has all contestants in another order,
//! and only the times of one round are compared. The last part of an id is the round.
//!
//! A peer that is far behind the best one takes part in the first round only.
//!
//! `cargo test`, and `cargo bench -- --test [PART OF AN ID]`, check what the contestants produce and time nothing.

use std::env;
use std::num::NonZeroUsize;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use holdline_benches::{Case, Contestant, FLOOR, OURS, Tally, cases};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let is_given = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    if !is_given("--bench") || is_given("--test") {
        let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
        return check_all(filter.map_or("", String::as_str));
    }
    // `cargo xtask bench` sets it.
    let rounds = env::var("HOLDLINE_BENCH_ROUNDS").ok();
    let rounds = rounds.and_then(|rounds| rounds.parse().ok()).unwrap_or(3);
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(200))
        .nresamples(1001)
        .without_plots()
        .configure_from_args();
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
    let mut far_behind = Vec::new();
    for round in 0..rounds {
        for contestant in &contestants {
            if far_behind.contains(&contestant.name) {
                continue;
            }
            let id = BenchmarkId::new(contestant.name, round);
            let mut tally = Tally::default();
            group.bench_function(id, |bencher| bencher.iter(|| contestant.run(&mut tally)));
        }
        if round == 0 {
            far_behind = are_far_behind(&contestants);
        }
        contestants.rotate_left(1);
    }
    group.finish();
}

/// The peers that take much longer than the best one, so that no other day would make them the best.
fn are_far_behind(contestants: &[Contestant]) -> Vec<&'static str> {
    const FAR: f64 = 1.7;
    let is_peer = |name: &str| !name.starts_with(OURS) && !name.starts_with(FLOOR);
    let peers = contestants.iter().filter(|peer| is_peer(peer.name));
    let times: Vec<_> = peers.map(|peer| (peer.name, shortest(peer))).collect();
    let best = times.iter().map(|(_, time)| *time).min();
    let limit = best.unwrap_or_default().mul_f64(FAR);
    let far = times.into_iter().filter(|(_, time)| *time > limit);
    far.map(|(name, _)| name).collect()
}

/// The shortest time of several runs, which other work on the machine makes longer but not shorter.
fn shortest(contestant: &Contestant) -> Duration {
    const RUNS: usize = 20;
    const AT_MOST: Duration = Duration::from_millis(20);
    let mut tally = Tally::default();
    let (begin, mut shortest) = (Instant::now(), Duration::MAX);
    for _ in 0..RUNS {
        let start = Instant::now();
        contestant.run(&mut tally);
        shortest = shortest.min(start.elapsed());
        if begin.elapsed() > AT_MOST {
            break;
        }
    }
    shortest
}

/// Checks all cases whose id contains `filter` on all cores, and runs each contestant once as it would be timed.
fn check_all(filter: &str) {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let checked: usize = thread::scope(|scope| {
        let check_some = move |first: usize| {
            let cases = cases()
                .into_iter()
                .filter(|case| case.id().contains(filter));
            let some = cases.skip(first).step_by(threads);
            some.map(|case| check_one(&case)).sum::<usize>()
        };
        let handles: Vec<_> = (0..threads)
            .map(|first| scope.spawn(move || check_some(first)))
            .collect();
        let counts = handles.into_iter().map(|handle| handle.join());
        counts
            .map(|count| count.expect("what is printed above"))
            .sum()
    });
    println!("{checked} contestants produce what the others of their case do");
    assert!(checked > 0, "no case is called `{filter}`");
}

fn check_one(case: &Case) -> usize {
    let start = Instant::now();
    let contestants = case.contestants();
    check(case, &contestants);
    for contestant in &contestants {
        contestant.run(&mut Tally::default());
    }
    println!("{:>6} ms  {}", start.elapsed().as_millis(), case.id());
    contestants.len()
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
