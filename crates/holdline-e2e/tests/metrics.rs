//! What the server tells of itself, read by parsers that are not ours: those of Prometheus' own client for Python, in
//! both of its formats.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};

use holdline_e2e::{Client, Server, Transport, publish, wait_for};
use serde_json::Value;

/// Prints what a parser makes of its standard input: name and type of each family, and its samples.
const PARSER: &str = "
import json, sys
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics
parse = (openmetrics if sys.argv[1] == 'openmetrics' else parser).text_string_to_metric_families
print(json.dumps([
    {'name': family.name, 'type': family.type, 'help': family.documentation,
     'samples': [[sample.name, sample.labels, sample.value] for sample in family.samples]}
    for family in parse(sys.stdin.read())]))
";

/// Families by name, as the parser has them.
fn parse(format: &str, text: &str) -> BTreeMap<String, Value> {
    let mut python = Command::new("/usr/bin/python3")
        .args(["-c", PARSER, format])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    python
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = python.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}\nin:\n{text}");
    let families: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let named = families
        .into_iter()
        .map(|family| (family["name"].as_str().unwrap().to_owned(), family));
    named.collect()
}

fn get(server: &Server, target: &str, accept: &str) -> (String, String) {
    let mut client = Client::connect(server.address()).unwrap();
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {}\r\nAccept: {accept}\r\n\r\n",
        server.address()
    );
    client.send(request).unwrap();
    let answer = client.answer("GET").unwrap();
    assert_eq!(answer.head.status, 200, "{answer:?}");
    assert_eq!(answer.head.get("Vary"), Some("Accept"), "{answer:?}");
    (
        answer.head.get("Content-Type").unwrap().to_owned(),
        answer.text(),
    )
}

fn sample(
    families: &BTreeMap<String, Value>,
    family: &str,
    name: &str,
    labels: &[(&str, &str)],
) -> f64 {
    let labels: BTreeMap<_, _> = labels.iter().copied().collect();
    let samples = families[family]["samples"].as_array().unwrap();
    let found = samples
        .iter()
        .find(|sample| sample[0] == name && sample[1] == serde_json::to_value(&labels).unwrap());
    found.unwrap_or_else(|| panic!("{name} {labels:?} in {samples:?}"))[2]
        .as_f64()
        .unwrap()
}

/// What Prometheus 3 sends.
const PROMETHEUS: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
    application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
    text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

