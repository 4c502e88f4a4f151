//! Peers that take their time.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdline_e2e::{Client, Transport, wait_for};
use rand::RngExt;

use crate::ground::{Ground, drain, has_news, refused, trickle, with_host};
use crate::socket::{Socket, frame, handshake, header};

/// Connections that say nothing at all: closed after the head's time.
pub(crate) fn silence(ground: &mut Ground) -> Result<()> {
    let streams = (0..40 * ground.scale).map(|_| ground.connect());
    let streams: Vec<TcpStream> = streams.collect::<Result<_>>()?;
    for mut stream in streams {
        let said = drain(&mut stream)?;
        let polite = said.is_empty() || said.starts_with(b"HTTP/1.1 408 ");
        ensure!(polite, "to silence: {}", String::from_utf8_lossy(&said));
    }
    Ok(())
}

/// Heads of which a byte comes now and then: 408 after the head's time.
pub(crate) fn heads(ground: &mut Ground) -> Result<()> {
    let mut streams = Vec::new();
    for _ in 0..10 * ground.scale {
        for start in [
            "G",
            "GET /health?",
            "GET /health HTTP/1.1\r\nHost: test\r\n",
            "POST /channels/slow HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nA: ",
        ] {
            let mut stream = ground.connect()?;
            stream.write_all(start.as_bytes())?;
            streams.push(stream);
        }
    }
    // Whether it is a method, a name, a value or a target.
    let all: Vec<_> = streams.iter().map(|stream| (stream, &b"a"[..])).collect();
    trickle(&all, Duration::from_millis(500))?;
    all_refused(streams, 408)
}

fn all_refused(streams: impl IntoIterator<Item = TcpStream>, status: u16) -> Result<()> {
    for stream in streams {
        refused(&mut Client::new(stream)?, status)?;
    }
    Ok(())
}

/// Bodies at less than `--min-read-rate`: 408 after `--body-timeout`.
pub(crate) fn bodies(ground: &mut Ground) -> Result<()> {
    let mut streams = Vec::new();
    for n in 0..8 * ground.scale {
        let path = ["/channels/slow", "/echo"][n % 2];
        for (fields, start, bytes) in [
            ("Content-Length: 100000", "", "x"),
            ("Transfer-Encoding: chunked", "186a0\r\n", "x"),
            ("Transfer-Encoding: chunked", "", "1\r\nx\r\n"),
            ("Transfer-Encoding: chunked", "0\r\n", "A: b\r\n"),
        ] {
            let mut stream = ground.connect()?;
            let head = format!("POST {path} HTTP/1.1\r\n{fields}\r\n\r\n{start}");
            stream.write_all(&with_host(&head))?;
            streams.push((stream, bytes));
        }
    }
    let all = streams.iter();
    let all: Vec<_> = all
        .map(|(stream, bytes)| (stream, bytes.as_bytes()))
        .collect();
    trickle(&all, Duration::from_millis(200))?;
    all_refused(streams.into_iter().map(|(stream, _)| stream), 408)
}

/// The same for messages over a WebSocket: close code 1008.
pub(crate) fn messages(ground: &mut Ground) -> Result<()> {
    let mut sockets = Vec::new();
    for n in 0..8 * ground.scale {
        let path = ["/channels/slow/websocket", "/echo"][n % 2];
        for (start, bytes) in [
            (header(0x81, 100_000), b"x".to_vec()),
            (frame(0x01, b"x"), frame(0x00, b"x")),
            (frame(0x01, b"x"), frame(0x00, b"")),
        ] {
            let mut socket = Socket::open(ground, path, "")?;
            if path != "/echo" {
                // Where it begins.
                socket.read()?.context("no beginning")?;
            }
            socket.send(&start)?;
            sockets.push((socket, bytes));
        }
    }
    let all = sockets.iter();
    let all: Vec<_> = all
        .map(|(socket, bytes)| (socket.stream(), &bytes[..]))
        .collect();
    trickle(&all, Duration::from_millis(200))?;
    for (mut socket, _) in sockets {
        let code = socket.closed()?;
        ensure!(
            code == 1008,
            "close code {code}, and 1008 is for slow messages"
        );
    }
    Ok(())
}

/// Subscribers that read nothing, or less than `--min-write-rate`, while much is published: given up after
/// `--write-timeout`.
pub(crate) fn readers(ground: &mut Ground) -> Result<()> {
    let channel = format!("slow-{:x}", ground.random.random::<u32>());
    let mut streams = Vec::new();
    for n in 0..3 * ground.scale {
        for transport in [
            Transport::Sse,
            Transport::XhrStream,
            Transport::Iframe,
            Transport::WebSocket,
        ] {
            let path = format!("/channels/{channel}/{transport}?callback=f");
            let stream = narrow(ground)?;
            match transport {
                Transport::WebSocket => (&stream).write_all(handshake(&path, "").as_bytes())?,
                _ => (&stream).write_all(&with_host(&format!("GET {path} HTTP/1.1\r\n\r\n")))?,
            }
            streams.push((stream, n % 3 == 0));
        }
    }
    wait_for("slow readers", || {
        (presence(ground, &channel) == streams.len() as u64).then_some(())
    });
    // More than the buffers of the system take.
    let text = "x".repeat(1 << 16);
    for _ in 0..120 {
        ground.publish(&channel, &text)?;
    }
    wait_for("slow readers to be given up", || {
        for (stream, reads) in &mut streams {
            if *reads && has_news(stream).ok()? {
                // The end is as welcome.
                let _ = stream.read(&mut [0; 20]);
            }
        }
        thread::sleep(Duration::from_millis(150));
        (presence(ground, &channel) == 0).then_some(())
    });
    for (mut stream, _) in streams {
        let got = drain(&mut stream)?.len();
        ensure!(got < 120 << 16, "a slow reader got all {got} bytes");
    }
    Ok(())
}

/// A connection whose receive buffer is small.
fn narrow(ground: &Ground) -> Result<TcpStream> {
    let stream = holdline_e2e::narrow(ground.address, 4096)?;
    stream.set_read_timeout(Some(holdline_e2e::LIMIT))?;
    stream.set_write_timeout(Some(holdline_e2e::LIMIT))?;
    Ok(stream)
}

fn presence(ground: &Ground, channel: &str) -> u64 {
    let answer = ground.ask(&format!(
        "GET /channels/{channel}/presence HTTP/1.1\r\n\r\n"
    ));
    let json = answer.and_then(|answer| answer.json());
    json.map_or(u64::MAX, |json| {
        json["subscribers"].as_u64().unwrap_or(u64::MAX)
    })
}

/// Clients that ask and ask, and read no answer.
pub(crate) fn readers_of_answers(ground: &mut Ground) -> Result<()> {
    ground.publish("answers", &"x".repeat(50_000))?;
    let request = with_host("GET /channels/answers/poll?since=earliest HTTP/1.1\r\n\r\n");
    let requests = request.repeat(4000);
    let mut streams = Vec::new();
    for _ in 0..4 * ground.scale {
        let mut stream = narrow(ground)?;
        stream.set_nonblocking(true)?;
        streams.push((stream.try_clone()?, 0));
        // As much as fits now; the rest comes below.
        let _ = stream.write(&requests);
    }
    // What it has not read when it gives up makes the system answer with a reset.
    wait_for("those who read no answers to be given up", || {
        streams.retain_mut(|(stream, sent)| match stream.write(&requests[*sent..]) {
            Ok(n) => {
                *sent = (*sent + n) % requests.len();
                true
            }
            Err(error) => crate::ground::is_silence(&error),
        });
        streams.is_empty().then_some(())
    });
    Ok(())
}
