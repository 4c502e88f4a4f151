//! `holdline`: a push server, its clients, and an inspector of bytes.
//!
//! This file reads the arguments; each command has a module of its own.
#![forbid(unsafe_code)]

mod accept;
mod access;
mod admin;
mod answer;
mod app;
mod bench;
mod bounded;
mod channel_url;
mod client;
mod config;
mod counters;
mod demo;
mod exodus;
mod explainer;
mod feed;
mod file_limit;
mod handover;
mod held;
mod hold;
mod hub;
mod idempotency_key;
mod illustrated;
mod inspect;
mod journal;
mod key_files;
mod listening;
mod lives;
mod log_lines;
mod message;
mod meters;
mod metrics;
mod mirror;
mod names;
mod once_a_minute;
mod own;
mod pages;
mod pasted;
mod percent;
mod plug;
mod poll_answer;
mod process;
mod proxy;
mod publish;
mod query;
#[cfg(test)]
mod random;
mod rates;
mod reader;
mod redis_server;
mod refusal;
mod replays;
mod reply;
mod report;
mod request;
mod request_log;
mod routes;
mod serve;
mod sessions;
mod shared;
mod signals;
mod spoken;
mod subscribe;
mod subscription;
mod techniques;
mod threads;
mod token;
mod transport;
mod upgrade;
mod watchers;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::CommandFactory;
use clap::error::ErrorKind;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use crate::config::{Cli, Command, ServeArguments};
use crate::log_lines::LogLines;

fn main() -> ExitCode {
    let cli = Cli::read();
    let command = match cli.command {
        None => Command::Serve(cli.serve),
        Some(Command::BenchServer(arguments)) => {
            if let Err(error) = bench::end_with_input() {
                eprintln!("holdline: {error}");
                return ExitCode::FAILURE;
            }
            Command::Serve(arguments)
        }
        Some(command) => command,
    };
    if !matches!(command, Command::Serve(_)) {
        log_to(BoxMakeWriter::new(io::stderr));
        warn_of_secrets();
    }
    let result = match command {
        Command::Serve(arguments) | Command::BenchServer(arguments) => serve(arguments),
        Command::Token(arguments) => token::run(&arguments),
        Command::Publish(arguments) => return publish::run(&arguments),
        Command::Subscribe(arguments) => return subscribe::run(&arguments),
        Command::Decode(arguments) => return inspect::run(&arguments),
        Command::Proxy(arguments) => return proxy::run(&arguments),
        Command::Bench(arguments) => return bench::run(&arguments),
        Command::BenchHolder => return bench::run_holder(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("holdline: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A slow reader of the log must not hold up the server.
fn serve(arguments: ServeArguments) -> Result<(), String> {
    if let Err(problem) = arguments.check() {
        Cli::command()
            .error(ErrorKind::ValueValidation, problem)
            .exit();
    }
    let log = LogLines::start(io::stderr()).map_err(|error| error.to_string())?;
    log_to(BoxMakeWriter::new(log.clone()));
    warn_of_secrets();
    if let Some(doubt) = arguments.doubt() {
        tracing::warn!("{doubt}");
    }
    let result = serve::run(arguments, &log);
    log.flush();
    result
}

fn warn_of_secrets() {
    for option in config::on_the_command_line(std::env::args_os()) {
        tracing::warn!(
            "every user of this machine can read the secret of {option} in the list of processes: give {option} @FILE, \
             or the environment variable"
        );
    }
}

fn log_to(writer: BoxMakeWriter) {
    let log = tracing_subscriber::EnvFilter::try_from_env("HOLDLINE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(log)
        .with_writer(writer)
        .with_ansi(io::stderr().is_terminal())
        // Otherwise it would report with `eprintln!` that standard error cannot be written, and that panics.
        .log_internal_errors(false)
        .init();
}
