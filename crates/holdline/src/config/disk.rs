//! Keeping the history on the disk.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;

use super::ServeArguments;
use crate::journal::disk::{DiskLimits, DiskOptions};

/// Where the history is, and how soon.
#[derive(Args, Clone, Debug)]
pub(crate) struct DiskArguments {
    /// Keep messages, cursors and idempotency keys in a database in this directory, which is made if it is not there.
    /// Then --history, --history-age and --history-total limit what is on the disk.
    #[arg(long, env = "HOLDLINE_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// `always`: who publishes is answered when the message is on the disk, and nothing is lost by a crash or a power
    /// cut. Or a time, at most 10s, such as 50ms: messages are written that much later; what was published in it is lost
    /// then, and clients are told that messages may be.
    #[arg(
        long,
        env = "HOLDLINE_SYNC",
        default_value = "always",
        value_parser = sync,
        value_name = "always|TIME"
    )]
    pub(crate) sync: Sync,
    /// Memory for the newest part of a history that is on the disk, and for the database.
    #[arg(long, env = "HOLDLINE_HISTORY_MEMORY", default_value_t = 256 << 20, value_name = "BYTES")]
    pub(crate) history_memory: u64,
    /// Tell clients with older cursors that messages may be lost. Give it once, when you start with a copy of the
    /// directory that was made earlier.
    #[arg(
        long,
        env = "HOLDLINE_NEW_EPOCH",
        requires = "data",
        value_parser = BoolishValueParser::new()
    )]
    pub(crate) new_epoch: bool,
}

/// How long a message may wait for the disk after it was acknowledged; `None` for not at all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Sync(pub(crate) Option<Duration>);

impl DiskArguments {
    /// Says what cannot work, and what would.
    pub(super) fn check(&self, serve: &ServeArguments) -> Result<(), String> {
        if self.data.is_none() {
            return match self.sync {
                Sync(None) => Ok(()),
                Sync(Some(_)) => Err(
                    "--sync says how soon messages are on the disk: give --data DIR with it"
                        .to_owned(),
                ),
            };
        }
        if serve.listening.handover.is_some() {
            return Err(
                "--handover needs two processes at a time, and only one can have --data open: give only one of them"
                    .to_owned(),
            );
        }
        let least = LEAST_MEMORY.max(4 * serve.max_message as u64);
        if self.history_memory < least {
            return Err(format!(
                "--history-memory {} is too little for a database and a few messages of --max-message {}: give at least {least}",
                self.history_memory, serve.max_message
            ));
        }
        // Each row may take twice its size, and some rows wait to be removed.
        let least = LEAST_DISK.max(8 * serve.max_message as u64);
        if serve.history_total < least {
            return Err(format!(
                "--history-total {} is too little for a database with a few messages of --max-message {}: give at least {least}",
                serve.history_total, serve.max_message
            ));
        }
        Ok(())
    }
}

impl ServeArguments {
    /// The options for a journal on the disk.
    pub(crate) fn disk_options(&self) -> DiskOptions {
        let age = Some(self.history_age).filter(|age| !age.is_zero());
        let age = age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        DiskOptions {
            limits: DiskLimits {
                messages: self.history,
                age,
                bytes: self.history_total,
                channels: self.max_channels,
            },
            sync: self.disk.sync.0,
            new_epoch: self.disk.new_epoch,
            cache: self.disk_cache() as usize,
            memory: self.memory_total(),
            most_waiting: self.most_waiting(),
            keys: self.publishing.idempotency_keys,
        }
    }

    /// Bytes of messages that may be on their way to the disk or the broker.
    pub(super) fn most_waiting(&self) -> usize {
        self.max_message.saturating_mul(4).max(MOST_WAITING)
    }

    /// Memory for the messages of all channels.
    pub(crate) fn memory_total(&self) -> u64 {
        match self.disk.data {
            Some(_) => self.disk.history_memory - self.disk_cache(),
            None => self.history_total,
        }
    }

    /// A part of the memory is for the pages of the database.
    fn disk_cache(&self) -> u64 {
        (self.disk.history_memory / 8).min(LARGEST_CACHE)
    }
}

fn sync(text: &str) -> Result<Sync, String> {
    if text == "always" {
        return Ok(Sync(None));
    }
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("for no time at all give `always`".to_owned()),
        Ok(time) if time > LONGEST => Err("it is at most 10s".to_owned()),
        Ok(time) => Ok(Sync(Some(time))),
        Err(error) => Err(format!("it is `always` or a time such as 50ms: {error}")),
    }
}

/// More would be lost than anybody expects.
const LONGEST: Duration = Duration::from_secs(10);
const LEAST_MEMORY: u64 = 4 << 20;
const LEAST_DISK: u64 = 1 << 20;
const LARGEST_CACHE: u64 = 32 << 20;
const MOST_WAITING: usize = 32 << 20;

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::config::Cli;

    fn check(arguments: &[&str]) -> Result<(), String> {
        let arguments = ["holdline"].iter().chain(arguments);
        let cli = Cli::try_parse_from(arguments).map_err(|error| error.to_string())?;
        cli.serve.check()
    }

    #[test]
    fn options_that_cannot_work_are_refused_with_what_would() {
        for (arguments, cure) in [
            (&["--sync", "50ms"][..], "give --data DIR"),
            (&["--new-epoch"], "--data"),
            (&["--data", "d", "--sync", "0s"], "give `always`"),
            (&["--data", "d", "--sync", "11s"], "at most 10s"),
            (&["--data", "d", "--sync", "soon"], "such as 50ms"),
            (&["--data", "d", "--handover", "h"], "give only one of them"),
            (
                &["--data", "d", "--history-memory", "4194303"],
                "give at least 4194304",
            ),
            (
                &["--data", "d", "--history-total", "8388607"],
                "give at least 8388608",
            ),
        ] {
            let error = check(arguments).unwrap_err();
            assert!(error.contains(cure), "{arguments:?}: {error}");
        }
        for arguments in [
            &[][..],
            &["--data", "d"],
            &["--data", "d", "--sync", "50ms", "--new-epoch"],
            &["--data", "d", "--history-memory", "4194304"],
        ] {
            assert_eq!(check(arguments), Ok(()), "{arguments:?}");
        }
    }
}
