//! Compares whole servers with their peers: CPU time per request.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result};

use crate::bench::{Ratio, machine, median, versions, write_section};
use crate::process::{Program, cargo, target_dir};

/// Measures, prints the table and writes it to `docs/benchmarks.md`.
pub(crate) fn run(quick: bool) -> Result<()> {
    cargo("build --profile bench -p holdline-benches --bins").run()?;
    let program = target_dir().join("release").join("servers");
    let arguments: &[&str] = if quick { &["--quick"] } else { &[] };
    println!("$ {} {}", program.display(), arguments.join(" "));
    let output = Program::new(program, arguments).stdout()?;
    let table = table(&output)?;
    println!("{table}");
    let command = if quick {
        "cargo xtask bench-servers --quick"
    } else {
        "cargo xtask bench-servers"
    };
    let mut peers = versions(PEERS)?;
    if let Ok(nginx) = Command::new("nginx").arg("-v").output() {
        // It prints `nginx version: nginx/1.22.1` on standard error.
        let said = String::from_utf8_lossy(&nginx.stderr);
        let version = said.trim().rsplit('/').next().unwrap_or_default();
        peers = format!("{peers}, nginx {version}");
    }
    if let Ok(h2o) = Command::new("h2o").arg("--version").output() {
        // It prints `h2o version 2.2.5`, and more lines.
        let said = String::from_utf8_lossy(&h2o.stdout);
        let version = said.split_whitespace().nth(2).unwrap_or_default();
        peers = format!("{peers}, h2o {version}");
    }
    write_section(
        "servers",
        &format!(
            "{}\n\nCommand: `{command}`. Peers: {peers}.\n\n{table}",
            machine()
        ),
    )
}

const PEERS: &[&str] = &[
    "axum",
    "fastwebsockets",
    "hyper",
    "may_minihttp",
    "tokio-tungstenite",
    "tungstenite",
];

const OURS: &str = "holdline-net";

/// Our CPU time divided by a peer's: case, limit, peer.
const MARKS: &[(&str, f64, &str)] = &[
    ("plain GET", 1.0, "may_minihttp"),
    ("plain GET", 0.9, "hyper"),
    ("GET, 16 pipelined", 1.0, "may_minihttp"),
    ("GET, 16 pipelined", 0.5, "hyper"),
    ("echo 125 B, depth 1", 1.0, "fastwebsockets"),
    ("echo 125 B, depth 16", 0.15, "fastwebsockets"),
    ("echo 1 MiB, depth 1", 1.0, "fastwebsockets"),
    ("event to 1000 receivers", 0.7, "axum"),
    ("event to 10000 receivers", 0.7, "axum"),
];

/// CPU and wall time of each server, in the order of rounds.
type Servers = BTreeMap<String, Vec<(f64, f64)>>;

fn table(output: &str) -> Result<String> {
    let mut cases: Vec<(String, Servers)> = Vec::new();
    for line in output.lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let [case, server, cpu, wall] = fields[..] else {
            anyhow::bail!("not as `servers` prints it: {line}");
        };
        if cases.last().is_none_or(|(last, _)| last != case) {
            cases.push((case.to_owned(), Servers::new()));
        }
        let (_, servers) = cases.last_mut().context("a case")?;
        let rounds = servers.entry(server.to_owned()).or_default();
        rounds.push((cpu.parse()?, wall.parse()?));
    }
    let mut rows = vec![
        "| case | server | CPU per request | wall | holdline-net / it | min–max | mark | |"
            .to_owned(),
        "|---|---|--:|--:|--:|--:|---|---|".to_owned(),
    ];
    for (case, servers) in &cases {
        let ours = servers.get(OURS).context("holdline-net in each case")?;
        for (server, rounds) in servers {
            let (cpu, wall): (Vec<_>, Vec<_>) = rounds.iter().copied().unzip();
            let pairs = ours.iter().zip(rounds);
            let ratios = pairs.map(|((ours, _), (theirs, _))| ours / theirs);
            let ratio = Ratio::of(ratios.collect()).context("at least one round")?;
            let mark = MARKS
                .iter()
                .find(|(of, _, peer)| of == case && peer == server);
            let (mark, verdict) = mark.map_or((String::new(), ""), |(_, limit, _)| {
                (
                    format!("≤ {limit}"),
                    if ratio.median <= *limit {
                        "met"
                    } else {
                        "missed"
                    },
                )
            });
            let (ratio, spread) = if server == OURS {
                (String::new(), String::new())
            } else {
                (ratio.to_string(), ratio.spread())
            };
            rows.push(format!(
                "| {case} | {server} | {:.0} ns | {:.0} ns | {ratio} | {spread} | {mark} | {verdict} |",
                median(cpu).context("at least one round")?,
                median(wall).context("at least one round")?,
            ));
        }
    }
    Ok(rows.join("\n"))
}
