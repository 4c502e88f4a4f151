//! A client that counts.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A connection, with how many bytes went either way.
pub(crate) struct Wire {
    stream: TcpStream,
    pub(crate) sent: u64,
    pub(crate) received: u64,
}

impl Wire {
    pub(crate) fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Self {
            stream,
            sent: 0,
            received: 0,
        }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
        self.sent += bytes.len() as u64;
    }

    pub(crate) fn get(&mut self, target: &str) {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: example.com\r\n\r\n").as_bytes());
    }

    pub(crate) fn until(&mut self, end: &[u8]) -> Vec<u8> {
        let (mut got, mut byte) = (Vec::new(), [0]);
        while !got.ends_with(end) {
            let read = self.stream.read(&mut byte);
            assert!(
                matches!(read, Ok(1)),
                "{read:?} after {:?}",
                String::from_utf8_lossy(&got)
            );
            got.push(byte[0]);
        }
        self.received += got.len() as u64;
        got
    }

    /// The status of an answer and its body, whose length is announced.
    pub(crate) fn answer(&mut self) -> (u16, String) {
        let head = String::from_utf8(self.until(b"\r\n\r\n")).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.split("Content-Length: ").nth(1);
        let length = length.map_or(0, |rest| rest.split('\r').next().unwrap().parse().unwrap());
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        self.received += length as u64;
        (status, String::from_utf8(body).unwrap())
    }

    pub(crate) fn post(&mut self, target: &str, text: &str) -> (u16, String) {
        let length = text.len();
        self.send(
            format!("POST {target} HTTP/1.1\r\nHost: example.com\r\nContent-Length: {length}\r\n\r\n{text}")
                .as_bytes(),
        );
        self.answer()
    }
}

/// The value of a member of a flat JSON object.
pub(crate) fn member<'j>(json: &'j str, name: &str) -> &'j str {
    let (_, rest) = json.split_once(&format!("\"{name}\":")).unwrap();
    let end = rest.find([',', '}']).unwrap();
    rest[..end].trim_matches('"')
}
