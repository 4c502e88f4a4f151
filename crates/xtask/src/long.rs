//! The long forms of tests, which take too long for each run of `cargo xtask test`.

use anyhow::{Context, Result, bail};

use crate::process::{cargo, target_dir};

struct Long {
    name: &'static str,
    about: &'static str,
    /// What follows `cargo test`: the packages, the features and the profile.
    build: &'static str,
    /// Which of these tests, by a part of their name.
    filter: &'static str,
    /// They start the built program.
    needs_program: bool,
    /// They start examples of `holdline-net`.
    needs_examples: bool,
}

const ALL: &[Long] = &[
    Long {
        name: "abuse",
        about: "the server attacked for minutes, while good clients must not notice (Linux)",
        build: "-p holdline-e2e --test abuse",
        filter: "",
        needs_program: true,
        needs_examples: false,
    },
    Long {
        name: "chaos",
        about: "ten minutes of holdline.js in Chromium, behind a proxy that changes its mood",
        build: "-p holdline-e2e --test client",
        filter: "chaos::",
        needs_program: true,
        needs_examples: false,
    },
    Long {
        name: "cluster",
        about: "50,000 messages with --data, Redis and NATS, while servers and brokers are killed",
        build: "-p holdline-e2e --test cluster",
        filter: "",
        needs_program: true,
        needs_examples: false,
    },
    Long {
        name: "crash",
        about: "the server with --data killed a hundred times under load",
        build: "-p holdline-e2e --test durable",
        filter: "crashes::",
        needs_program: true,
        needs_examples: false,
    },
    Long {
        name: "deflate",
        about: "zlib-rs reads what we compress: all sizes to 300 KiB, for each option",
        build: "-p holdline-websocket --all-features --test foreign_deflate",
        filter: "",
        needs_program: false,
        needs_examples: false,
    },
    Long {
        name: "event-stream-limits",
        about: "small limits of an event stream, at every cut of more kinds of lines",
        build: "-p holdline-sse --test sse",
        filter: "every_small_limit_is_met",
        needs_program: false,
        needs_examples: false,
    },
    Long {
        name: "power-cuts",
        about: "a disk that loses what was not synced, in part and in any order, a thousand times",
        build: "-p holdline --bin holdline",
        filter: "a_power_cut_loses_nothing",
        needs_program: false,
        needs_examples: false,
    },
    Long {
        name: "random-clients",
        about: "300 servers with random limits: what random requests get is compared with what was published",
        build: "-p holdline-e2e --test random_clients",
        filter: "",
        needs_program: true,
        needs_examples: false,
    },
    Long {
        name: "soak",
        about: "twenty minutes of clients that come and go over all transports (Linux)",
        build: "-p holdline-e2e --test soak",
        filter: "",
        needs_program: true,
        needs_examples: false,
    },
    Long {
        name: "testsuite",
        about: "the public WebSocket suite, for hours (Python 2.7, see tests/conformance/testsuite.rs)",
        build: "-p holdline-e2e --test conformance",
        filter: "testsuite::",
        needs_program: true,
        needs_examples: true,
    },
    Long {
        name: "vanished",
        about: "peers whose cable was pulled, in a network of their own (Linux, unshare, ip)",
        build: "-p holdline-net --test event_loop",
        filter: "vanished",
        needs_program: false,
        needs_examples: false,
    },
];

/// Runs the long form of one test. Without a name, prints which tests there are.
///
/// # Errors
/// When there is none with this name, or it fails.
pub(crate) fn run(name: Option<&str>) -> Result<()> {
    let Some(name) = name else {
        print!("{}", list());
        return Ok(());
    };
    let long = ALL.iter().find(|long| long.name == name);
    let long =
        long.with_context(|| format!("there is no long test `{name}`; there are:\n{}", list()))?;
    let Long { build, filter, .. } = long;
    // Cargo does not complain if nothing matches the filter.
    let tests = cargo(&format!("test {build} -- {filter} --list")).stdout()?;
    if !tests.lines().any(|line| line.ends_with(": test")) {
        bail!(
            "`cargo test {build}` has no test named like `{filter}`: correct the table of long tests"
        );
    }
    let mut tests = cargo(&format!("test {build} -- {filter} --nocapture"));
    if long.needs_program {
        cargo("build --release -p holdline").run()?;
        tests = tests.env("HOLDLINE_BIN", target_dir().join("release/holdline"));
    }
    if long.needs_examples {
        cargo("build --release -p holdline-net --features deflate --examples").run()?;
        tests = tests.env("HOLDLINE_EXAMPLES", target_dir().join("release/examples"));
    }
    tests.env("HOLDLINE_LONG", "1").run()
}

fn list() -> String {
    let lines = ALL
        .iter()
        .map(|long| format!("  {:<20} {}\n", long.name, long.about));
    lines.collect()
}
