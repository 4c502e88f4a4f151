//! A server to be measured: `server NAME` serves on a free port of 127.0.0.1, prints the port, and goes on until it
//! is killed. All use one thread, but where each connection has its own.

mod echo;
mod fan_out;
mod get;

use std::env;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::process::ExitCode;

fn main() -> ExitCode {
    let servers = [
        ("get-holdline-net", get::holdline as fn() -> io::Result<()>),
        ("get-hyper", get::hyper),
        ("get-axum", get::axum),
        ("get-may_minihttp", get::may_minihttp),
        ("get-nginx", get::nginx),
        ("get-h2o", get::h2o),
        ("echo-holdline-net", echo::holdline),
        ("echo-tungstenite", echo::tungstenite),
        ("echo-tokio-tungstenite", echo::tokio_tungstenite),
        ("echo-fastwebsockets", echo::fastwebsockets),
        ("fan-out-holdline-net", fan_out::holdline),
        ("fan-out-axum", fan_out::axum),
        ("fan-out-writes", fan_out::writes),
    ];
    let wanted = env::args().nth(1).unwrap_or_default();
    let Some((_, serve)) = servers.iter().find(|(name, _)| *name == wanted) else {
        let names: Vec<_> = servers.iter().map(|(name, _)| *name).collect();
        eprintln!("usage: server NAME, one of {}", names.join(", "));
        return ExitCode::from(2);
    };
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{wanted}: {error}");
            ExitCode::FAILURE
        }
    }
}

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Tells who started this where to connect.
fn announce(address: SocketAddr) -> io::Result<()> {
    println!("{}", address.port());
    io::stdout().flush()
}

/// holdline-net with a handler made by `make`.
fn serve_holdline<H: holdline_net::Handler>(
    make: impl Fn(holdline_net::Notifier) -> H + Sync,
) -> io::Result<()> {
    let mut config = holdline_net::Config::default();
    config.threads = NonZeroUsize::MIN;
    config.max_connections = 20_000;
    let server = holdline_net::Server::bind(ANY_PORT, config)?;
    announce(server.local_addr()?)?;
    server.run(make)
}

/// Runs `serve` with a listener on a runtime with one thread.
fn serve_tokio<F: Future<Output = io::Result<()>>>(
    serve: impl FnOnce(tokio::net::TcpListener) -> F,
) -> io::Result<()> {
    let listener = TcpListener::bind(ANY_PORT)?;
    listener.set_nonblocking(true)?;
    announce(listener.local_addr()?)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async { serve(tokio::net::TcpListener::from_std(listener)?).await })
}
