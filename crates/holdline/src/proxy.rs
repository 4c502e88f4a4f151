//! `holdline proxy`: forwards connections, and explains what goes through them.
//!
//! Each connection has two threads, one for each direction. A thread reads, has explained what it read, and writes it
//! on before it reads again. So nothing is read faster than it can be written, and the order of what is shown is the
//! order of what happened. What is forwarded is what was read: the explanation gets a copy.

mod connection;
mod shown;

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::config::ProxyArguments;
use crate::inspect::{Style, colour, width};
use crate::signals::{self, Wish};

use self::connection::Connection;
use self::shown::{Output, Shown};

/// Forwards until a signal ends it. Exit codes: 0, or 2 if it cannot begin.
pub(crate) fn run(arguments: &ProxyArguments) -> ExitCode {
    match serve(arguments) {
        Ok(never) => match never {},
        Err(problem) => {
            eprintln!("holdline: {problem}");
            ExitCode::from(2)
        }
    }
}

enum Never {}

fn serve(arguments: &ProxyArguments) -> Result<Never, String> {
    let listen = resolve(&arguments.listen.to_string())?;
    if let Some(address) = listen.iter().find(|address| !address.ip().is_loopback())
        && !arguments.public
    {
        return Err(format!(
            "others can reach {address}, and through the proxy the server: give --public if they may"
        ));
    }
    let to = resolve(&arguments.to.to_string())?;
    let failed = |error: io::Error| format!("cannot listen on {}: {error}", arguments.listen);
    let listener = TcpListener::bind(&listen[..]).map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    if to.contains(&local) {
        return Err(format!("{local} is the proxy itself"));
    }
    let output = output(arguments)?;
    stop_with_signals(&output)?;
    eprintln!("holdline: http://{local} goes to {}", arguments.to);
    let places = Arc::new(Places::new(arguments.max_connections.get()));
    let mut number = 0;
    loop {
        let place = Place::take(&places);
        let client = accept(&listener);
        number += 1;
        let shown = Shown::new(number, arguments, Arc::clone(&output));
        let to = to.clone();
        let forward = move || {
            Connection::new(client, shown).run(&to);
            drop(place);
        };
        let thread = std::thread::Builder::new().name(format!("connection {number}"));
        if let Err(error) = thread.spawn(forward) {
            // The connection is closed and its place is free again: `forward`, which had them, is gone.
            shown::say(number, &shown::without_thread(&error));
        }
    }
}

fn resolve(address: &str) -> Result<Vec<SocketAddr>, String> {
    let addresses: Vec<SocketAddr> = address
        .to_socket_addrs()
        .map_err(|error| format!("{address}: {error}"))?
        .collect();
    match addresses.is_empty() {
        true => Err(format!("{address} has no address")),
        false => Ok(addresses),
    }
}

/// The next client. An error such as too many open files passes.
fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept() {
            Ok((client, _)) => return client,
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(error) => {
                eprintln!("holdline: cannot accept a connection: {error}");
                std::thread::sleep(Duration::from_millis(200));
            }
        }
    }
}

fn output(arguments: &ProxyArguments) -> Result<Arc<Mutex<Output>>, String> {
    let (sink, colour): (Box<dyn Write + Send>, bool) = match &arguments.output {
        None => (Box::new(io::stdout()), colour()),
        Some(path) => {
            let file = File::create(path)
                .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
            (Box::new(file), false)
        }
    };
    let style = match arguments.json {
        true => Style::Items,
        false => Style::text(colour, width(arguments.width)),
    };
    Ok(Arc::new(Mutex::new(Output::new(
        BufWriter::new(sink),
        style,
    ))))
}

/// What was shown is written out before the program ends. Open connections end with it.
fn stop_with_signals(output: &Arc<Mutex<Output>>) -> Result<(), String> {
    let output = Arc::clone(output);
    signals::listen(move |wish| {
        if wish == Wish::Stop {
            output
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .flush();
            std::process::exit(0);
        }
    })
}

/// How many connections there may be.
struct Places {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Places {
    const fn new(count: usize) -> Self {
        Self {
            free: Mutex::new(count),
            freed: Condvar::new(),
        }
    }
}

/// One of them. It is given back when this is dropped.
struct Place(Arc<Places>);

impl Place {
    /// Takes a place, as soon as there is one.
    fn take(places: &Arc<Places>) -> Self {
        let free = places.free.lock().unwrap_or_else(PoisonError::into_inner);
        let free = places.freed.wait_while(free, |free| *free == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Self(Arc::clone(places))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut free = self.0.free.lock().unwrap_or_else(PoisonError::into_inner);
        *free += 1;
        self.0.freed.notify_one();
    }
}
