//! A WebSocket client that sends what it likes.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, bail, ensure};
use holdline_e2e::LIMIT;

use crate::ground::Ground;

/// After the handshake. What it reads is checked to be frames of a server.
pub(crate) struct Socket {
    reader: BufReader<TcpStream>,
}

/// The request for one, with more fields.
pub(crate) fn handshake(path: &str, fields: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{fields}\r\n"
    )
}

impl Socket {
    pub(crate) fn open(ground: &Ground, path: &str, fields: &str) -> Result<Self> {
        Self::open_on(ground.connect()?, path, fields)
    }

    pub(crate) fn open_on(stream: TcpStream, path: &str, fields: &str) -> Result<Self> {
        stream.set_read_timeout(Some(LIMIT))?;
        let mut socket = Self {
            reader: BufReader::new(stream.try_clone()?),
        };
        // Only the head is read by this one, byte by byte, so that it takes no frame away.
        let mut head = Vec::new();
        (&stream).write_all(handshake(path, fields).as_bytes())?;
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            socket
                .reader
                .read_exact(&mut byte)
                .context("in the handshake")?;
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head);
        ensure!(head.starts_with("HTTP/1.1 101 "), "no upgrade: {head}");
        Ok(socket)
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        self.reader.get_ref()
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// The next frame: opcode and payload. `None` at the end of the connection, whichever it is.
    pub(crate) fn read(&mut self) -> Result<Option<(u8, Vec<u8>)>> {
        let mut head = [0; 2];
        match self.reader.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if crate::ground::is_silence(&error) => bail!("no frame came: {error}"),
            Err(_) => return Ok(None),
        }
        ensure!(head[1] & 0x80 == 0, "a masked frame from the server");
        let length = match head[1] {
            126 => {
                let mut more = [0; 2];
                self.reader.read_exact(&mut more)?;
                u64::from(u16::from_be_bytes(more))
            }
            127 => {
                let mut more = [0; 8];
                self.reader.read_exact(&mut more)?;
                u64::from_be_bytes(more)
            }
            short => u64::from(short),
        };
        ensure!(length < 64 << 20, "a frame of {length} bytes");
        let mut payload = vec![0; length as usize];
        self.reader.read_exact(&mut payload)?;
        Ok(Some((head[0] & 0x0f, payload)))
    }

    /// Reads up to the frame that closes and the end behind it; gives the code.
    pub(crate) fn closed(&mut self) -> Result<u16> {
        loop {
            match self.read()?.context("the end without a close frame")? {
                (0x8, payload) if payload.len() >= 2 => {
                    let code = u16::from_be_bytes([payload[0], payload[1]]);
                    // Answered, so that the server need not wait for it. It may be gone already.
                    let _ = self.send(&frame(0x88, &payload[..2]));
                    ensure!(self.read()?.is_none(), "a frame after the close");
                    return Ok(code);
                }
                (0x8, payload) => bail!("a close without code: {payload:?}"),
                _ => {}
            }
        }
    }
}

/// A masked frame; `first` is its first byte: 0x80 for the last of its message, and the opcode.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(first, payload.len() as u64);
    frame.extend_from_slice(payload);
    frame
}

/// The head of a masked frame that says to be so long. The mask is zero, so that the payload is what it is.
pub(crate) fn header(first: u8, length: u64) -> Vec<u8> {
    let mut head = vec![first];
    match length {
        0..126 => head.push(0x80 | length as u8),
        126..0x1_0000 => {
            head.push(0x80 | 126);
            head.extend((length as u16).to_be_bytes());
        }
        _ => {
            head.push(0x80 | 127);
            head.extend(length.to_be_bytes());
        }
    }
    head.extend([0; 4]);
    head
}
