//! A clock as an event stream: an event every second, on a page that shows it.
//!
//!     cargo run --example sse_clock
//!     curl -N http://127.0.0.1:8000/clock

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, UNIX_EPOCH};
use std::{io, thread};

use bytes::BytesMut;
use holdline_http1::ResponseBody;
use holdline_net::blocking::http::{Error, Server};
use holdline_sse::EventFields;

const PAGE: &str = "<!doctype html><h1></h1><script>new EventSource('/clock').onmessage =
    event => { document.querySelector('h1').textContent = event.data }</script>";

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:8000")?;
    println!("http://{}/", listener.local_addr()?);
    loop {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(100)); // Out of files: let some be closed.
            continue;
        };
        let thread = thread::Builder::new();
        thread.spawn(move || serve(stream)).ok(); // Without a thread it is closed.
    }
}

/// A client that went away is noticed when the next event cannot be written.
pub(crate) fn serve(stream: TcpStream) -> Result<(), Error> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    let mut http = Server::new(stream);
    while let Some(request) = http.read_request()? {
        match request.as_ref().path() {
            "/" => http.respond(200, [("Content-Type", "text/html")], PAGE.as_bytes())?,
            "/clock" if request.as_ref().method() == "GET" => return tick(&mut http),
            _ => http.respond(404, (), b"")?,
        }
    }
    Ok(())
}

fn tick(http: &mut Server<TcpStream>) -> Result<(), Error> {
    let kind = [("Content-Type", "text/event-stream")];
    http.send_response(200, kind, ResponseBody::Streamed)?;
    let mut block = BytesMut::new();
    loop {
        let s = UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs());
        let time = format!("{:02}:{:02}:{:02} UTC", s / 3600 % 24, s / 60 % 60, s % 60);
        // Line ends in the data become more `data:` lines; an ID or type with one is refused.
        if EventFields::data(&time).encode(&mut block).is_ok() {
            http.send_data(&block.split())?;
        }
        thread::sleep(Duration::from_secs(1));
    }
}
