//! The processes that hold the connections, as seen from outside.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, TryRecvError};

use serde::Serialize;

use super::plan::{Order, Plan, Progress, Update};
use super::tally::Report;
use crate::threads;

/// All of them. When this is dropped, their input ends, and so do they.
pub(super) struct Holders {
    all: Vec<Holder>,
    /// With the index of the process. `None` if it has ended or sent something unreadable.
    updates: Receiver<(usize, Option<Update>)>,
}

struct Holder {
    child: Child,
    input: ChildStdin,
    progress: Progress,
    is_ready: bool,
    report: Option<Report>,
}

impl Holders {
    /// Starts one process for each plan.
    pub(super) fn start(plans: &[Plan]) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let (sender, updates) = mpsc::channel();
        let mut holders = Self {
            all: Vec::new(),
            updates,
        };
        for (number, plan) in plans.iter().enumerate() {
            let mut child = Command::new(&program)
                .arg("bench-holder")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
            let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
                return Err("a process without input and output".to_owned());
            };
            let sender = sender.clone();
            threads::start("updates", move || {
                for line in BufReader::new(output).lines() {
                    let update = line.ok().and_then(|line| serde_json::from_str(&line).ok());
                    if sender.send((number, update)).is_err() {
                        return;
                    }
                }
                // If nobody listens any more, there is nothing left to say.
                let _ = sender.send((number, None));
            })?;
            let mut holder = Holder {
                child,
                input,
                progress: Progress::default(),
                is_ready: false,
                report: None,
            };
            holder.say(plan)?;
            holders.all.push(holder);
        }
        Ok(holders)
    }

    /// Waits until every connection was either made or has failed.
    pub(super) fn until_ready(&mut self, mut told: impl FnMut(Progress)) -> Result<(), String> {
        while !self.all.iter().all(|holder| holder.is_ready) {
            self.wait()?;
            told(self.sum());
        }
        Ok(())
    }

    /// Their progress so far. Does not wait.
    pub(super) fn progress(&mut self) -> Result<Progress, String> {
        loop {
            match self.updates.try_recv() {
                Ok((number, update)) => self.update(number, update)?,
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return Ok(self.sum()),
            }
        }
    }

    /// Gives the last order, and waits for the reports.
    pub(super) fn finish(&mut self, order: Order) -> Result<Vec<Report>, String> {
        for holder in &mut self.all {
            holder.say(&order)?;
        }
        while !self.all.iter().all(|holder| holder.report.is_some()) {
            self.wait()?;
        }
        let reports = self
            .all
            .iter_mut()
            .filter_map(|holder| holder.report.take());
        Ok(reports.collect())
    }

    fn wait(&mut self) -> Result<(), String> {
        let (number, update) = self.updates.recv().map_err(|error| error.to_string())?;
        self.update(number, update)
    }

    fn update(&mut self, number: usize, update: Option<Update>) -> Result<(), String> {
        let holder = &mut self.all[number];
        match update {
            Some(Update::Progress(progress)) => holder.progress = progress,
            Some(Update::Ready(progress)) => {
                holder.progress = progress;
                holder.is_ready = true;
            }
            Some(Update::Report(report)) => holder.report = Some(report),
            // A process ends after its report.
            None if holder.report.is_some() => {}
            None => return Err("a process that held connections has ended too soon".to_owned()),
        }
        Ok(())
    }

    fn sum(&self) -> Progress {
        let all = self.all.iter().map(|holder| holder.progress);
        all.fold(Progress::default(), |sum, one| Progress {
            opened: sum.opened + one.opened,
            failed: sum.failed + one.failed,
            delivered: sum.delivered + one.delivered,
        })
    }
}

impl Holder {
    fn say(&mut self, what: &impl Serialize) -> Result<(), String> {
        let line = serde_json::to_string(what).map_err(|error| error.to_string())?;
        let written = writeln!(self.input, "{line}").and_then(|()| self.input.flush());
        written.map_err(|error| format!("a process that holds connections has ended: {error}"))
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // If it has already ended, it cannot be killed, and that is fine.
        let _ = self.child.kill();
        // Nobody needs its exit status.
        let _ = self.child.wait();
    }
}
