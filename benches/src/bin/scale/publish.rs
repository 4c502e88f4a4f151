//! What it costs a publisher that a message is kept: in memory, on the disk, in a broker.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use holdline_benches::child::Child;

use crate::keeper::{KEEPERS, Keeper};

/// All take turns, each round with fresh directories.
pub(crate) fn publish(is_quick: bool) -> Result<(), Box<dyn Error>> {
    let (rounds, time) = match is_quick {
        true => (1, Duration::from_millis(500)),
        false => (5, Duration::from_secs(2)),
    };
    let mut keepers = Vec::new();
    for keeper in KEEPERS {
        match keeper.is_there() {
            true => keepers.push((keeper, Vec::new())),
            false => println!(
                "{} is left out: its server is not installed here.\n",
                keeper.name
            ),
        }
    }
    for _ in 0..rounds {
        for (keeper, results) in &mut keepers {
            results.push(measure(keeper, time)?);
        }
    }
    println!(
        "| 200 bytes, median of {rounds} | 1 publisher: p50 | p99 | a second | 8: a second | 100: a second |"
    );
    println!("|---|---:|---:|---:|---:|---:|");
    for (keeper, results) in &keepers {
        let middle = |part: fn(&Figures) -> f64| {
            let mut parts: Vec<f64> = results.iter().map(part).collect();
            parts.sort_by(f64::total_cmp);
            parts[parts.len() / 2]
        };
        println!(
            "| {} | {:.2} ms | {:.2} ms | {:.0} | {:.0} | {:.0} |",
            keeper.name,
            middle(|figures| figures.median),
            middle(|figures| figures.late),
            middle(|figures| figures.rates[0]),
            middle(|figures| figures.rates[1]),
            middle(|figures| figures.rates[2]),
        );
    }
    Ok(())
}

/// What one round gave.
struct Figures {
    /// Milliseconds from the request to its answer, for half and for 99 of 100 messages of one publisher.
    median: f64,
    late: f64,
    /// Messages a second, of each number of publishers.
    rates: [f64; PUBLISHERS.len()],
}

const PUBLISHERS: [usize; 3] = [1, 8, 100];

fn measure(keeper: &Keeper, time: Duration) -> Result<Figures, Box<dyn Error>> {
    let running = keeper.start()?;
    let options: Vec<&str> = running.options.iter().map(String::as_str).collect();
    let server = Child::program("127.0.0.1", &options)?;
    // So that everything is there that is made with the first message.
    Publisher::connect(server.address)?.publish()?;
    let (mut alone, mut rates) = (Vec::new(), [0.0; PUBLISHERS.len()]);
    for (count, rate) in PUBLISHERS.into_iter().zip(&mut rates) {
        let mut delays = publish_at_once(server.address, count, time)?;
        *rate = delays.len() as f64 / time.as_secs_f64();
        if count == 1 {
            delays.sort_unstable();
            alone = delays;
        }
    }
    let at = |part: f64| {
        let index = (alone.len() as f64 * part) as usize;
        alone
            .get(index)
            .map_or(0.0, |delay| delay.as_secs_f64() * 1e3)
    };
    Ok(Figures {
        median: at(0.5),
        late: at(0.99),
        rates,
    })
}

/// Each publishes the next message when it has its answer. Returns the times of all that were answered.
fn publish_at_once(address: SocketAddr, count: usize, time: Duration) -> io::Result<Vec<Duration>> {
    let publishers: Vec<_> = (0..count)
        .map(|_| Publisher::connect(address))
        .collect::<io::Result<_>>()?;
    let all_are_ready = Barrier::new(count);
    thread::scope(|scope| {
        let threads: Vec<_> = publishers
            .into_iter()
            .map(|mut publisher| {
                let all_are_ready = &all_are_ready;
                scope.spawn(move || {
                    all_are_ready.wait();
                    let (start, mut delays) = (Instant::now(), Vec::new());
                    while start.elapsed() < time {
                        delays.push(publisher.publish()?);
                    }
                    Ok::<_, io::Error>(delays)
                })
            })
            .collect();
        let mut all = Vec::new();
        for thread in threads {
            let panicked = |_| io::Error::other("a publisher panicked");
            all.extend(thread.join().map_err(panicked)??);
        }
        Ok(all)
    })
}

/// A connection that is kept.
struct Publisher {
    stream: BufReader<TcpStream>,
    request: Vec<u8>,
}

impl Publisher {
    fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let body = "a message ".repeat(20);
        let request = format!(
            "POST /channels/news HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Ok(Self {
            stream: BufReader::new(stream),
            request: request.into_bytes(),
        })
    }

    /// Returns how long the answer took. Whatever is not 200 is an error.
    fn publish(&mut self) -> io::Result<Duration> {
        let start = Instant::now();
        self.stream.get_mut().write_all(&self.request)?;
        let (mut line, mut length, mut is_first) = (String::new(), 0, true);
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            if is_first && !line.starts_with("HTTP/1.1 200 ") {
                return Err(io::Error::other(format!("a message was not taken: {line}")));
            }
            is_first = false;
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(start.elapsed())
    }
}

/// No machine is so slow.
const PATIENCE: Duration = Duration::from_secs(60);
