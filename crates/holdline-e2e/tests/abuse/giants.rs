//! What says that it is larger than anything the server takes, or is.

use std::io::Write;

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use holdline_e2e::Client;

use crate::ground::{Ground, is_silence, refused, with_host};
use crate::socket::{Socket, frame, header};

/// Bodies that are said to be huge: 413 at the head, and never an invitation to send them.
pub(crate) fn lengths(ground: &mut Ground) -> Result<()> {
    for _ in 0..5 * ground.scale {
        for length in [
            "Content-Length: 1048577",
            "Content-Length: 9223372036854775808",
            "Content-Length: 18446744073709551615",
            "Transfer-Encoding: chunked\r\n\r\nfffffffffffffff",
            "Transfer-Encoding: chunked\r\n\r\n100001;a=b",
        ] {
            for expect in ["", "Expect: 100-continue\r\n"] {
                for path in ["/channels/giant", "/echo"] {
                    let mut client = ground.client()?;
                    let head = format!("POST {path} HTTP/1.1\r\n{expect}{length}\r\n\r\n");
                    client.send(with_host(&head))?;
                    client.socket().shutdown(std::net::Shutdown::Write)?;
                    if length.contains("chunked") {
                        // What the head does not say may be asked for.
                        invited(&mut client)?;
                    }
                    refused(&mut client, 413).with_context(|| format!("{head:?}"))?;
                }
            }
        }
    }
    Ok(())
}

/// Takes an invitation, if there is one.
fn invited(client: &mut Client) -> Result<()> {
    let mut start = [0; 12];
    while client.socket().peek(&mut start)? < start.len() {}
    if start == *b"HTTP/1.1 100" {
        client.head()?.context("no head")?;
    }
    Ok(())
}

/// Heads without end: refused after their limit, whatever follows.
pub(crate) fn heads(ground: &mut Ground) -> Result<()> {
    for (start, more, status) in [
        ("GET /", "a", 414),
        ("GET / HTTP/1.1\r\nHost: test\r\nA: ", "b", 431),
        ("GET / HTTP/1.1\r\nHost: test\r\n", "A: b\r\n", 431),
    ] {
        let more = more.repeat((1 << 16) / more.len());
        for _ in 0..4 * ground.scale {
            let mut client = ground.client()?;
            client.send(start)?;
            for _ in 0..64 {
                match client.send(&more) {
                    Err(error) if is_silence(&error) => return Err(error.into()),
                    // It was read for as long as can be expected.
                    Err(_) => break,
                    Ok(()) => {}
                }
            }
            client.socket().shutdown(std::net::Shutdown::Write)?;
            refused(&mut client, status).with_context(|| format!("{start:?}…"))?;
        }
    }
    Ok(())
}

/// Frames that are said to be huge, and messages that become so: close code 1009. Lengths and control frames that
/// cannot be: 1002.
pub(crate) fn frames(ground: &mut Ground) -> Result<()> {
    let fragment = frame(0x00, &[b'x'; 100_000]);
    for _ in 0..5 * ground.scale {
        for (what, bytes, code) in [
            ("a byte too long", header(0x81, (1 << 20) + 1), 1009),
            ("a terabyte", header(0x82, 1 << 40), 1009),
            ("the longest", header(0x81, (1 << 63) - 1), 1009),
            ("longer than the longest", header(0x81, 1 << 63), 1002),
            ("a giant ping", header(0x89, 1 << 20), 1002),
            ("a giant close", header(0x88, 1 << 40), 1002),
            (
                "eleven fragments",
                [frame(0x01, b"x"), fragment.repeat(11)].concat(),
                1009,
            ),
        ] {
            for path in ["/channels/giant/websocket", "/echo"] {
                let mut socket = Socket::open(ground, path, "")?;
                socket.send(&bytes)?;
                let closed = socket
                    .closed()
                    .with_context(|| format!("{what} to {path}"))?;
                ensure!(closed == code, "{what} to {path}: {closed}, not {code}");
            }
        }
    }
    Ok(())
}

/// Messages of some kilobytes that would be hundreds of megabytes: close code 1009.
pub(crate) fn bombs(ground: &mut Ground) -> Result<()> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    for _ in 0..200 {
        encoder.write_all(&[b'x'; 1 << 20])?;
    }
    let bomb = encoder.finish()?;
    for _ in 0..2 * ground.scale {
        for path in ["/channels/giant/websocket", "/echo"] {
            let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
            let mut socket = Socket::open(ground, path, offer)?;
            socket.send(&frame(0xc1, &bomb))?;
            let code = socket
                .closed()
                .with_context(|| format!("a bomb to {path}"))?;
            ensure!(code == 1009, "close code {code} to a bomb");
        }
    }
    Ok(())
}
