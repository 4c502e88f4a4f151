//! The client's side of a public WebSocket test suite: asks the suite's server how many cases it has,
//! goes through all of them sending back every message, and asks for the report.
//!
//!     cargo run --features deflate --example websocket_testsuite_client ws://127.0.0.1:9001
//!
//! The server at URL answers on `URL/getCaseCount` (one text message, a number),
//! `URL/runCase?case=N&agent=AGENT` and `URL/updateReports?agent=AGENT`.

use std::error::Error;
use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use holdline_net::blocking::websocket::{self, ClientKeys, Message, Options, WebSocket};
use holdline_net::blocking::{Tcp, Url};
use holdline_websocket::DeflateOptions;

const USAGE: &str = "\
usage: websocket_testsuite_client URL [AGENT]

Runs every case of the WebSocket test suite whose server is at URL, such as ws://127.0.0.1:9001, with
permessage-deflate on offer. AGENT is the name in the suite's report, `holdline` when it is left out.
What a case finds is in that report; the exit status is 0 when all cases were run.";

type Socket = WebSocket<TcpStream, ClientKeys>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (url, agent) = match &arguments[..] {
        [option] if option == "-h" || option == "--help" => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        [url] if !url.starts_with('-') => (url, "holdline"),
        [url, agent] if !url.starts_with('-') => (url, agent.as_str()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(url, agent, &mut io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{url}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the whole suite.
pub(crate) fn run(url: &str, agent: &str, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let url: Url = url.parse()?;
    let agent = in_query(agent);
    let count = case_count(&url).map_err(|error| format!("getCaseCount: {error}"))?;
    for case in 1..=count {
        let target = format!("runCase?case={case}&agent={agent}");
        let mut websocket = connect(&url, &target)?;
        let ended = match echo(&mut websocket) {
            Ok(()) => String::from("closed"),
            // Many cases break a rule on purpose, and this is how to take it.
            Err(error) => error.to_string(),
        };
        writeln!(out, "case {case} of {count}: {ended}")?;
    }
    let mut websocket = connect(&url, &format!("updateReports?agent={agent}"))?;
    while websocket.read()?.is_some() {}
    end(&mut websocket)?;
    writeln!(out, "{count} cases run")?;
    Ok(())
}

fn case_count(url: &Url) -> Result<u32, Box<dyn Error>> {
    let mut websocket = connect(url, "getCaseCount")?;
    let count = match websocket.read()? {
        Some(Message::Text(text)) => text
            .trim()
            .parse()
            .map_err(|_| format!("{text:?} is no number of cases"))?,
        other => return Err(format!("a number as a text message, not {other:?}").into()),
    };
    end(&mut websocket)?;
    Ok(count)
}

/// Sends back every message until the server closes.
fn echo(websocket: &mut Socket) -> Result<(), websocket::Error> {
    let echoed = echo_messages(websocket);
    // When the server broke a rule, it is to see the Close frame that says so.
    let ended = end(websocket);
    echoed.and(ended)
}

fn echo_messages(websocket: &mut Socket) -> Result<(), websocket::Error> {
    // Pings and the closing handshake are answered while we read.
    while let Some(message) = websocket.read()? {
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

fn connect(url: &Url, resource: &str) -> Result<Socket, Box<dyn Error>> {
    let tcp = Tcp {
        // Some cases take the server a while to compose.
        read_timeout: Some(Duration::from_secs(60)),
        ..Tcp::default()
    };
    let mut options = Options::default();
    options.config.limits.max_frame = MAX_MESSAGE;
    options.config.limits.max_message = MAX_MESSAGE;
    options.deflate = Some(DeflateOptions::default());
    let stream = tcp.connect(url)?;
    let target = format!("{}/{resource}", url.target().trim_end_matches('/'));
    let host = url.authority();
    Ok(WebSocket::connect_with(
        stream,
        host,
        &target,
        (),
        &[],
        options,
    )?)
}

fn end(websocket: &mut Socket) -> Result<(), websocket::Error> {
    websocket.end(|stream| match stream.shutdown(Shutdown::Write) {
        // The server was faster.
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
        other => other,
    })
}

/// A value of a query: what is not plain is percent-encoded (RFC 3986 §2.1).
fn in_query(text: &str) -> String {
    let mut query = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                query.push(char::from(byte));
            }
            _ => query += &format!("%{byte:02X}"),
        }
    }
    query
}

const MAX_MESSAGE: u64 = 64 << 20;
