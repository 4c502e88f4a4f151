//! Bytes that mean nothing, or nearly something.

use std::io::{ErrorKind, Read};
use std::net::Shutdown;

use anyhow::{Context, Result, bail, ensure};
use holdline_e2e::{Client, garbage, mutated};
use rand::RngExt;

use crate::ground::{Ground, is_silence};
use crate::socket::{Socket, frame};

/// Random bytes: what comes back is HTTP or nothing.
pub(crate) fn random(ground: &mut Ground) -> Result<()> {
    for _ in 0..100 * ground.scale {
        let bytes = garbage(&mut ground.random);
        answered(ground, &bytes)?;
    }
    Ok(())
}

/// Good requests in which a few bytes were changed.
pub(crate) fn requests(ground: &mut Ground) -> Result<()> {
    for _ in 0..200 * ground.scale {
        let bytes = mutated(&mut ground.random);
        answered(ground, &bytes)?;
    }
    Ok(())
}

/// Sends bytes in two pieces and reads what they are answered with, to the end.
fn answered(ground: &mut Ground, bytes: &[u8]) -> Result<()> {
    let mut client = ground.client()?;
    let cut = ground.random.random_range(0..=bytes.len());
    for piece in [&bytes[..cut], &bytes[cut..]] {
        // It may have been closed meanwhile.
        let _ = client.send(piece);
    }
    let _ = client.socket().shutdown(Shutdown::Write);
    let shown = || format!("after {:?}", String::from_utf8_lossy(bytes));
    while let Some(head) = client.head().with_context(shown)? {
        match head.status {
            100 => continue,
            101 => return ended(&mut client).with_context(shown),
            _ => {}
        }
        let mut body = Vec::new();
        let read = client
            .body(&head, "GET")
            .and_then(|mut it| it.read_to_end(&mut body));
        match read {
            Ok(_) => {}
            // A stream whose client has left, or a mutation made `HEAD`.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error).with_context(shown),
        }
    }
    Ok(())
}

fn ended(client: &mut Client) -> Result<()> {
    match client.rest() {
        Err(error) if is_silence(&error) => bail!("it was not closed: {error}"),
        _ => Ok(()),
    }
}

/// Frames in which a few bytes were changed: what comes back are frames, and then the end.
pub(crate) fn frames(ground: &mut Ground) -> Result<()> {
    for n in 0..100 * ground.scale {
        let mut bytes = if n % 4 == 0 {
            garbage(&mut ground.random)
        } else {
            good_frames()
        };
        for _ in 0..ground.random.random_range(1..4) {
            let at = ground.random.random_range(0..bytes.len());
            bytes[at] = ground.random.random();
        }
        let mut socket = Socket::open(ground, ["/channels/m/websocket", "/echo"][n % 2], "")?;
        // It may have been closed meanwhile.
        let _ = socket.send(&bytes);
        let _ = socket.stream().shutdown(Shutdown::Write);
        while let Some((opcode, payload)) = socket.read()? {
            let known = matches!(opcode, 0x1 | 0x2 | 0x8 | 0x9 | 0xa);
            ensure!(
                known,
                "a frame of opcode {opcode}: {payload:?} after {bytes:?}"
            );
        }
    }
    Ok(())
}

fn good_frames() -> Vec<u8> {
    [
        frame(0x81, b"a message"),
        frame(0x01, b"one in "),
        frame(0x89, b"ping"),
        frame(0x80, b"pieces"),
        frame(0x8a, b"pong"),
        frame(0x81, &[b'x'; 300]),
        frame(0x88, &1000_u16.to_be_bytes()),
    ]
    .concat()
}