#[test]
fn the_parsers_of_prometheus_read_both_formats_and_find_what_happened() {
    let server =
        Server::start(&["--history", "1", "--resume-window", "0s", "--threads", "2"]).unwrap();
    let mut reader = Client::connect(server.address()).unwrap();
    reader
        .send("GET /channels/a%22%7Dsecret/sse HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        .unwrap();
    reader.head().unwrap().unwrap();
    let mut publisher = Client::connect(server.address()).unwrap();
    for number in 0..5 {
        publish(&mut publisher, "a%22%7Dsecret", &number.to_string()).unwrap();
    }
    // A loss and a refusal.
    for target in [
        "/channels/a%22%7Dsecret/poll?since=1-1",
        "/channels/a/poll?since=secret",
    ] {
        let mut client = Client::connect(server.address()).unwrap();
        client
            .send(format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"))
            .unwrap();
        client.answer("GET").unwrap();
    }
    let openmetrics = || {
        let (kind, text) = get(&server, "/metrics", PROMETHEUS);
        assert_eq!(
            kind,
            "application/openmetrics-text; version=1.0.0; charset=utf-8"
        );
        assert!(text.ends_with("\n# EOF\n"), "{text}");
        (parse("openmetrics", &text), text)
    };
    wait_for("the deliveries to be counted", || {
        let (families, _) = openmetrics();
        let delivered = ("transport", "sse");
        let family = "holdline_messages_delivered";
        (sample(
            &families,
            family,
            "holdline_messages_delivered_total",
            &[delivered],
        ) >= 5.0)
            .then_some(())
    });
    let (families, text) = openmetrics();
    let value =
        |family: &str, name: &str, labels: &[(&str, &str)]| sample(&families, family, name, labels);
    assert_eq!(
        value(
            "holdline_messages_published",
            "holdline_messages_published_total",
            &[]
        ),
        5.0
    );
    assert_eq!(
        value(
            "holdline_subscribers",
            "holdline_subscribers",
            &[("transport", "sse")]
        ),
        1.0
    );
    assert_eq!(
        value(
            "holdline_lost",
            "holdline_lost_total",
            &[("reason", "gone")]
        ),
        1.0
    );
    assert_eq!(
        value(
            "holdline_errors",
            "holdline_errors_total",
            &[("code", "bad_cursor")]
        ),
        1.0
    );
    let delays = "holdline_delivery_delay_seconds";
    let count = value(delays, "holdline_delivery_delay_seconds_count", &[]);
    assert!((1.0..=5.0).contains(&count), "{count}");
    assert!(
        value(
            "process_resident_memory_bytes",
            "process_resident_memory_bytes",
            &[]
        ) > 1e6
    );
    // The server looks at itself once a second, the first time before it listens.
    wait_for("the server to look at its open files", || {
        let (families, _) = openmetrics();
        let value = |name: &str| sample(&families, name, name, &[]);
        let open = value("process_open_fds");
        assert!(open < value("process_max_fds"));
        (open > 5.0).then_some(())
    });
    assert!(value("holdline_sent_bytes", "holdline_sent_bytes_total", &[]) > 1000.0);
    for loop_ in ["0", "1"] {
        let name = "holdline_loop_turn_seconds";
        assert!(value(name, "holdline_loop_turn_seconds_count", &[("loop", loop_)]) > 0.0);
    }
    // Nothing of what a client said is in there.
    assert!(
        !text.contains("secret") && !text.contains("127.0.0.1"),
        "{text}"
    );

    // The older format has the same families and samples.
    let (kind, text) = get(&server, "/metrics", "*/*");
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    assert!(!text.contains("# EOF"));
    let plain = parse("plain", &text);
    let names = |families: &BTreeMap<String, Value>| -> BTreeSet<(String, String)> {
        let samples = families
            .values()
            .flat_map(|family| family["samples"].as_array().unwrap());
        samples
            .map(|sample| (sample[0].to_string(), sample[1].to_string()))
            .collect()
    };
    assert_eq!(names(&plain), names(&families));
    for (name, family) in &families {
        assert_eq!(plain[name]["type"], family["type"], "{name}");
        assert!(!family["help"].as_str().unwrap().is_empty(), "{name}");
    }
}

/// The server tells of each of its own.
#[test]
fn the_transports_of_these_tests_are_those_of_the_server() {
    let server = Server::start(&[]).unwrap();
    let (_, text) = get(&server, "/metrics", "text/plain");
    let label = |line: &str| {
        let rest = line.strip_prefix("holdline_subscribers{transport=\"")?;
        rest.split('"').next().map(str::to_owned)
    };
    let mut told: Vec<_> = text.lines().filter_map(label).collect();
    // It has no URL, and tests of its own.
    assert_eq!(told.pop().as_deref(), Some("socket"));
    assert_eq!(told, Transport::ALL.map(Transport::name));
}

#[test]
fn a_browser_gets_a_page_where_a_program_gets_json() {
    let server = Server::start(&[]).unwrap();
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let (kind, page) = get(&server, "/stats", browser);
    assert_eq!(kind, "text/html; charset=utf-8");
    assert!(page.starts_with("<!doctype html>"), "{page}");
    for program in [
        "*/*",
        "application/json",
        "text/html;q=0.1, application/json",
    ] {
        let (kind, text) = get(&server, "/stats", program);
        assert_eq!(kind, "application/json", "{program}");
        let stats: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(stats["published"], 0, "{stats}");
    }
}
