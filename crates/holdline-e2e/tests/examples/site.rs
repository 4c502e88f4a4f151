//! The web server from which the examples' pages come.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;

/// Serves the examples on a port of its own, which to a browser is another origin than the push server.
#[derive(Debug)]
pub(crate) struct Site(SocketAddr);

impl Site {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || answer(stream));
            }
        });
        Self(address)
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.0)
    }

    /// The address of an example's page, which uses `server`.
    pub(crate) fn url(&self, name: &str, server: &str, query: &str) -> String {
        format!("http://{}/{name}/?server={server}&{query}", self.0)
    }
}

/// Where the examples are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../holdline/examples")
}

fn answer(mut stream: TcpStream) {
    let mut lines = BufReader::new(stream.try_clone().unwrap())
        .lines()
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty());
    // A browser opens connections that it may need, and goes.
    let Some(first) = lines.next() else { return };
    lines.for_each(drop);
    let name = first
        .split(['/', '?', ' '])
        .nth(2)
        .unwrap_or_default()
        .replace("..", "");
    let page = fs::read(folder().join(name).join("index.html"));
    let (status, page) = match page {
        Ok(page) => ("200 OK", page),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        page.len()
    );
    // It may have gone before it had the answer.
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(&page));
}
