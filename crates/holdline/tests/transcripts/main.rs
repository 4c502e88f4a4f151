//! What README and book show of the program: each command of their blocks `console` is run, and must print what stands
//! there. Those of blocks `sh`, which show nothing, must be accepted.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod compare;
mod page;
mod session;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use page::{Block, Shown, blocks};
use session::Session;

/// Commands that are not run: how they begin, and why.
const LEFT_OUT: [(&str, &str); 14] = [
    (
        "python3 -m http.server ",
        "serves the page that the reader has written",
    ),
    (
        "cargo ",
        "compiles for minutes; `pages` of holdline-docs looks whether what it names is there",
    ),
    ("rustup ", "installs"),
    ("target/release/", "measures for minutes"),
    ("printf '\\000\\001", "begins a fuzzer"),
    (
        "holdline bench ",
        "takes half a minute; `bench` runs a smaller one",
    ),
    (
        "holdline --broker ",
        "needs Redis; `broker_redis` of holdline-e2e has one",
    ),
    (
        "holdline --listen 127.0.0.1:8081 --broker ",
        "needs NATS; `broker_nats` of holdline-e2e has one",
    ),
    ("holdline --listen 127.0.0.1:8082 --broker ", "the same"),
    (
        "holdline --feed ",
        "needs Redis; `feed` of holdline-e2e has one",
    ),
    (
        "tcpdump ",
        "is for root; `inspecting` reads a capture of its own",
    ),
    (
        "holdline decode connection --pcap ",
        "reads what tcpdump has written",
    ),
    (
        "holdline decode websocket --hex ",
        "reads what is typed; `decode` gives it dumps",
    ),
    (
        "curl -siN ",
        "shows what came within a second, which on a busy machine is nothing",
    ),
];

/// What is run instead of something: what stands there, what is run, and why.
const INSTEAD: [(&str, &str, &str); 5] = [
    ("cargo run --release  ", "holdline  ", "it is built"),
    ("cargo run --release -- ", "holdline ", "it is built"),
    (
        "vmstat 1 |",
        "printf 'one\\ntwo\\n' |",
        "it never ends, and is not everywhere",
    ),
    (
        "timeout 1 curl ",
        "curl ",
        "it is ended when it has printed what is shown",
    ),
    (
        "holdline proxy ",
        "holdline proxy --listen 127.0.0.1:0 ",
        "its port may be taken",
    ),
];

/// README, the chapters, and what stands beside each crate.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders: Vec<_> = ["", "docs", "fuzz", "recipes"]
        .map(|name| root.join(name))
        .into();
    folders.extend(
        fs::read_dir(root.join("crates"))
            .unwrap()
            .map(|entry| entry.unwrap().path()),
    );
    let files = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap());
    let files = files.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .collect();
    files.sort();
    files
}

/// A command as it is run.
fn to_run(shown: &Shown) -> String {
    let mut command = shown.command.clone();
    for (from, to, _) in INSTEAD {
        command = command.replace(from, to);
    }
    command
}

fn begins_a_server(command: &str) -> bool {
    let rest = command
        .split(" #")
        .next()
        .unwrap_or(command)
        .trim_end()
        .strip_prefix("holdline");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" -"))
}

fn goes_on_for_ever(command: &str) -> bool {
    let is_unbuffered =
        |word: &str| word.starts_with('-') && !word.starts_with("--") && word.contains('N');
    command.starts_with("holdline subscribe ")
        || command.starts_with("holdline proxy ")
        || (command.starts_with("curl ") && command.split(' ').any(is_unbuffered))
}

fn run(
    session: &mut Session,
    block: &Block,
    shown: &Shown,
    meanwhile: &mut Vec<&str>,
) -> Result<(), String> {
    let command = to_run(shown);
    if begins_a_server(&command) {
        let came = session.serve(&command);
        // Another block shows what it says.
        return match shown.printed.is_empty() {
            true => Ok(()),
            false => session.compare(shown, &came),
        };
    }
    if goes_on_for_ever(&command) {
        return session.goes_on(shown, &command, &std::mem::take(meanwhile));
    }
    if !block.is_console {
        return session.ends_well(&command);
    }
    let came = session.ends(&command)?;
    session.compare(shown, &came)
}

#[test]
fn each_command_prints_what_is_shown_below_it() {
    let (mut not_met, mut count) = (BTreeSet::from(LEFT_OUT.map(|(begin, _)| begin)), 0);
    let mut faults = Vec::new();
    for path in pages() {
        let mut session = Session::new();
        for block in blocks(&path) {
            let is_left_out = |shown: &Shown| {
                let command = to_run(shown);
                LEFT_OUT
                    .iter()
                    .map(|(begin, _)| *begin)
                    .find(|begin| command.starts_with(begin))
            };
            if block
                .commands
                .iter()
                .all(|shown| is_left_out(shown).is_some())
            {
                assert!(
                    block.notes.is_empty(),
                    "{}: notes and nothing to run",
                    path.display()
                );
            } else {
                session.prepare(&block);
            }
            let mut meanwhile: Vec<&str> = block.notes("during").collect();
            for shown in &block.commands {
                if let Some(begin) = is_left_out(shown) {
                    not_met.remove(begin);
                    continue;
                }
                count += 1;
                if let Err(fault) = run(&mut session, &block, shown, &mut meanwhile) {
                    faults.push(format!(
                        "{}:{}: {}\n{fault}",
                        path.display(),
                        shown.line,
                        shown.command
                    ));
                }
            }
            assert!(
                meanwhile.is_empty(),
                "{}: nothing goes on during this",
                path.display()
            );
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(count >= 60, "{count} commands");
    assert!(
        not_met.is_empty(),
        "no page has these any more: {not_met:?}"
    );
}
