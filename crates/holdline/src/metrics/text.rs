//! The text format of Prometheus, and OpenMetrics, which is the same with a few more rules.
//!
//! Every label has a fixed set of values: transports, reasons, loops, bounds. Nothing that a client sends ends up
//! here.

use std::fmt::{self, Write as _};
use std::time::Duration;

use holdline_net::{Load, Times};

use super::Snapshot;
use crate::counters::Delays;

/// Which of the two.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Format {
    Prometheus,
    OpenMetrics,
}

impl Format {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

impl Snapshot {
    /// The answer of `GET /metrics`.
    pub(crate) fn text(&self, format: Format) -> String {
        let mut text = Text {
            out: String::with_capacity(16 * 1024),
            format,
        };
        self.people(&mut text);
        self.messages(&mut text);
        self.refusals(&mut text);
        self.loops(&mut text);
        self.process(&mut text);
        if format == Format::OpenMetrics {
            text.line(format_args!("# EOF"));
        }
        text.out
    }

    fn people(&self, text: &mut Text) {
        text.gauge(
            "holdline_connections",
            "Connections that are open.",
            self.connections,
        );
        let help = "Streams and held requests.";
        let subscribers = self.totals.presence.by_transport();
        text.head("holdline_subscribers", Kind::Gauge, help);
        text.each("holdline_subscribers", "transport", subscribers);
        let totals = &self.totals;
        let help = "Channels that were published to.";
        text.gauge("holdline_channels", help, totals.channels);
        let help = "Channels that somebody watches but nobody has published to.";
        text.gauge("holdline_asked_channels", help, totals.asked_channels);
        let help = "Names of members, counted in each of their channels.";
        text.gauge("holdline_members", help, self.members.0);
        let help = "Memory for members.";
        text.gauge("holdline_members_bytes", help, self.members.1);
        let help = "Retained messages.";
        text.gauge("holdline_history_messages", help, totals.messages);
        let help = "Bytes of retained messages.";
        text.gauge("holdline_history_bytes", help, totals.bytes);
        let help = "Bytes of messages that are not retained but still to be delivered.";
        text.gauge("holdline_delivery_bytes", help, totals.delivery_bytes);
        let help = "Messages that the slowest live stream is behind, as of the last second.";
        text.gauge("holdline_lag_messages", help, totals.lag.messages);
        let help = "Bytes of text that the slowest live stream is behind, as of the last second.";
        text.gauge("holdline_lag_bytes", help, totals.lag.bytes);
    }

    fn messages(&self, text: &mut Text) {
        let counted = &self.counted;
        let help = "Messages published.";
        text.counter("holdline_messages_published", help, counted.published);
        let help = "Messages handed to subscribers.";
        text.head("holdline_messages_delivered", Kind::Counter, help);
        let delivered = counted.delivered;
        text.each("holdline_messages_delivered_total", "transport", delivered);
        let help = "Time from when messages became visible until an event loop had handed them to the sockets of all \
            its subscribers that had room; one value each time a loop was told of messages.";
        text.head("holdline_delivery_delay_seconds", Kind::Histogram, help);
        let Delays { counts, sum } = &counted.delays;
        text.histogram(
            "holdline_delivery_delay_seconds",
            "",
            &Delays::BOUNDS,
            counts,
            *sum,
        );
        let help = "Times a subscriber was told that it lost messages.";
        text.head("holdline_lost", Kind::Counter, help);
        let lost = counted.lost.map(|(loss, count)| (loss.name(), count));
        text.each("holdline_lost_total", "reason", lost);
        let help = "Bytes that the system accepted for sending.";
        text.counter("holdline_sent_bytes", help, self.sum(|load| load.sent));
        let help = "Bytes received over connections.";
        text.counter(
            "holdline_received_bytes",
            help,
            self.sum(|load| load.received),
        );
    }

    fn refusals(&self, text: &mut Text) {
        let counted = &self.counted;
        let help = "Requests that reached a route.";
        text.counter("holdline_requests", help, counted.requests);
        let help = "Requests that broke HTTP or a limit.";
        text.counter("holdline_rejected", help, counted.rejected);
        let help = "Entries of the broker that are no messages and were left out.";
        text.counter("holdline_bad_broker_entries", help, counted.bad_entries);
        let feeds = counted.feeds;
        let help = "Feeds that listen.";
        text.gauge("holdline_feeds_connected", help, feeds.connected);
        let help = "Messages of feeds, by whether they were published.";
        text.head("holdline_feed_messages", Kind::Counter, help);
        let results = [("taken", feeds.taken), ("refused", feeds.refused)];
        text.each("holdline_feed_messages_total", "result", results);
        let help = "Times a feed told its channels that messages may be lost.";
        text.counter("holdline_feed_lost", help, feeds.torn);
        let help = "Clients that were refused because of a limit.";
        text.head("holdline_refused", Kind::Counter, help);
        let refused = counted.refused.map(|(limit, count)| (limit.name(), count));
        text.each("holdline_refused_total", "reason", refused);
        let help = "Requests that were answered with an error, by its code.";
        text.head("holdline_errors", Kind::Counter, help);
        let errors = counted.errors.iter().map(|(code, count)| (*code, *count));
        text.each("holdline_errors_total", "code", errors);
        let help = "Lines of the log that were dropped because nobody read them in time.";
        text.counter("holdline_dropped_log_lines", help, self.dropped_log_lines);
    }

