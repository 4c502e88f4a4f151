//! Compares our codecs with libraries of Python and Node, for those who come from there.

use anyhow::{Context, Result};

use crate::bench::{machine, show_time, write_section};
use crate::process::{Program, cargo, root, target_dir};

/// Measures the libraries that are installed, prints the table and writes it to `docs/benchmarks.md`.
pub(crate) fn run() -> Result<()> {
    cargo("build --profile bench -p holdline-benches --bin others").run()?;
    let program = target_dir().join("release").join("others");
    let scripts = ["bench.py", "bench.js"].map(|script| root().join("benches/others").join(script));
    let table = table(&Program::new(program, scripts).run_stdout()?)?;
    println!("{table}");
    if table.lines().count() == 2 {
        println!(
            "\nNone of the libraries is installed, so nothing is written. What installs them is in the page."
        );
        return Ok(());
    }
    let machine = machine();
    let section = format!("{machine}\n\nCommand: `cargo xtask bench-others`.\n\n{table}");
    write_section("others", &section)
}

fn table(output: &str) -> Result<String> {
    let mut rows = vec![
        "| case | ours | library | | it / ours |".to_owned(),
        "|---|--:|---|--:|--:|".to_owned(),
    ];
    let mut ours = Vec::new();
    for line in output.lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let [case, library, time] = fields[..] else {
            anyhow::bail!("not as `others` prints it: {line}");
        };
        let time: f64 = time.parse()?;
        if library == "holdline" {
            ours.push((case, time));
            continue;
        }
        let (_, our_time) = ours
            .iter()
            .find(|(of, _)| *of == case)
            .context("ours first")?;
        rows.push(format!(
            "| {case} | {} | {library} | {} | {:.0} |",
            show_time(Some(*our_time)),
            show_time(Some(time)),
            time / our_time
        ));
    }
    Ok(rows.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_library_is_compared_with_ours_of_the_same_case() {
        let output = "a\tholdline\t50\nb\tholdline\t100\na\th11 0.16.0, Python 3.11\t5000.5\n";
        let table = table(output).unwrap();
        let rows: Vec<_> = table.lines().skip(2).collect();
        assert_eq!(
            rows,
            ["| a | 50.0 ns | h11 0.16.0, Python 3.11 | 5000 ns | 100 |"]
        );
        assert!(super::table("a\th11\t1\n").is_err());
    }
}
