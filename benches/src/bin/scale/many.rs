//! More connections than a process may have: several servers, each on an address of its own, with a process of
//! subscribers each.

use std::env;
use std::error::Error;
use std::io::{self, BufRead, BufReader, Lines, Write};
use std::process::{ChildStdout, Command, Stdio};
use std::time::Instant;

use holdline_benches::child::{Child, Killed, most_files};

use crate::crowd::Crowd;
use crate::kernel;

/// Holds event streams at several servers at once, and publishes one message at each at last.
pub(crate) fn many(is_quick: bool) -> Result<(), Box<dyn Error>> {
    let (servers, wanted) = if is_quick { (2, 1_000) } else { (7, 15_000) };
    let count = wanted.min(most_files()?.saturating_sub(200));
    let (kernel, start) = (kernel::memory()?, Instant::now());
    let mut pairs = Vec::new();
    for number in 0..servers {
        let server = Child::program(&format!("127.0.1.{}", number + 1), &["--heartbeat", "1h"])?;
        let resident = server.resident()?;
        let holder = Holder::start(&server, count)?;
        pairs.push((server, holder, resident));
    }
    for (_, holder, _) in &mut pairs {
        holder.line()?;
    }
    let took = start.elapsed().as_secs_f64();
    let all = servers * count;
    let mut grown = 0;
    for (server, _, resident) in &pairs {
        grown += server.resident()?.saturating_sub(*resident);
    }
    let kernel = kernel::memory()?.saturating_sub(kernel);
    let mut received = 0;
    for (_, holder, _) in &mut pairs {
        holder.go_on()?;
        received += holder.line()?.parse::<usize>()?;
    }
    println!("- {all} event streams at {servers} servers, held after {took:.1} s");
    println!(
        "- resident bytes of the servers a connection: {:.0}",
        grown as f64 / all as f64
    );
    println!(
        "- kernel bytes a socket, two for a connection: {:.0}",
        kernel as f64 / (2 * all) as f64
    );
    println!("- a message to each: {received} received");
    Ok(())
}

/// What [`Holder`] starts: holds, says so, waits for a line, publishes, says how many received.
pub(crate) fn hold(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [address, count] = arguments else {
        return Err("usage: scale hold ADDRESS COUNT".into());
    };
    let mut crowd = Crowd::gather(address.parse()?, "sse", count.parse()?)?;
    crowd.read_openings()?;
    println!("held");
    io::stdin().lock().read_line(&mut String::new())?;
    println!("{}", crowd.publish_and_receive()?);
    Ok(())
}

/// Ends when its input does, at the latest when this is dropped.
struct Holder {
    process: Killed,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Holder {
    fn start(server: &Child, count: usize) -> io::Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .args(["hold", &server.address.to_string(), &count.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            process: Killed(process),
            lines: BufReader::new(stdout).lines(),
        })
    }

    fn line(&mut self) -> io::Result<String> {
        let ended = || io::Error::other("a process of subscribers has ended");
        self.lines.next().ok_or_else(ended)?
    }

    fn go_on(&mut self) -> io::Result<()> {
        let stdin = self
            .process
            .0
            .stdin
            .as_mut()
            .ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(b"\n")
    }
}
