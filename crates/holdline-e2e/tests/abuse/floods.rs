//! Too much of what is allowed.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::Shutdown;
use std::thread;

use anyhow::{Context, Result, ensure};
use rand::RngExt;

use crate::ground::{Ground, reset, with_host};
use crate::socket::{Socket, frame};

/// Connections that come and go at once, each way of going.
pub(crate) fn connections(ground: &mut Ground) -> Result<()> {
    for _ in 0..1000 * ground.scale {
        let mut stream = ground.connect()?;
        match ground.random.random_range(0..4) {
            0 => {}
            1 => reset(stream)?,
            // It may have gone already.
            2 => drop(stream.shutdown(Shutdown::Write)),
            _ => stream.write_all(&with_host("GET /health HTTP/1.1\r\n\r\n"))?,
        }
    }
    Ok(())
}

/// Requests of which thousands are sent before the first answer is read.
pub(crate) fn requests(ground: &mut Ground) -> Result<()> {
    let count = 1000 * ground.scale;
    for _ in 0..4 {
        let mut client = ground.client()?;
        let mut writer = client.socket().try_clone()?;
        let sender = thread::spawn(move || {
            for n in 0..count {
                writer.write_all(&with_host(&pipelined(n).0))?;
            }
            Ok::<_, std::io::Error>(())
        });
        for n in 0..count {
            let (request, begin) = pipelined(n);
            let method = request.split(' ').next().unwrap_or_default();
            let answer = client
                .answer(method)
                .with_context(|| format!("{n}: {request:?}"))?;
            let body = answer.text();
            ensure!(answer.head.status == 200, "{request:?}: {answer:?}");
            ensure!(
                body.starts_with(&begin),
                "{request:?}: {body:?}, not {begin:?}"
            );
        }
        sender.join().unwrap()?;
    }
    Ok(())
}

/// A request, and how its answer begins.
fn pipelined(n: usize) -> (String, String) {
    match n % 4 {
        0 => ("GET /health HTTP/1.1\r\n\r\n".to_owned(), "ok".to_owned()),
        1 => {
            let text = n.to_string();
            let length = text.len();
            (
                format!("POST /echo HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{text}"),
                text,
            )
        }
        2 => {
            let request = "POST /channels/pipelined HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi";
            (request.to_owned(), "{\"id\":\"".to_owned())
        }
        _ => {
            let request = "GET /channels/pipelined/long-poll?wait=0 HTTP/1.1\r\n\r\n";
            (request.to_owned(), "{\"cursor\":\"".to_owned())
        }
    }
}

/// Pings by the ten thousand, unread. The last must be answered, and the connection works on.
pub(crate) fn pings(ground: &mut Ground) -> Result<()> {
    let mut socket = Socket::open(ground, "/echo", "")?;
    let mut writer = socket.stream().try_clone()?;
    let count = 20_000 * ground.scale;
    let sender = thread::spawn(move || {
        for n in 0..count {
            writer.write_all(&frame(0x89, &(n as u32).to_be_bytes()))?;
        }
        writer.write_all(&frame(0x81, b"still here"))
    });
    let mut last = None;
    loop {
        match socket.read()?.context("the end in place of pongs")? {
            (0xa, payload) => {
                let payload: [u8; 4] = payload[..].try_into()?;
                let number = u32::from_be_bytes(payload);
                ensure!(
                    last.is_none_or(|last| last < number),
                    "pong {number} after {last:?}"
                );
                last = Some(number);
            }
            (0x9, payload) => socket.send(&frame(0x8a, &payload))?,
            (0x1, text) => break ensure!(text == b"still here", "an echo of {text:?}"),
            other => anyhow::bail!("in place of a pong: {other:?}"),
        }
    }
    ensure!(
        last == Some(count as u32 - 1),
        "the last ping had no answer: {last:?}"
    );
    sender.join().unwrap()?;
    goodbye(socket)
}

/// A message in fragments of a byte or none.
pub(crate) fn fragments(ground: &mut Ground) -> Result<()> {
    let mut socket = Socket::open(ground, "/echo", "")?;
    let (mut bytes, mut whole) = (frame(0x01, b""), Vec::new());
    for _ in 0..20_000 * ground.scale {
        if ground.random.random_range(0..2) == 0 {
            bytes.extend(frame(0x00, b""));
        } else {
            bytes.extend(frame(0x00, b"x"));
            whole.push(b'x');
        }
    }
    bytes.extend(frame(0x80, b""));
    socket.send(&bytes)?;
    let echo = socket.read()?.context("no echo")?;
    ensure!(echo == (0x1, whole), "another echo: {} bytes", echo.1.len());
    goodbye(socket)
}

fn goodbye(mut socket: Socket) -> Result<()> {
    socket.send(&frame(0x88, &1000_u16.to_be_bytes()))?;
    let code = socket.closed()?;
    ensure!(code == 1000, "close code {code} to a goodbye");
    Ok(())
}

/// A body in chunks of a byte; with extensions, which have a limit, it is refused.
pub(crate) fn chunks(ground: &mut Ground) -> Result<()> {
    for (extension, status) in [("", 200), (";a=b", 400)] {
        let count = 20_000 * ground.scale;
        let mut client = ground.client()?;
        client.send(with_host(
            "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        ))?;
        client.send(format!("1{extension}\r\nx\r\n").repeat(count))?;
        client.send("0\r\n\r\n")?;
        let answer = client.answer("POST")?;
        ensure!(answer.head.status == status, "not {status}: {answer:?}");
        let whole = answer.text() == "x".repeat(count);
        ensure!(whole || status != 200, "another echo: {answer:?}");
    }
    Ok(())
}

/// Publishes from several connections, as fast as they are taken. Each has an id of its own.
pub(crate) fn publishes(ground: &mut Ground) -> Result<()> {
    let count = 1000 * ground.scale;
    let text = "x".repeat(ground.random.random_range(1..4000));
    let mut publishers = Vec::new();
    for n in 0..4 {
        let mut client = ground.client()?;
        let text = text.clone();
        publishers.push(thread::spawn(move || {
            let publish = |_| holdline_e2e::publish(&mut client, &format!("flood{n}"), &text);
            (0..count).map(publish).collect::<Result<Vec<String>>>()
        }));
    }
    let mut ids = BTreeSet::new();
    for publisher in publishers {
        ids.extend(publisher.join().unwrap()?);
    }
    ensure!(
        ids.len() == 4 * count,
        "{} ids for {} messages",
        ids.len(),
        4 * count
    );
    Ok(())
}

/// The same over a WebSocket that gets back what it publishes.
pub(crate) fn messages(ground: &mut Ground) -> Result<()> {
    let count = 3000 * ground.scale;
    let channel = format!("frames-{:x}", ground.random.random::<u32>());
    let mut socket = Socket::open(ground, &format!("/channels/{channel}/websocket"), "")?;
    // Where it begins.
    socket.read()?.context("no beginning")?;
    let mut writer = socket.stream().try_clone()?;
    let sender = thread::spawn(move || {
        for n in 0..count {
            writer.write_all(&frame(0x81, format!("number {n}.").as_bytes()))?;
        }
        Ok::<_, std::io::Error>(())
    });
    for n in 0..count {
        let text = match socket.read()?.context("the end of a WebSocket")? {
            (0x1, text) => String::from_utf8(text)?,
            other => anyhow::bail!("in place of a message: {other:?}"),
        };
        ensure!(
            text.contains(&format!("\"number {n}.\"")),
            "{n} came as {text}"
        );
    }
    sender.join().unwrap()?;
    goodbye(socket)
}
