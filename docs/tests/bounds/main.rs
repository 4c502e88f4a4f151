//! What the documentation promises about memory and work, measured: what is allocated is counted by the allocator, for
//! the thread of the test alone; instructions are counted by callgrind. A busy machine makes no difference.

mod comet;
mod http1;
mod linear;
mod sse;
mod websocket;

use allocation_counter::{AllocationInfo, measure};

/// How many bytes were allocated at most at one time while `run` ran, beyond those before.
fn most(run: impl FnOnce()) -> u64 {
    measure(run).bytes_max
}

/// How many bytes `run` left allocated.
fn left(run: impl FnOnce()) -> i64 {
    measure(run).bytes_current
}

/// That `run` allocates nothing at all.
#[track_caller]
fn allocates_nothing(run: impl FnOnce()) {
    let AllocationInfo { count_total, .. } = measure(run);
    assert_eq!(count_total, 0);
}

#[test]
fn the_counter_counts() {
    let info = measure(|| drop(std::hint::black_box(vec![0_u8; 1000])));
    assert_eq!(
        (info.count_total, info.bytes_max, info.bytes_current),
        (1, 1000, 0)
    );
}
