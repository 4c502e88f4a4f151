//! `holdline`: a push server, the clients for it, and an inspector of bytes.
//!
//! This file reads the arguments; what each command does is in a module of its own.
#![forbid(unsafe_code)]

mod access;
mod answer;
mod app;
mod channel_url;
mod config;
mod counters;
mod demo;
mod held;
mod hold;
mod hub;
mod inspect;
mod journal;
mod message;
mod metrics;
mod names;
mod once_a_minute;
mod pages;
mod percent;
mod poll_answer;
mod publish;
mod query;
#[cfg(test)]
mod random;
mod reader;
mod refusal;
mod replays;
mod reply;
mod request;
mod routes;
mod serve;
mod subscribe;
mod subscription;
mod transport;
mod upgrade;
mod watchers;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::CommandFactory;
use clap::error::ErrorKind;

use crate::config::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::read();
    let log = tracing_subscriber::EnvFilter::try_from_env("HOLDLINE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(log)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let result = match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(arguments) => {
            if let Err(problem) = arguments.check() {
                Cli::command()
                    .error(ErrorKind::ValueValidation, problem)
                    .exit();
            }
            serve::run(arguments)
        }
        Command::Publish(arguments) => return publish::run(&arguments),
        Command::Subscribe(arguments) => return subscribe::run(&arguments),
        Command::Decode(arguments) => return inspect::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("holdline: {error}");
            ExitCode::FAILURE
        }
    }
}
