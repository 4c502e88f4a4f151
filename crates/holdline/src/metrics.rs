//! Everything the server counts, as JSON for people and programs, and as text for Prometheus.

mod text;

use std::time::Duration;

use holdline_net::{Load, Times};
use serde_json::{Map, Value, json};

pub(crate) use self::text::Format;
use crate::app::Shared;
use crate::counters::{Counted, Delays};
use crate::hub::{Listed, Presence, Totals};
use crate::process::Process;

/// The server at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    uptime: Duration,
    connections: u64,
    totals: Totals,
    /// Names in all channels, and how many bytes members take.
    members: (u64, u64),
    counted: Counted,
    loads: Vec<Load>,
    process: Process,
    dropped_log_lines: u64,
}

impl Snapshot {
    pub(crate) fn take(shared: &Shared, connections: usize, loads: &[Load]) -> Self {
        Self {
            uptime: shared.hub.uptime(),
            connections: connections as u64,
            totals: shared.hub.totals(),
            members: shared.hub.members.totals(),
            counted: shared.hub.counters.read(),
            loads: loads.to_vec(),
            process: shared.process.get(),
            dropped_log_lines: shared.log.dropped(),
        }
    }

    /// The answer of `GET /stats`.
    pub(crate) fn json(&self) -> Value {
        let (totals, counted, process) = (&self.totals, &self.counted, &self.process);
        let delivered = counted.delivered.iter();
        let lost = counted.lost.iter();
        let refused = counted.refused.iter();
        let feeds = counted.feeds;
        json!({
            "uptime_seconds": self.uptime.as_secs(),
            "uptime_ms": self.uptime.as_millis() as u64,
            "connections": self.connections,
            "cursor": totals.head.to_string(),
            "channels": totals.channels,
            "asked_channels": totals.asked_channels,
            "subscribers": totals.presence.total(),
            "subscribers_by_transport": by_transport(&totals.presence),
            "members": { "names": self.members.0, "bytes": self.members.1 },
            "history": { "messages": totals.messages, "bytes": totals.bytes },
            "delivery": { "bytes": totals.delivery_bytes },
            "published": counted.published,
            "delivered_by_transport": object(delivered.map(|(transport, n)| (transport.name(), *n))),
            "delivery_delay": delays(&counted.delays),
            "lag": { "messages": totals.lag.messages, "bytes": totals.lag.bytes },
            "lost": self.lost(),
            "lost_by_reason": object(lost.map(|(loss, n)| (loss.name(), *n))),
            "requests": counted.requests,
            "rejected": counted.rejected,
            "bad_broker_entries": counted.bad_entries,
            "feeds": {
                "all": feeds.all,
                "connected": feeds.connected,
                "taken": feeds.taken,
                "refused": feeds.refused,
                "lost": feeds.torn,
            },
            "refused_by_reason": object(refused.map(|(limit, n)| (limit.name(), *n))),
            "errors_by_code": counted.errors,
            "sent_bytes": self.sum(|load| load.sent),
            "received_bytes": self.sum(|load| load.received),
            "loop_turns": times(self.loads.iter().map(|load| &load.turns)),
            "loop_alarms_late": times(self.loads.iter().map(|load| &load.alarms)),
            "dropped_log_lines": self.dropped_log_lines,
            "process": {
                "resident_bytes": process.resident,
                "open_files": process.open_files,
                "max_files": process.max_files,
                "cpu_seconds": process.cpu.map(|cpu| cpu.as_secs_f64()),
            },
        })
    }

    fn lost(&self) -> u64 {
        self.counted.lost.iter().map(|(_, count)| count).sum()
    }

    fn sum(&self, of: impl Fn(&Load) -> u64) -> u64 {
        self.loads.iter().map(of).sum()
    }
}

/// The answer of `GET /channels/NAME/presence`, with `members` if the client may see them: `null` if there are too many.
pub(crate) fn presence(presence: &Presence, listed: Option<&Listed>) -> Value {
    let mut answer =
        json!({ "subscribers": presence.total(), "by_transport": by_transport(presence) });
    match listed {
        None => {}
        Some(Listed::Crowd) => answer["members"] = Value::Null,
        Some(Listed::Names(names)) => {
            let members = names.iter();
            answer["members"] = members
                .map(|(name, connections)| json!({ "name": &**name, "connections": connections }))
                .collect();
        }
    }
    answer
}

fn by_transport(presence: &Presence) -> Value {
    let counts = presence.by_transport();
    object(counts.map(|(transport, count)| (transport.name(), count)))
}

fn object<'n>(counts: impl Iterator<Item = (&'n str, u64)>) -> Value {
    let members = counts.map(|(name, count)| (name.to_owned(), count.into()));
    Value::Object(members.collect::<Map<_, _>>())
}

fn delays(delays: &Delays) -> Value {
    histogram(&Delays::BOUNDS, &delays.counts, delays.sum)
}

/// The sum over all loops.
fn times<'t>(loops: impl Iterator<Item = &'t Times>) -> Value {
    let mut all = Times::default();
    for times in loops {
        all.sum += times.sum;
        for (count, more) in all.counts.iter_mut().zip(times.counts) {
            *count += more;
        }
    }
    histogram(&Times::BOUNDS, &all.counts, all.sum)
}

/// `counts` has one entry more than `bounds`.
fn histogram(bounds: &[Duration], counts: &[u64], sum: Duration) -> Value {
    let bounds: Vec<f64> = bounds.iter().map(Duration::as_secs_f64).collect();
    json!({ "bounds_seconds": bounds, "counts": counts, "sum_seconds": sum.as_secs_f64() })
}
