//! Measures libraries of Python and Node beside ours: `others PYTHON_SCRIPT NODE_SCRIPT`.
//!
//! Some of our cases' inputs go to files in a folder of their own, and `cases` lists them: case, number of items,
//! file. The scripts read them, and print the times of the libraries that are installed and what came out, which
//! must be what comes out of ours. It prints `case`, library, nanoseconds per item, with tabs between; ours first.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use holdline_benches::{Case, Digest, OURS, Tally, cases, inputs};

fn main() -> Result<(), Box<dyn Error>> {
    let scripts: Vec<String> = env::args().skip(1).collect();
    let [python, node] = &scripts[..] else {
        return Err("usage: others PYTHON_SCRIPT NODE_SCRIPT".into());
    };
    let folder = tempfile::tempdir()?;
    let mut list = String::new();
    let mut ours = Vec::new();
    for (number, (id, bytes)) in inputs().into_iter().enumerate() {
        let case = cases().into_iter().find(|case| case.id() == id);
        let case = case.ok_or("an input without a case")?;
        fs::write(folder.path().join(number.to_string()), bytes)?;
        writeln!(list, "{id}\t{}\t{number}", case.items)?;
        println!("{id}\t{OURS}\t{}", measure(&case));
        ours.push((id, case.digest(&case.contestants()[0])));
    }
    fs::write(folder.path().join("cases"), list)?;
    for (program, script) in [("python3", python), ("node", node)] {
        for line in run(program, script, folder.path())?.lines() {
            println!("{}", checked(line, &ours)?);
        }
    }
    Ok(())
}

/// The median of some runs, in nanoseconds per item.
fn measure(case: &Case) -> f64 {
    let contestants = case.contestants();
    let mut tally = Tally::default();
    let mut times: Vec<_> = (0..21)
        .map(|_| {
            let start = Instant::now();
            contestants[0].run(&mut tally);
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2].as_nanos() as f64 / case.items as f64
}

/// What the script prints. A program that is not installed prints nothing.
fn run(program: &str, script: &str, folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut command = Command::new(program);
    command.arg(script).arg(folder).stderr(Stdio::inherit());
    let output = match command.output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("{program} is not installed, and left out");
            return Ok(String::new());
        }
        output => output?,
    };
    if !output.status.success() {
        return Err(format!("{program} {script} ended with {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Case, library and time of a line, if what came out there is what comes out of ours.
fn checked(line: &str, ours: &[(&str, Digest)]) -> Result<String, Box<dyn Error>> {
    let fields: Vec<_> = line.split('\t').collect();
    let [case, library, time, items, bytes, hash] = fields[..] else {
        return Err(format!("not as the scripts print it: {line}").into());
    };
    let expected = ours.iter().find(|(id, _)| *id == case);
    let (_, expected) = expected.ok_or("a case that nobody asked for")?;
    let digest = (
        items.parse()?,
        bytes.parse()?,
        u64::from_str_radix(hash, 16)?,
    );
    if digest != (expected.items, expected.bytes, expected.hash) {
        return Err(format!("{case}: {library} produces {digest:?}, and ours {expected:?}").into());
    }
    let time: f64 = time.parse()?;
    Ok(format!("{case}\t{library}\t{time}"))
}
