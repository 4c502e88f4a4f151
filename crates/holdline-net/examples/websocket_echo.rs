//! A WebSocket server that sends back every message, to point a client or a public test suite at.
//!
//!     cargo run --features deflate --example websocket_echo
//!     cargo run --example websocket_client ws://127.0.0.1:8000/ hello
//!
//! Two ways to write one: an event loop for each processor core, which serves any number of
//! connections, or, with `--threads`, a thread for each connection, which reads top-down.

use std::error::Error;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::{io, thread, time::Duration};

use holdline_net::blocking::websocket::{self, Choice, Message, Options, WebSocket};
use holdline_net::{Config, ConnectionId, Handler, Output, Progress, Request, Responder, Server};
use holdline_websocket::{DeflateOptions, handshake};

const USAGE: &str = "\
usage: websocket_echo [--threads] [ADDRESS]

Sends back every WebSocket message, up to 64 MiB, on any path of ws://ADDRESS/ (127.0.0.1:8000 when it
is left out), with permessage-deflate for clients that offer it. With --threads each connection has a
thread of its own; without, there is an event loop for each processor core.";

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let threads = arguments
        .first()
        .is_some_and(|option| option == "--threads");
    if threads {
        arguments.remove(0);
    }
    let address = match &arguments[..] {
        [] => "127.0.0.1:8000",
        [option] if option == "-h" || option == "--help" => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        [address] if !address.starts_with('-') => address,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    let serve = if threads { serve_threads } else { serve_loops };
    match serve(address) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{address}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve_loops(address: &str) -> Result<(), Box<dyn Error>> {
    let address: SocketAddr = address.parse()?;
    let mut config = Config::default();
    // Room for four of the longest at a time: each takes up to twice its length while it comes.
    config.max_upload_total = 8 * MAX_MESSAGE as usize;
    let server = Server::bind(address, config)?;
    println!("ws://{}/", server.local_addr()?);
    server.run(|_| Echo)?;
    Ok(())
}

/// The application on an event loop.
pub(crate) struct Echo;

impl Handler for Echo {
    /// What is kept for each connection: nothing.
    type Stream = ();

    fn request(&mut self, request: &Request<'_>, responder: Responder<'_, ()>) {
        let head = &request.head;
        // Any page on the web may open a WebSocket to any server. One that holds something private
        // must look at `handshake.origin_is_allowed` here, and answer 403.
        let answered = match handshake::server::accept(head.method(), head.headers().iter()) {
            // HTTP/1.0 knows no upgrade, whatever the fields say (RFC 9110 §7.8).
            Ok(_) if !head.is_upgrade("websocket") => {
                responder.respond(426, [("Upgrade", "websocket")], b"")
            }
            Ok(handshake) => {
                let mut config = options().config;
                config.deflate = handshake.accept_deflate(&DeflateOptions::default());
                responder.upgrade_websocket(handshake.response(None), config, ())
            }
            Err(error) => responder.respond(error.status(), error.headers(), b""),
        };
        if let Err(error) = answered {
            eprintln!("a request was answered with 500: {error}");
        }
    }

    fn ready(&mut self, _: ConnectionId, (): &mut (), _: Output<'_>) -> Progress {
        Progress::Idle
    }

    fn message(
        &mut self,
        _: ConnectionId,
        (): &mut (),
        message: holdline_net::Message<'_>,
        output: Output<'_>,
    ) {
        if let Output::WebSocket(mut websocket) = output {
            let sent = match message {
                holdline_net::Message::Text(text) => websocket.send_text(text),
                holdline_net::Message::Binary(data) => websocket.send_binary(data),
            };
            // It fails only when the connection is closing.
            let _ = sent;
        }
    }
}

fn serve_threads(address: &str) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(address)?;
    println!("ws://{}/", listener.local_addr()?);
    loop {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(100)); // Out of files: let some be closed.
            continue;
        };
        let thread = thread::Builder::new();
        thread.spawn(move || echo(stream)).ok(); // Without a thread it is closed.
    }
}

/// Serves one client until it closes, on a thread of its own.
pub(crate) fn echo(stream: TcpStream) -> Result<(), websocket::Error> {
    // A client that says nothing for a minute, not even a ping, is let go.
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    stream.set_nodelay(true)?;
    // Here, too, a server that holds something private looks at the origin.
    let mut websocket =
        WebSocket::accept_with(stream, options(), |_head, _request| Choice::Accept)?;
    let echoed = echo_messages(&mut websocket);
    // A client that broke a rule is to see the Close frame that says so.
    let ended = websocket.end(|stream| match stream.shutdown(Shutdown::Write) {
        // The client was faster.
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
        other => other,
    });
    echoed.and(ended)
}

fn echo_messages(websocket: &mut WebSocket<TcpStream>) -> Result<(), websocket::Error> {
    // Pings and the closing handshake are answered while we read.
    while let Some(message) = websocket.read()? {
        // The message is lent by the connection: take what outlives the next call.
        match message {
            Message::Text(text) => {
                let text = text.to_owned();
                websocket.send_text(&text)?;
            }
            Message::Binary(data) => {
                let data = data.to_vec();
                websocket.send_binary(&data)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn options() -> Options {
    let mut options = Options::default();
    options.config.limits.max_frame = MAX_MESSAGE;
    options.config.limits.max_message = MAX_MESSAGE;
    options.deflate = Some(DeflateOptions::default());
    options
}

const MAX_MESSAGE: u64 = 64 << 20;
