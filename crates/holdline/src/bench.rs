//! `holdline bench`: holds connections, publishes messages, and reports how long they took and what the server used.
//!
//! This process publishes and adds up the results. The connections are held by other processes running the same
//! program ([`holder`]). So reading does not delay the publisher, and each process may have as many open files as
//! the system allows.

mod connection;
mod holder;
mod holders;
mod outcome;
mod plan;
mod publisher;
mod reader;
mod server;
mod stamp;
mod tally;

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use holdline_net::entropy;
use indicatif::{ProgressBar, ProgressStyle};

pub(crate) use self::holder::run as run_holder;
use self::holders::Holders;
use self::outcome::Outcome;
use self::plan::{Order, Plan};
use self::publisher::Publisher;
use self::server::Server;
pub(crate) use self::server::end_with_input;
use crate::channel_url::ChannelUrl;
use crate::config::BenchArguments;
use crate::file_limit;
use crate::report::report;
use crate::transport::Transport;

/// Measures, and prints the results.
pub(crate) fn run(arguments: &BenchArguments) -> ExitCode {
    let outcome = match measure(arguments) {
        Ok(outcome) => outcome,
        Err(error) => {
            report(format_args!("{error}"));
            return ExitCode::from(2);
        }
    };
    if let Err(error) = outcome.print(arguments.json) {
        report(format_args!("cannot write: {error}"));
        return ExitCode::from(2);
    }
    match outcome.is_whole() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn measure(arguments: &BenchArguments) -> Result<Outcome, String> {
    let mut server = Server::find(arguments)?;
    let run = entropy::u32();
    let mut publisher = Publisher::new(&server, arguments, run)?;
    // What a server allocates for its very first connection should not count as memory per connection.
    publisher.warm_up()?;
    let memory_before = server.memory();

    let plans = plans(arguments, &server, run);
    let processes = plans.len();
    let mut holders = Holders::start(&plans)?;
    let bar = bar("connecting", arguments.connections as u64);
    holders.until_ready(|progress| bar.set_position(progress.opened + progress.failed))?;
    bar.finish_and_clear();
    thread::sleep(SETTLE);
    let memory_held = server.memory();

    let cpu = server.cpu();
    publish(arguments, &mut publisher, &mut holders)?;
    let mut tally = publisher.tally.clone();
    for report in holders.finish(Order::Finish {
        messages: publisher.published,
        wait: arguments.wait,
    })? {
        tally.add(&report);
    }
    let cpu = match (cpu, server.cpu()) {
        (Some(before), Some(after)) => Some(after.saturating_sub(before)),
        _ => None,
    };
    let outcome = Outcome {
        transport: arguments.transport.name(),
        url: server.url.to_string(),
        processes,
        wanted: arguments.connections as u64,
        published: publisher.published,
        unpublished: publisher.failed,
        size: arguments.size,
        first_published: publisher.first,
        last_published: publisher.last,
        memory_before,
        memory_held,
        cpu,
        tally,
    };
    server.stop()?;
    Ok(outcome)
}

/// Publishes at the requested rate. If it falls behind, it does not speed up to make up for it.
fn publish(
    arguments: &BenchArguments,
    publisher: &mut Publisher<'_>,
    holders: &mut Holders,
) -> Result<(), String> {
    let opened = holders.progress()?.opened;
    let bar = bar("publishing", opened.saturating_mul(arguments.messages));
    let pause = Duration::from_secs_f64(1.0 / arguments.rate);
    let mut next = Instant::now();
    for _ in 0..arguments.messages {
        thread::sleep(next.saturating_duration_since(Instant::now()));
        next = (next + pause).max(Instant::now());
        publisher.publish();
        bar.set_position(holders.progress()?.delivered);
    }
    bar.finish_and_clear();
    Ok(())
}

/// What each process has to hold.
fn plans(arguments: &BenchArguments, server: &Server, run: u32) -> Vec<Plan> {
    let (transport, url) = (arguments.transport, &server.url);
    let (target, next_target) = targets(transport, url);
    let room = file_limit::most().saturating_sub(file_limit::OWN).max(1);
    let needed = arguments.connections.div_ceil(room);
    let processes = arguments.processes.unwrap_or(needed);
    let processes = processes.clamp(1, arguments.connections);
    let mut first = 0;
    let plans = (0..processes).map(|number| {
        let left = arguments.connections - first;
        let connections = left.div_ceil(processes - number);
        let plan = Plan {
            address: server.address,
            authority: url.url().authority().to_owned(),
            transport: transport.name().to_owned(),
            target: target.clone(),
            next_target: next_target.clone(),
            connections,
            first,
            run,
            wait: arguments.wait,
        };
        first += connections;
        plan
    });
    plans.collect()
}

/// The target of a connection's first request, and the beginning of the target of its later requests.
fn targets(transport: Transport, url: &ChannelUrl) -> (String, String) {
    let held = url.target(Some(transport.name()), &[]);
    match transport {
        // Its first request only asks for the cursor from which nothing is missed.
        Transport::LongPoll => (
            url.target(Some(Transport::Poll.name()), &[]),
            format!("{held}?wait=25&since="),
        ),
        _ => (held, String::new()),
    }
}

/// A progress bar on standard error, shown only if that is a terminal.
fn bar(what: &'static str, length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(what);
    match ProgressStyle::with_template("{msg} {bar:40} {human_pos}/{human_len} {elapsed}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// How long a server may take to settle before its memory is measured.
const SETTLE: Duration = Duration::from_millis(500);
