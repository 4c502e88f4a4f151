//! Measures what a server needs for many connections: `scale fan-out|cores|idle|many|publish [--quick]`.
//!
//! What it prints is Markdown. Each server is a child process; `docs/measured.md` tells what came out.

mod crowd;
mod deliveries;
mod keeper;
mod kernel;
mod many;
mod publish;

use std::env;
use std::error::Error;
use std::process::ExitCode;

use crowd::{Crowd, KINDS};
use holdline_benches::child::{Child, most_files};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let is_quick = arguments.iter().any(|argument| argument == "--quick");
    match arguments.first().map(String::as_str) {
        Some("fan-out") => deliveries::fan_out(is_quick)?,
        Some("cores") => deliveries::cores(is_quick)?,
        Some("idle") => idle(is_quick)?,
        Some("many") => many::many(is_quick)?,
        Some("publish") => publish::publish(is_quick)?,
        Some("hold") => many::hold(&arguments[1..])?,
        _ => {
            eprintln!("usage: scale fan-out|cores|idle|many|publish [--quick]");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Holds connections of each kind, each with a fresh server, and publishes one message to all of them at last.
fn idle(is_quick: bool) -> Result<(), Box<dyn Error>> {
    let wanted = if is_quick { 1_000 } else { 15_000 };
    let count = wanted.min(most_files()?.saturating_sub(200));
    println!(
        "| {count} connections | resident bytes a connection | kernel bytes a socket | received |"
    );
    println!("|---|---:|---:|---:|");
    for kind in KINDS {
        let server = Child::program("127.0.0.1", &["--heartbeat", "1h"])?;
        let (resident, kernel) = (server.resident()?, kernel::memory()?);
        let mut crowd = Crowd::gather(server.address, kind, count)?;
        crowd.read_openings()?;
        let each = |before: u64, now: u64, of: usize| now.saturating_sub(before) as f64 / of as f64;
        let resident = each(resident, server.resident()?, count);
        // Both ends are on this machine.
        let kernel = each(kernel, kernel::memory()?, 2 * count);
        let received = crowd.publish_and_receive()?;
        println!("| {kind} | {resident:.0} | {kernel:.0} | {received} |");
    }
    Ok(())
}
