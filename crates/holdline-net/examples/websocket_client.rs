//! Sends each argument to a WebSocket echo server, and prints what comes back.
//!
//!     cargo run --example websocket_client ws://127.0.0.1:8080/echo hello again

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use holdline_net::blocking::websocket::{Message, WebSocket};
use holdline_net::blocking::{Tcp, Url};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(url) = arguments.next() else {
        eprintln!("usage: websocket_client URL [TEXT]...");
        return ExitCode::from(2);
    };
    let texts: Vec<String> = arguments.collect();
    match talk(&url, &texts, &mut io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{url}: {error}");
            ExitCode::FAILURE
        }
    }
}

pub(crate) fn talk(
    url: &str,
    texts: &[String],
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let url: Url = url.parse()?;
    // Connects with timeouts, so that nothing here waits for ever. For wss, wrap the stream in
    // the TLS library of your choice: any `Read + Write` will do.
    let stream = Tcp::default().connect(&url)?;
    let mut websocket = WebSocket::connect(stream, url.authority(), url.target())?;
    for text in texts {
        websocket.send_text(text)?;
        // `None` is the server's goodbye; an error says that the connection was cut.
        match websocket.read()? {
            Some(Message::Text(text)) => writeln!(out, "{text}")?,
            Some(other) => writeln!(out, "{other:?}")?,
            None => break,
        }
    }
    if let Some((code, reason)) = websocket.close_reason() {
        writeln!(out, "the server closed with {code} {reason}")?;
    }
    // Says goodbye and waits for the answer, so that nothing on its way is lost.
    websocket.close()?;
    Ok(())
}
