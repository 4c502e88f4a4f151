//! A client that sees the raw bytes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::BytesMut;
use holdline_websocket::handshake::client;
use holdline_websocket::{Buffer, Config, Connection, DeflateOptions, Event};

pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    machine: Connection<fn() -> [u8; 4]>,
    /// The value of the response's `Sec-WebSocket-Extensions`.
    pub(crate) extensions: Option<String>,
}

impl Client {
    pub(crate) fn connect(server: &str, target: &str, deflate: Option<DeflateOptions>) -> Self {
        let mut stream = TcpStream::connect(server).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let mut request = client::Request::new(*b"the sample nonce");
        if let Some(options) = deflate {
            request.offer_deflate(options);
        }
        let mut head = format!("GET {target} HTTP/1.1\r\nHost: {server}\r\n");
        for (name, value) in request.headers() {
            head += &format!("{name}: {value}\r\n");
        }
        write!(stream, "{head}\r\n").unwrap();
        let mut stream = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        assert!(lines[0].starts_with("HTTP/1.1 101 "), "{lines:?}");
        let fields: Vec<(&str, &[u8])> = lines[1..]
            .iter()
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name, value.as_bytes()))
            .collect();
        let accepted = request.verify(101, fields.iter().copied()).unwrap();
        let mut config = Config::default();
        config.deflate = accepted.deflate;
        let extensions = fields
            .iter()
            .find(|(name, _)| *name == "Sec-WebSocket-Extensions")
            .map(|(_, value)| String::from_utf8(value.to_vec()).unwrap());
        let keys: fn() -> [u8; 4] = || [1, 2, 3, 4];
        Self {
            stream,
            machine: Connection::client(config, keys),
            extensions,
        }
    }

    pub(crate) fn send(&mut self, text: &str) {
        let mut out = BytesMut::new();
        self.machine.send_text(text, &mut out).unwrap();
        self.stream.get_mut().write_all(&out).unwrap();
    }

    /// The next frame: its bytes, and its text.
    pub(crate) fn frame(&mut self) -> (Vec<u8>, String) {
        let mut frame = vec![0; 2];
        self.stream.read_exact(&mut frame).unwrap();
        let more = match frame[1] {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        frame.resize(2 + more, 0);
        self.stream.read_exact(&mut frame[2..]).unwrap();
        let length = match more {
            0 => u64::from(frame[1]),
            _ => frame[2..]
                .iter()
                .fold(0, |n, byte| n << 8 | u64::from(*byte)),
        };
        let header = frame.len();
        frame.resize(header + length as usize, 0);
        self.stream.read_exact(&mut frame[header..]).unwrap();
        let mut input = frame.clone();
        let mut buffer = Buffer::new();
        match self.machine.receive(&mut &mut input[..], &mut buffer) {
            Ok(Some(Event::Text(text))) => (frame, text.to_owned()),
            other => panic!("{other:?}"),
        }
    }
}
