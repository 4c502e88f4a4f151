//! What a page of `/illustrated/live` sees.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::Server;

/// What a browser says of the page of this server.
pub(crate) const OWN: &str = "Sec-Fetch-Site: same-origin\r\n";

/// The event stream that a page looks at.
pub(crate) struct Watch {
    socket: TcpStream,
    body: Vec<u8>,
    pub(crate) id: String,
    /// The rows so far, by part and number.
    shown: Vec<(String, u64, String)>,
}

/// What the rows of one request show.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Sides {
    pub(crate) client: String,
    pub(crate) server: String,
}

impl Watch {
    pub(crate) fn open(server: &Server) -> Self {
        let mut socket = server.connect();
        let get = format!("GET /illustrated/live/watch HTTP/1.1\r\nHost: localhost\r\n{OWN}\r\n");
        socket.write_all(get.as_bytes()).unwrap();
        let head = until(&mut socket, b"\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let mut watch = Self {
            socket,
            body: Vec::new(),
            id: String::new(),
            shown: Vec::new(),
        };
        let (event, told) = watch.event();
        assert_eq!(event, "begin");
        assert_eq!(told["proxied"], false);
        watch.id = told["mirror"].as_str().unwrap().to_owned();
        assert_eq!(watch.id.len(), 32);
        watch
    }

    /// The next event that is no heartbeat.
    pub(crate) fn event(&mut self) -> (String, Value) {
        loop {
            let text = String::from_utf8_lossy(&self.body).into_owned();
            if let Some((block, _)) = text.split_once("\n\n") {
                self.body.drain(..block.len() + 2);
                let line = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
                if let (Some(event), Some(data)) = (line("event: "), line("data: ")) {
                    return (event.to_owned(), serde_json::from_str(data).unwrap());
                }
                continue;
            }
            let size = until(&mut self.socket, b"\r\n");
            let size = usize::from_str_radix(size.trim(), 16).unwrap();
            let mut chunk = vec![0; size + 2];
            self.socket.read_exact(&mut chunk).unwrap();
            self.body.extend(&chunk[..size]);
        }
    }

    /// Waits until so many bytes of a part were shown, both ways together.
    #[track_caller]
    pub(crate) fn sides(&mut self, part: &str, number: u64, length: usize) -> Sides {
        loop {
            let shown = self
                .shown
                .iter()
                .filter(|row| row.0 == part && row.1 == number);
            let html: String = shown.map(|row| &*row.2).collect();
            assert!(!html.contains("x-mistake"), "{html}");
            let sides = Sides::of(&html);
            if sides.client.len() + sides.server.len() >= length {
                return sides;
            }
            match self.event() {
                (event, told) if event == "bytes" => self.shown.push((
                    told["part"].as_str().unwrap().to_owned(),
                    told["number"].as_u64().unwrap(),
                    told["html"].as_str().unwrap().to_owned(),
                )),
                (event, told) => assert_eq!(event, "closed", "{told}; so far {sides:?}"),
            }
        }
    }

    /// Why a connection of it was refused, as soon as it is told.
    pub(crate) fn refused(&mut self) -> String {
        loop {
            let (event, told) = self.event();
            assert_ne!(event, "over", "{told}");
            if event == "full" {
                return told["why"].as_str().unwrap().to_owned();
            }
        }
    }

    pub(crate) fn target(&self, part: &str) -> String {
        format!("/illustrated/live/{part}?mirror={}", self.id)
    }

    /// The head of a GET.
    pub(crate) fn get(&self, part: &str, fields: &str) -> String {
        format!(
            "GET {} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n",
            self.target(part)
        )
    }
}

impl Sides {
    /// Puts the bytes of the rows together, one character each.
    fn of(html: &str) -> Self {
        let mut sides = Self::default();
        let mut is_client = true;
        for piece in html.split('<') {
            if piece.starts_with("h3 class=\"x-from-") {
                is_client = piece.starts_with("h3 class=\"x-from-client");
            }
            if let Some(hex) = piece.strip_prefix("code class=\"x-hex\">") {
                let digits = hex.split_whitespace();
                let bytes = digits.map(|byte| char::from(u8::from_str_radix(byte, 16).unwrap()));
                match is_client {
                    true => sides.client.extend(bytes),
                    false => sides.server.extend(bytes),
                }
            }
        }
        sides
    }
}

pub(crate) fn until(socket: &mut TcpStream, end: &[u8]) -> String {
    let (mut got, mut byte) = (Vec::new(), [0]);
    while !got.ends_with(end) {
        let read = socket.read(&mut byte);
        assert!(
            matches!(read, Ok(1)),
            "{read:?} after {}",
            got.escape_ascii()
        );
        got.push(byte[0]);
    }
    got.into_iter().map(char::from).collect()
}
