//! A WebSocket server that sends back every message, with a thread for each connection.
//!
//!     cargo run --example websocket_echo
//!     cargo run --example websocket_client ws://127.0.0.1:8000/ hello

use std::net::{TcpListener, TcpStream};
use std::{io, thread, time::Duration};

use holdline_net::blocking::websocket::{Choice, Error, Message, WebSocket};
use holdline_websocket::Config;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:8000")?;
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

/// Serves one client until it closes.
pub(crate) fn echo(stream: TcpStream) -> Result<(), Error> {
    // A client that says nothing for a minute, not even a ping, is let go.
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    stream.set_nodelay(true)?;
    let mut config = Config::default();
    config.limits.max_message = 1024 * 1024;

    // Any page on the web may open a WebSocket to any server. One that holds something private
    // must look at `request.origin_is_allowed` here, and answer `Choice::Refuse(403)`.
    let mut websocket =
        WebSocket::accept_with(stream, config, |head, _request| match head.path() {
            "/" => Choice::Accept,
            _ => Choice::Refuse(404),
        })?;

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
