//! What the server counts, as JSON for people and as Prometheus text for machines.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::hub::{Hub, Presence};
use crate::transport::Transport;

/// Counters that only grow.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    published: AtomicU64,
    receivers: AtomicU64,
    delivered: [AtomicU64; Transport::ALL.len()],
    lost: AtomicU64,
    requests: AtomicU64,
    rejected: AtomicU64,
}

impl Metrics {
    pub(crate) fn published(&self, receivers: u64) {
        self.published.fetch_add(1, Ordering::Relaxed);
        self.receivers.fetch_add(receivers, Ordering::Relaxed);
    }

    /// A subscriber was given messages, or told that it lost some, or both.
    pub(crate) fn delivered(&self, transport: Transport, messages: usize, lost: bool) {
        self.delivered[transport as usize].fetch_add(messages as u64, Ordering::Relaxed);
        self.lost.fetch_add(u64::from(lost), Ordering::Relaxed);
    }

    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// A request was answered with an error before it reached a route.
    pub(crate) fn rejected(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }

    fn delivered_by_transport(&self) -> impl Iterator<Item = (Transport, u64)> {
        let counts = self
            .delivered
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        Transport::ALL.into_iter().zip(counts)
    }
}

/// The answer of `GET /stats`.
pub(crate) fn stats(hub: &Hub, connections: usize) -> Value {
    let totals = hub.totals();
    let metrics = &hub.metrics;
    let delivered: serde_json::Map<String, Value> = metrics
        .delivered_by_transport()
        .map(|(transport, count)| (transport.name().to_owned(), count.into()))
        .collect();
    json!({
        "uptime_seconds": hub.uptime().as_secs(),
        "connections": connections,
        "cursor": totals.head.to_string(),
        "channels": totals.channels,
        "subscribers": totals.presence.total(),
        "subscribers_by_transport": by_transport(&totals.presence),
        "history": { "messages": totals.messages, "bytes": totals.bytes },
        "published": metrics.published.load(Ordering::Relaxed),
        "delivered_by_transport": delivered,
        "lost": metrics.lost.load(Ordering::Relaxed),
        "requests": metrics.requests.load(Ordering::Relaxed),
        "rejected": metrics.rejected.load(Ordering::Relaxed),
    })
}

/// The answer of `GET /channels/NAME/presence`.
pub(crate) fn presence(presence: &Presence) -> Value {
    json!({ "subscribers": presence.total(), "by_transport": by_transport(presence) })
}

/// The answer of `GET /metrics`, in the text format of Prometheus.
pub(crate) fn prometheus(hub: &Hub, connections: usize) -> String {
    let totals = hub.totals();
    let metrics = &hub.metrics;
    let mut text = Text(String::with_capacity(2048));
    text.one(
        "connections",
        "gauge",
        "Connections that are open.",
        connections as u64,
    );
    text.one(
        "channels",
        "gauge",
        "Channels that are known.",
        totals.channels,
    );
    text.one(
        "history_messages",
        "gauge",
        "Messages that are retained.",
        totals.messages,
    );
    text.one(
        "history_bytes",
        "gauge",
        "Octets of retained messages.",
        totals.bytes,
    );
    text.each(
        "subscribers",
        "gauge",
        "Streams and held requests.",
        totals.presence.by_transport(),
    );
    let published = metrics.published.load(Ordering::Relaxed);
    text.one(
        "messages_published_total",
        "counter",
        "Messages published.",
        published,
    );
    text.each(
        "messages_delivered_total",
        "counter",
        "Messages handed to subscribers.",
        metrics.delivered_by_transport(),
    );
    let lost = metrics.lost.load(Ordering::Relaxed);
    text.one(
        "lost_total",
        "counter",
        "Times a subscriber was told that it lost messages.",
        lost,
    );
    let requests = metrics.requests.load(Ordering::Relaxed);
    text.one(
        "requests_total",
        "counter",
        "Requests that were routed.",
        requests,
    );
    let rejected = metrics.rejected.load(Ordering::Relaxed);
    text.one(
        "rejected_total",
        "counter",
        "Requests that broke HTTP or a limit.",
        rejected,
    );
    let uptime = hub.uptime().as_secs();
    text.one(
        "uptime_seconds",
        "counter",
        "Seconds since the server began.",
        uptime,
    );
    text.0
}

fn by_transport(presence: &Presence) -> Value {
    let counts = presence.by_transport();
    counts
        .map(|(transport, count)| (transport.name().to_owned(), Value::from(count)))
        .collect()
}

/// Prometheus text. Writing to a `String` cannot fail.
struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP holdline_{name} {help}");
        let _ = writeln!(self.0, "# TYPE holdline_{name} {kind}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.head(name, kind, help);
        let _ = writeln!(self.0, "holdline_{name} {value}");
    }

    fn each(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        values: impl Iterator<Item = (Transport, u64)>,
    ) {
        self.head(name, kind, help);
        for (transport, value) in values {
            let _ = writeln!(
                self.0,
                "holdline_{name}{{transport=\"{transport}\"}} {value}"
            );
        }
    }
}
