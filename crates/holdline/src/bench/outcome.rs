//! The results, for people and for programs.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::json;

use super::tally::Tally;

#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) transport: &'static str,
    pub(super) url: String,
    pub(super) processes: usize,
    /// Connections that were asked for.
    pub(super) wanted: u64,
    pub(super) published: u64,
    pub(super) unpublished: u64,
    pub(super) size: usize,
    pub(super) first_published: u64,
    pub(super) last_published: u64,
    /// The server's resident memory without and with the connections.
    pub(super) memory_before: Option<u64>,
    pub(super) memory_held: Option<u64>,
    /// The server's processor time from before the first message until after the last.
    pub(super) cpu: Option<Duration>,
    pub(super) tally: Tally,
}

impl Outcome {
    /// Whether every connection was made, and every message was published and arrived exactly once.
    pub(super) fn is_whole(&self) -> bool {
        let tally = &self.tally;
        let wrong = tally.failed + tally.missing + tally.doubled + tally.told_lost;
        wrong + self.unpublished == 0
    }

    pub(super) fn print(&self, as_json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match as_json {
            true => writeln!(out, "{}", self.json())?,
            false => self.text(&mut out)?,
        }
        out.flush()
    }

    fn connect_seconds(&self) -> f64 {
        seconds(self.tally.last_open.saturating_sub(self.tally.begun))
    }

    fn connects_a_second(&self) -> f64 {
        quotient(self.tally.opened as f64, self.connect_seconds())
    }

    /// From publishing the first message to receiving the last.
    fn deliveries_a_second(&self) -> f64 {
        let last = self.tally.last_delivery;
        let time = last.saturating_sub(self.first_published);
        quotient(self.tally.delivered as f64, seconds(time))
    }

    fn publish_rate(&self) -> f64 {
        let time = self.last_published.saturating_sub(self.first_published);
        let between = self.published.saturating_sub(1);
        quotient(between as f64, seconds(time))
    }

    fn memory_each(&self) -> Option<f64> {
        let growth = self.memory_held?.saturating_sub(self.memory_before?);
        Some(quotient(growth as f64, self.tally.opened as f64))
    }

    /// Microseconds.
    fn cpu_each(&self) -> Option<f64> {
        let micros = self.cpu?.as_secs_f64() * 1e6;
        Some(quotient(micros, self.tally.delivered as f64))
    }

    /// Milliseconds.
    fn delay(&self, quantile: f64) -> f64 {
        self.tally.delays.value_at_quantile(quantile) as f64 / 1e6
    }

    fn json(&self) -> serde_json::Value {
        let tally = &self.tally;
        json!({
            "transport": self.transport,
            "url": self.url,
            "processes": self.processes,
            "connections": {
                "wanted": self.wanted,
                "opened": tally.opened,
                "failed": tally.failed,
                "seconds": self.connect_seconds(),
                "per_second": self.connects_a_second(),
            },
            "messages": {
                "published": self.published,
                "failed": self.unpublished,
                "bytes": self.size,
                "per_second": self.publish_rate(),
            },
            "deliveries": {
                "expected": tally.opened.saturating_mul(self.published),
                "delivered": tally.delivered,
                "missing": tally.missing,
                "doubled": tally.doubled,
                "told_lost": tally.told_lost,
                "per_second": self.deliveries_a_second(),
            },
            "delay_ms": {
                "p50": self.delay(0.5),
                "p99": self.delay(0.99),
                "max": self.delay(1.0),
            },
            "server": {
                "memory_before": self.memory_before,
                "memory_held": self.memory_held,
                "bytes_per_connection": self.memory_each(),
                "cpu_seconds": self.cpu.map(|cpu| cpu.as_secs_f64()),
                "cpu_us_per_delivery": self.cpu_each(),
            },
            "errors": tally.troubles,
        })
    }

    fn text(&self, out: &mut impl Write) -> io::Result<()> {
        let tally = &self.tally;
        let processes = if self.processes == 1 {
            "process"
        } else {
            "processes"
        };
        writeln!(
            out,
            "{:11} {} connections in {} {processes} to {}",
            self.transport, self.wanted, self.processes, self.url
        )?;
        writeln!(
            out,
            "connected   {} in {:.2} s, {:.0} a second; {} failed",
            tally.opened,
            self.connect_seconds(),
            self.connects_a_second(),
            tally.failed
        )?;
        writeln!(
            out,
            "published   {} of {} bytes, {:.1} a second; {} failed",
            self.published,
            self.size,
            self.publish_rate(),
            self.unpublished
        )?;
        writeln!(
            out,
            "delivered   {} of {}, {:.0} a second; {} missing, {} doubled, lost was told {} times",
            tally.delivered,
            tally.opened.saturating_mul(self.published),
            self.deliveries_a_second(),
            tally.missing,
            tally.doubled,
            tally.told_lost
        )?;
        writeln!(
            out,
            "delay       p50 {:.3} ms, p99 {:.3} ms, max {:.3} ms",
            self.delay(0.5),
            self.delay(0.99),
            self.delay(1.0)
        )?;
        self.server_text(out)?;
        for (trouble, times) in &tally.troubles {
            writeln!(out, "{times} times: {trouble}")?;
        }
        Ok(())
    }

    /// What the server used, as far as known.
    fn server_text(&self, out: &mut impl Write) -> io::Result<()> {
        if let (Some(each), Some(before), Some(held)) =
            (self.memory_each(), self.memory_before, self.memory_held)
        {
            writeln!(
                out,
                "memory      {each:.0} bytes a connection: {} KiB without, {} KiB with them",
                before / 1024,
                held / 1024
            )?;
        }
        if let (Some(each), Some(cpu)) = (self.cpu_each(), self.cpu) {
            let cpu = cpu.as_secs_f64();
            writeln!(
                out,
                "processor   {each:.2} µs a delivery, {cpu:.2} s in all"
            )?;
        }
        Ok(())
    }
}

fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

/// Zero if it would be a division by zero.
fn quotient(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}
