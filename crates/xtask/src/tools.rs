//! The programs that the tests need, which are not Rust.

use anyhow::{Result, bail};

use crate::process::{Program, is_installed};

/// Finds the tools. Missing ones are installed from Debian's packages if there is `apt-get` and we are root or can
/// become root without a password.
pub(crate) fn check() -> Result<()> {
    if missing().is_empty() {
        println!("found: {}", names(&TOOLS));
        return Ok(());
    }
    println!("missing: {}", names(&missing()));
    install()?;
    if !missing().is_empty() {
        bail!(
            "still missing after installing {}: {}",
            packages(&TOOLS),
            names(&missing())
        );
    }
    Ok(())
}

struct Tool {
    name: &'static str,
    /// The tool is there if this command succeeds; if this is empty, if its name is in PATH.
    proof: &'static [&'static str],
    /// The Debian package that has it.
    package: &'static str,
}

const TOOLS: [Tool; 12] = [
    Tool {
        name: "chromium",
        proof: &[],
        package: "chromium",
    },
    Tool {
        name: "chromedriver",
        proof: &[],
        package: "chromium-driver",
    },
    Tool {
        name: "curl",
        proof: &[],
        package: "curl",
    },
    Tool {
        name: "node",
        proof: &[],
        package: "nodejs",
    },
    // Prometheus' own parsers. They are for the system's Python, whichever Python comes first in PATH.
    Tool {
        name: "/usr/bin/python3 with prometheus_client",
        proof: &[
            "/usr/bin/python3",
            "-c",
            "import prometheus_client.openmetrics",
        ],
        package: "python3-prometheus-client",
    },
    // Somebody else's tokens.
    Tool {
        name: "/usr/bin/python3 with jwt",
        proof: &["/usr/bin/python3", "-c", "import jwt"],
        package: "python3-jwt",
    },
    // Reads the type declarations of the client for browsers.
    Tool {
        name: "tsc",
        proof: &[],
        package: "node-typescript",
    },
    // Proxies that the chapter on the server configures.
    Tool {
        name: "nginx",
        proof: &["/usr/sbin/nginx", "-v"],
        package: "nginx",
    },
    Tool {
        name: "haproxy",
        proof: &["/usr/sbin/haproxy", "-v"],
        package: "haproxy",
    },
    // The brokers. Their packages start one each, which the tests leave alone.
    Tool {
        name: "redis-server",
        proof: &[],
        package: "redis-server",
    },
    Tool {
        name: "nats-server",
        proof: &["/usr/sbin/nats-server", "--version"],
        package: "nats-server",
    },
    // Counts instructions, where a test would otherwise measure time.
    Tool {
        name: "valgrind",
        proof: &[],
        package: "valgrind",
    },
];

fn missing() -> Vec<Tool> {
    let missing = TOOLS.into_iter().filter(|tool| match tool.proof {
        [] => !is_installed(tool.name),
        [program, arguments @ ..] => !Program::new(program, arguments.iter().copied()).succeeds(),
    });
    missing.collect()
}

fn install() -> Result<()> {
    let missing = missing();
    let packages = packages(&missing);
    let by_hand = format!("install {} to have: {}", packages, names(&missing));
    if !is_installed("apt-get") {
        bail!("there is no apt-get here; please {by_hand}");
    }
    let become_root: &[&str] = if is_root() {
        &[]
    } else if Program::new("sudo", ["-n", "true"]).succeeds() {
        &["sudo", "-n"]
    } else {
        bail!("not root, and sudo is missing or asks for a password; please {by_hand}");
    };
    let apt_get = |arguments: &str| {
        let fixed = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
        let mut words = become_root
            .iter()
            .copied()
            .chain(fixed)
            .chain(arguments.split(' '));
        let program = words.next().unwrap_or("env");
        Program::new(program, words).run()
    };
    apt_get("update")?;
    apt_get(&format!("install --yes {packages}"))
}

fn is_root() -> bool {
    let id = Program::new("id", ["-u"]).stdout();
    id.is_ok_and(|id| id.trim() == "0")
}

fn names(tools: &[Tool]) -> String {
    let names: Vec<_> = tools.iter().map(|tool| tool.name).collect();
    names.join(", ")
}

fn packages(tools: &[Tool]) -> String {
    let packages: Vec<_> = tools.iter().map(|tool| tool.package).collect();
    packages.join(" ")
}
