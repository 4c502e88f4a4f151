//! CPU time for a delivery.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use holdline_benches::child::{Times, most_files, waiting_for_locks};
use holdline_benches::fan_out::{FanOut, PROGRAM, SERVERS};

/// Beside what others need. Each round starts each server anew, so that all have the same machine.
pub(crate) fn fan_out(is_quick: bool) -> Result<(), Box<dyn Error>> {
    let (wanted, rounds, events) = if is_quick {
        (500, 3, 20)
    } else {
        (10_000, 5, 30)
    };
    let contestants = SERVERS.map(|server| (server, server, "1"));
    compare(&contestants, receivers(wanted)?, rounds, events)
}

/// The program with one loop and with two, and how long two wait for each other.
pub(crate) fn cores(is_quick: bool) -> Result<(), Box<dyn Error>> {
    let (wanted, rounds, events) = if is_quick {
        (500, 3, 20)
    } else {
        (10_000, 7, 30)
    };
    let contestants = [("one loop", PROGRAM, "1"), ("two loops", PROGRAM, "2")];
    let receivers = receivers(wanted)?;
    compare(&contestants, receivers, rounds, events)?;
    // Apart from the others, since looking costs time.
    let (waiting, all) = runtime()?.block_on(async {
        let mut fan_out = FanOut::start(PROGRAM, receivers, "2").await?;
        let looks = Looks::start(fan_out.child.id());
        fan_out.run(rounds * events).await?;
        looks.stop()
    })?;
    println!("\nOf {all} looks at a loop, {waiting} found it waiting for a lock.");
    Ok(())
}

/// Looks at the loops of the program every now and then.
struct Looks {
    over: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<(usize, usize)>>,
}

impl Looks {
    fn start(id: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        let thread = thread::spawn(move || {
            let (mut waiting, mut all) = (0, 0);
            while !is_over.load(Ordering::SeqCst) {
                let look = waiting_for_locks(id)?;
                waiting += look.0;
                all += look.1;
                thread::sleep(Duration::from_micros(500));
            }
            Ok((waiting, all))
        });
        Self { over, thread }
    }

    /// How many looks found a loop that waited for a lock, and how many there were.
    fn stop(self) -> io::Result<(usize, usize)> {
        self.over.store(true, Ordering::SeqCst);
        let gone = || io::Error::other("nobody looked");
        self.thread.join().map_err(|_| gone())?
    }
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

fn receivers(wanted: usize) -> io::Result<usize> {
    Ok(wanted.min(most_files()?.saturating_sub(200)))
}

/// Contestants are a label, a server and its loops.
fn compare(
    contestants: &[(&str, &str, &str)],
    receivers: usize,
    rounds: usize,
    events: usize,
) -> Result<(), Box<dyn Error>> {
    let runtime = runtime()?;
    let mut costs = vec![Vec::<Times>::new(); contestants.len()];
    for _ in 0..rounds {
        for ((_, server, loops), costs) in contestants.iter().zip(&mut costs) {
            let cost = runtime.block_on(async {
                FanOut::start(server, receivers, loops)
                    .await?
                    .run(events)
                    .await
            })?;
            costs.push(cost.cpu);
        }
    }
    println!(
        "| {receivers} SSE subscribers, {events} events, median of {rounds} | user ns | user and system ns | least | most |"
    );
    println!("|---|---:|---:|---:|---:|");
    for ((label, ..), costs) in contestants.iter().zip(&costs) {
        let user = sorted(costs, |times| times.user);
        let all = sorted(costs, |times| times.all);
        let middle = rounds / 2;
        let (least, most) = (all[0], all[rounds - 1]);
        println!(
            "| {label} | {:.0} | {:.0} | {least:.0} | {most:.0} |",
            user[middle], all[middle]
        );
    }
    Ok(())
}

fn sorted(costs: &[Times], part: impl Fn(&Times) -> f64) -> Vec<f64> {
    let mut sorted: Vec<f64> = costs.iter().map(part).collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}