    fn loops(&self, text: &mut Text) {
        type Of = fn(&Load) -> &Times;
        let both: [(&str, &str, Of); 2] = [
            (
                "holdline_loop_turn_seconds",
                "How long the turns of each event loop took, which is how long a connection may have to wait.",
                |load| &load.turns,
            ),
            (
                "holdline_loop_late_seconds",
                "How late each event loop came to a deadline or timer.",
                |load| &load.alarms,
            ),
        ];
        for (name, help, of) in both {
            text.head(name, Kind::Histogram, help);
            for (index, load) in self.loads.iter().enumerate() {
                let Times { counts, sum, .. } = of(load);
                let label = format!("loop=\"{index}\"");
                text.histogram(name, &label, &Times::BOUNDS, counts, *sum);
            }
        }
    }

    fn process(&self, text: &mut Text) {
        let uptime = self.uptime.as_secs();
        let help = "Seconds since the server began.";
        text.gauge("holdline_uptime_seconds", help, uptime);
        let process = &self.process;
        let help = "Resident memory of the process.";
        text.known(
            "process_resident_memory_bytes",
            Kind::Gauge,
            help,
            process.resident,
        );
        let help = "Files of the process that are open, sockets included.";
        text.known("process_open_fds", Kind::Gauge, help, process.open_files);
        let help = "Files that the process may have open.";
        text.known("process_max_fds", Kind::Gauge, help, process.max_files);
        let help = "Time of the process on processors.";
        let cpu = process.cpu.as_ref().map(Duration::as_secs_f64);
        text.known("process_cpu_seconds", Kind::Counter, help, cpu);
        let help = "When the process began, since 1970.";
        let started = process.started.as_ref().map(Duration::as_secs_f64);
        text.known("process_start_time_seconds", Kind::Gauge, help, started);
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Gauge,
    Counter,
    Histogram,
}

struct Text {
    out: String,
    format: Format,
}

impl Text {
    /// `family` is without the `_total` suffix of a counter's samples.
    fn head(&mut self, family: &str, kind: Kind, help: &str) {
        // Prometheus' own format uses the name of a counter's samples here, OpenMetrics the name of the family.
        let suffix = match (kind, self.format) {
            (Kind::Counter, Format::Prometheus) => "_total",
            _ => "",
        };
        let kind = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
            Kind::Histogram => "histogram",
        };
        self.line(format_args!("# HELP {family}{suffix} {help}"));
        self.line(format_args!("# TYPE {family}{suffix} {kind}"));
    }

    fn gauge(&mut self, family: &str, help: &str, value: impl fmt::Display) {
        self.known(family, Kind::Gauge, help, Some(value));
    }

    fn counter(&mut self, family: &str, help: &str, value: impl fmt::Display) {
        self.known(family, Kind::Counter, help, Some(value));
    }

    /// Writes nothing if the value is not known.
    fn known(&mut self, family: &str, kind: Kind, help: &str, value: Option<impl fmt::Display>) {
        let Some(value) = value else {
            return;
        };
        let suffix = match kind {
            Kind::Counter => "_total",
            _ => "",
        };
        self.head(family, kind, help);
        self.line(format_args!("{family}{suffix} {value}"));
    }

    fn each(
        &mut self,
        name: &str,
        label: &str,
        values: impl IntoIterator<Item = (impl fmt::Display, u64)>,
    ) {
        for (of, value) in values {
            self.line(format_args!("{name}{{{label}=\"{of}\"}} {value}"));
        }
    }

    /// `counts` has one entry more than `bounds`. `label` is an additional label, or empty.
    fn histogram(
        &mut self,
        name: &str,
        label: &str,
        bounds: &[Duration],
        counts: &[u64],
        sum: Duration,
    ) {
        let (comma, all) = match label {
            "" => ("", String::new()),
            label => (",", format!("{{{label}}}")),
        };
        let mut total = 0;
        let bounds = bounds.iter().map(|bound| bound.as_secs_f64().to_string());
        for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(counts) {
            total += count;
            self.line(format_args!(
                "{name}_bucket{{{label}{comma}le=\"{bound}\"}} {total}"
            ));
        }
        self.line(format_args!("{name}_count{all} {total}"));
        self.line(format_args!("{name}_sum{all} {}", sum.as_secs_f64()));
    }

    fn line(&mut self, line: fmt::Arguments<'_>) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.out, "{line}");
    }
}
