//! What there is to count, as JSON for people and as Prometheus text for machines.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::hub::{Hub, Presence};
use crate::transport::Transport;

/// The answer of `GET /stats`.
pub(crate) fn stats(hub: &Hub, connections: usize) -> Value {
    let totals = hub.totals();
    let counted = hub.counters.read();
    let delivered: serde_json::Map<String, Value> = counted
        .delivered
        .into_iter()
        .map(|(transport, count)| (transport.name().to_owned(), count.into()))
        .collect();
    json!({
        "uptime_seconds": hub.uptime().as_secs(),
        "connections": connections,
        "cursor": totals.head.to_string(),
        "channels": totals.channels,
        "asked_channels": totals.asked_channels,
        "subscribers": totals.presence.total(),
        "subscribers_by_transport": by_transport(&totals.presence),
        "history": { "messages": totals.messages, "bytes": totals.bytes },
        "delivery": { "bytes": totals.delivery_bytes },
        "published": counted.published,
        "delivered_by_transport": delivered,
        "lost": counted.lost,
        "requests": counted.requests,
        "rejected": counted.rejected,
    })
}

/// The answer of `GET /channels/NAME/presence`.
pub(crate) fn presence(presence: &Presence) -> Value {
    json!({ "subscribers": presence.total(), "by_transport": by_transport(presence) })
}

/// The answer of `GET /metrics`, in the text format of Prometheus.
pub(crate) fn prometheus(hub: &Hub, connections: usize) -> String {
    let totals = hub.totals();
    let counted = hub.counters.read();
    let mut text = Text(String::with_capacity(2048));
    text.gauge(
        "connections",
        "Connections that are open.",
        connections as u64,
    );
    let help = "Channels that were published to.";
    text.gauge("channels", help, totals.channels);
    let help = "Channels that are watched and were not published to.";
    text.gauge("asked_channels", help, totals.asked_channels);
    text.gauge(
        "history_messages",
        "Messages that are retained.",
        totals.messages,
    );
    text.gauge("history_bytes", "Bytes of retained messages.", totals.bytes);
    let help = "Bytes of messages that are not retained and still to be delivered.";
    text.gauge("delivery_bytes", help, totals.delivery_bytes);
    let subscribers = totals.presence.by_transport();
    text.head("subscribers", "gauge", "Streams and held requests.");
    text.each("subscribers", subscribers);
    let help = "Messages published.";
    text.counter("messages_published_total", help, counted.published);
    let help = "Messages handed to subscribers.";
    text.head("messages_delivered_total", "counter", help);
    text.each("messages_delivered_total", counted.delivered);
    let help = "Times a subscriber was told that it lost messages.";
    text.counter("lost_total", help, counted.lost);
    text.counter(
        "requests_total",
        "Requests that were routed.",
        counted.requests,
    );
    let help = "Requests that broke HTTP or a limit.";
    text.counter("rejected_total", help, counted.rejected);
    let help = "Clients that were refused because of a limit.";
    text.head("refused_total", "counter", help);
    for (limit, count) in counted.refused {
        let reason = limit.name();
        text.line(format_args!(
            "holdline_refused_total{{reason=\"{reason}\"}} {count}"
        ));
    }
    let uptime = hub.uptime().as_secs();
    text.counter("uptime_seconds", "Seconds since the server began.", uptime);
    text.0
}

fn by_transport(presence: &Presence) -> Value {
    let counts = presence.by_transport();
    counts
        .map(|(transport, count)| (transport.name().to_owned(), Value::from(count)))
        .collect()
}

/// Prometheus text.
struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP holdline_{name} {help}"));
        self.line(format_args!("# TYPE holdline_{name} {kind}"));
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "gauge", help);
        self.line(format_args!("holdline_{name} {value}"));
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "counter", help);
        self.line(format_args!("holdline_{name} {value}"));
    }

    fn each(&mut self, name: &str, values: impl IntoIterator<Item = (Transport, u64)>) {
        for (transport, value) in values {
            self.line(format_args!(
                "holdline_{name}{{transport=\"{transport}\"}} {value}"
            ));
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.0, "{line}");
    }
}
