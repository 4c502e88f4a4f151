//! The bytes of `/illustrated` are those of a socket: the client's are sent to the program, and what comes back is
//! compared. Only the date and the epoch of the cursors are set to those of the story.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod live;
mod pasted;
mod watch;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The first characters of what somebody publishes, after the block with this number.
const PUBLISHED: [(usize, &str); 2] = [(3, "hello"), (4, "you missed this, café")];
const EPOCH: &str = "de3a942e2e2fa43e";
const DATE: &str = "Sun, 29 Nov 2026 12:00:00 GMT";

#[test]
fn the_bytes_are_those_of_a_socket() {
    let mut server = Server::start();
    let story = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/illustrated/story.md");
    let story = std::fs::read_to_string(story).unwrap();
    let mut socket = None;
    let mut number = String::new();
    for (index, block) in blocks(&story).into_iter().enumerate() {
        if block.connection != number {
            // A cut: the client is gone without a word.
            drop(socket.take());
            number.clone_from(&block.connection);
        }
        let socket = socket.get_or_insert_with(|| server.connect());
        if block.is_client {
            socket.write_all(&server.in_its_life(&block.bytes)).unwrap();
        } else {
            let mut bytes = vec![0; block.bytes.len()];
            socket.read_exact(&mut bytes).unwrap();
            let bytes = server.in_the_story(bytes);
            assert_eq!(
                bytes.escape_ascii().to_string(),
                block.bytes.escape_ascii().to_string(),
                "block {index} of the story; what comes now stands on the left"
            );
        }
        if let Some((_, text)) = PUBLISHED.iter().find(|(after, _)| *after == index) {
            server.publish(text);
        }
    }
    // Both have said goodbye, so the server closes.
    let mut rest = Vec::new();
    socket.unwrap().read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
}

#[test]
fn a_reader_gets_the_page_and_what_it_loads() {
    let server = Server::start();
    let page = server.get("/illustrated");
    assert!(
        page.starts_with("HTTP/1.1 200 OK\r\n"),
        "{}",
        page.get(..200).unwrap_or(&page)
    );
    assert!(page.contains("Content-Type: text/html"));
    assert!(page.contains("<h1>One connection, illustrated</h1>") && page.ends_with("</html>\n"));
    let loaded: Vec<&str> = page
        .split("\"/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|path| path.starts_with("assets/") || path.ends_with(".svg"))
        .collect();
    assert!(loaded.len() >= 6, "{loaded:?}");
    for path in loaded {
        let answer = server.get(&format!("/{path}"));
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{path}");
    }
}

struct Block {
    is_client: bool,
    connection: String,
    bytes: Vec<u8>,
}

/// The dumps of the story.
fn blocks(story: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    for fenced in story.split("```").skip(1).step_by(2) {
        let mut lines = fenced.lines();
        let (side, connection) = lines.next().unwrap().split_once(' ').unwrap();
        let (mut bytes, mut row): (Vec<u8>, Vec<u8>) = Default::default();
        for line in lines {
            let (offset, rest) = line.split_once(' ').unwrap_or((line, ""));
            if let Ok(offset) = usize::from_str_radix(offset, 16) {
                // `*` stood before it.
                while bytes.len() < offset {
                    bytes.extend(&row);
                }
            }
            let digits = rest.split('|').next().unwrap().split_whitespace();
            row = digits
                .map(|byte| u8::from_str_radix(byte, 16).unwrap())
                .collect();
            if line == "*" {
                row = bytes[bytes.len() - 16..].to_vec();
            } else {
                bytes.extend(&row);
            }
        }
        blocks.push(Block {
            is_client: side == "client",
            connection: connection.to_owned(),
            bytes,
        });
    }
    assert_eq!(blocks.len(), 26);
    blocks
}

struct Server {
    child: Child,
    address: String,
    /// Once a cursor was seen.
    epoch: Option<String>,
}

impl Server {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_holdline"))
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .find_map(|line| {
                let line = line.unwrap();
                let (_, rest) = line.split_once("http://127.0.0.1:")?;
                let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
                Some(format!("127.0.0.1:{port}"))
            })
            .unwrap();
        // Nobody reads the rest, but it must have somewhere to go.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            address,
            epoch: None,
        }
    }

    fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(&self.address).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        socket
    }

    fn publish(&self, text: &str) {
        let length = text.len();
        let request = format!(
            "POST /channels/demo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{text}"
        );
        let mut socket = self.connect();
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path}"), "", "")
    }

    /// Sends a request over a connection of its own. `fields` are lines, each with its end.
    fn ask(&self, what: &str, fields: &str, body: &str) -> String {
        let mut socket = self.connect();
        let request = format!(
            "{what} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n{body}"
        );
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    }

    /// With the epoch that the cursors of this server have.
    fn in_its_life(&self, bytes: &[u8]) -> Vec<u8> {
        match &self.epoch {
            Some(epoch) => replaced(bytes, EPOCH.as_bytes(), epoch.as_bytes()),
            None => bytes.to_vec(),
        }
    }

    /// With the epoch and the date of the story.
    fn in_the_story(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let text = String::from_utf8_lossy(&bytes);
        let mut out = bytes.clone();
        if let Some((_, rest)) = text.split_once("\r\nDate: ") {
            out = replaced(
                &out,
                rest.as_bytes().get(..DATE.len()).unwrap(),
                DATE.as_bytes(),
            );
        }
        if self.epoch.is_none()
            && let Some((_, rest)) = text.split_once("\nid: ")
        {
            self.epoch = Some(rest.get(..EPOCH.len()).unwrap().to_owned());
        }
        match &self.epoch {
            Some(epoch) => replaced(&out, epoch.as_bytes(), EPOCH.as_bytes()),
            None => out,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, and then the test has failed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        match rest.strip_prefix(old) {
            Some(after) => {
                out.extend(new);
                rest = after;
            }
            None => {
                out.push(first);
                rest = after;
            }
        }
    }
    out
}
