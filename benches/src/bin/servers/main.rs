//! Measures the CPU time that whole servers take for a request: `servers [--quick]`.
//!
//! Each server runs alone, as a child process. The generator runs on the same machine, and so what counts is the
//! time that the system has charged to the child. It prints `case`, server, CPU nanoseconds and wall nanoseconds per
//! request, with tabs between.

mod load;

use std::env;
use std::error::Error;
use std::io;
use std::process::Command;
use std::time::Duration;

use holdline_benches::child::{Child, most_files};
use holdline_benches::fan_out::{FanOut, SERVERS};
use load::{Cost, Load, frames, requests};

fn main() -> Result<(), Box<dyn Error>> {
    let is_quick = env::args().any(|argument| argument == "--quick");
    let rounds = if is_quick { 1 } else { 3 };
    let size = if is_quick { 1 } else { 4 };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;

    let mut get = vec!["holdline-net", "may_minihttp", "hyper", "axum"];
    for server in ["nginx", "h2o"] {
        if Command::new(server).arg("-v").output().is_ok() {
            get.push(server);
        } else {
            eprintln!("{server} is not installed, and left out");
        }
    }
    for (name, depth, count) in [("plain GET", 1, 20_000), ("GET, 16 pipelined", 16, 160_000)] {
        let load = requests(depth, count * size);
        measure(name, "get", &get, rounds, &runtime, &load)?;
    }
    for (length, name, depths, count) in ECHO {
        for depth in depths {
            let load = frames(length, *depth, count * size);
            let case = format!("echo {name}, depth {depth}");
            measure(&case, "echo", &ECHO_SERVERS, rounds, &runtime, &load)?;
        }
    }
    let receivers = if is_quick {
        1000
    } else {
        most_files()?.saturating_sub(100).min(10_000)
    };
    for receivers in [1000, receivers] {
        let case = format!("event to {receivers} receivers");
        for _ in 0..rounds {
            for server in SERVERS {
                let cost = runtime.block_on(async {
                    let mut fan_out = FanOut::start(server, receivers, "1").await?;
                    fan_out.run(20_000 * size / receivers).await
                })?;
                println!("{case}\t{server}\t{:.0}\t{:.0}", cost.cpu.all, cost.wall);
            }
        }
        if is_quick {
            break;
        }
    }
    Ok(())
}

const ECHO_SERVERS: [&str; 4] = [
    "holdline-net",
    "fastwebsockets",
    "tokio-tungstenite",
    "tungstenite",
];

/// Length, its name, how many at a time, and how many in all. Sixteen of 1 MiB are more than a server has to take
/// before it is read from.
const ECHO: [(usize, &str, &[usize], usize); 5] = [
    (16, "16 B", &[1, 16], 20_000),
    (125, "125 B", &[1, 16], 20_000),
    (1 << 10, "1 KiB", &[1, 16], 20_000),
    (16 << 10, "16 KiB", &[1, 16], 5_000),
    (1 << 20, "1 MiB", &[1], 500),
];

/// A server that does not answer must not hold up the others for ever.
async fn in_time(cost: impl Future<Output = io::Result<Cost>>) -> io::Result<Cost> {
    tokio::time::timeout(Duration::from_secs(120), cost).await?
}

/// All servers take turns.
fn measure(
    case: &str,
    kind: &str,
    servers: &[&str],
    rounds: usize,
    runtime: &tokio::runtime::Runtime,
    load: &Load,
) -> Result<(), Box<dyn Error>> {
    for _ in 0..rounds {
        for server in servers {
            let child = Child::server(&format!("{kind}-{server}"))?;
            let cost = runtime.block_on(in_time(load.run(&child)));
            let cost = cost.map_err(|error| format!("{case}, {server}: {error}"))?;
            println!("{case}\t{server}\t{:.0}\t{:.0}", cost.cpu, cost.wall);
        }
    }
    Ok(())
}
