//! `holdline publish`: posts a message, or each line of standard input.

mod failure;
mod publisher;

use std::io::{self, BufRead, ErrorKind, Read};
use std::process::ExitCode;

use self::failure::Failure;
use self::publisher::Publisher;
use crate::config::PublishArguments;
use crate::report::report;

/// Publishes until the input ends. The exit code is 1 if anything could not be published.
pub(crate) fn run(arguments: &PublishArguments) -> ExitCode {
    let mut publisher = match Publisher::new(arguments) {
        Ok(publisher) => publisher,
        Err(error) => {
            report(format_args!("{error}"));
            return ExitCode::FAILURE;
        }
    };
    match arguments.text.as_deref() {
        None | Some("-") => publish_lines(&mut publisher, io::stdin().lock()),
        Some(text) => match publisher.publish(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                report(format_args!("{failure}"));
                ExitCode::FAILURE
            }
        },
    }
}

/// Publishes each line as soon as it is complete. If one line fails, the next ones are still tried, unless no
/// connection was ever made.
fn publish_lines(publisher: &mut Publisher, mut input: impl BufRead) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let mut bounded = (&mut input).take(MAX_LINE);
        let failure = match bounded.read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) if bounded.limit() == 0 && !line.ends_with(b"\n") => {
                let rest = skip_line(&mut input);
                rest.err()
                    .map(Failure::Input)
                    .or(Some(Failure::LineTooLong { most: MAX_LINE }))
            }
            Ok(_) => {
                let text = line.strip_suffix(b"\n").unwrap_or(&line);
                let text = text.strip_suffix(b"\r").unwrap_or(text);
                publisher.publish(text).err()
            }
            Err(error) => Some(Failure::Input(error)),
        };
        if let Some(failure) = failure {
            report(format_args!("line {number}: {failure}"));
            code = ExitCode::FAILURE;
            let never_connected =
                matches!(failure, Failure::Connect(_)) && !publisher.has_connected();
            if never_connected || matches!(failure, Failure::Input(_)) {
                break;
            }
        }
    }
    code
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let block = match input.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            other => other?,
        };
        let end = block.iter().position(|&byte| byte == b'\n');
        let length = end.map_or(block.len(), |at| at + 1);
        input.consume(length);
        if end.is_some() || length == 0 {
            return Ok(());
        }
    }
}

/// The maximum length of a line, in bytes. By default servers accept less.
const MAX_LINE: u64 = 64 << 20;
