//! An HTTP server with a thread for each connection.
//!
//!     cargo run --example http_server
//!     curl -d 'hello' http://127.0.0.1:8000/echo

use std::net::{TcpListener, TcpStream};
use std::{io, thread, time::Duration};

use holdline_net::blocking::http::{Error, Server};

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

/// Answers request after request, until the client closes or breaks a rule.
pub(crate) fn serve(stream: TcpStream) -> Result<(), Error> {
    // Without these a client that does nothing would hold the thread for ever.
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    let mut http = Server::new(stream);
    let result = answer_all(&mut http);
    if let Err(error) = &result {
        // 400 for bad syntax, 413 for a body over the limit, and so on; then the connection ends.
        http.refuse(error)?;
    }
    result
}

fn answer_all(http: &mut Server<TcpStream>) -> Result<(), Error> {
    const TEXT: [(&str, &str); 1] = [("Content-Type", "text/plain; charset=utf-8")];
    while let Some(request) = http.read_request()? {
        // To read the body before answering keeps the connection for the next request.
        let body = http.read_body(1024 * 1024)?;
        let head = request.as_ref();
        match (head.path(), head.method()) {
            // HEAD is answered like GET; the body is left out by itself.
            ("/", "GET" | "HEAD") => http.respond(200, TEXT, b"POST something to /echo\n")?,
            ("/echo", "POST") => {
                let kind = head.headers().get("content-type").unwrap_or(b"text/plain");
                http.respond(200, [("Content-Type", kind)], &body)?;
            }
            ("/", _) => http.respond(405, [("Allow", "GET, HEAD")], b"")?,
            ("/echo", _) => http.respond(405, [("Allow", "POST")], b"")?,
            _ => http.respond(404, TEXT, b"there is nothing here\n")?,
        }
    }
    Ok(())
}
