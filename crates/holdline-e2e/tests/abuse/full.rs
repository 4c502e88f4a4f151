//! As much of something as the server has.

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use holdline_e2e::{Client, wait_for};
use rand::RngExt;

use crate::ground::{Ground, has_news, refused, with_host};
use crate::socket::{Socket, handshake, header};

/// Takes every connection that there is and holds it, in all states. Nobody more is let in, but those who publish
/// or watch. Once it ends, everybody is let in again.
pub(crate) fn connections(ground: &mut Ground) -> Result<()> {
    let mut held = Vec::new();
    for n in 0..2 * MORE_THAN_THERE_ARE {
        let mut stream = ground.connect()?;
        // Those that there is room for may stay as long as they like.
        let begun = match if n < MORE_THAN_THERE_ARE { 3 } else { n % 6 } {
            0 => Vec::new(),
            1 => b"GET /hea".to_vec(),
            2 => with_host("POST /echo HTTP/1.1\r\nContent-Length: 900\r\n\r\nhalf"),
            3 => with_host("GET /channels/full/sse HTTP/1.1\r\n\r\n"),
            4 => with_host("GET /channels/full/long-poll HTTP/1.1\r\n\r\n"),
            _ => handshake("/channels/full/websocket", "").into_bytes(),
        };
        // Those past the limit may have been closed.
        let _ = stream.write_all(&begun);
        held.push(stream);
    }
    wait_for("those past the limit to be sent away", || {
        let gone = held.iter().filter(|stream| is_gone(stream)).count();
        (gone >= MORE_THAN_THERE_ARE).then_some(())
    });
    // Then one more is told so, and publishing and watching still work.
    let answer = wait_for("an answer when full", || {
        ground.ask("GET /channels/full/poll HTTP/1.1\r\n\r\n").ok()
    });
    ensure!(answer.head.status == 503, "room for a poll: {answer:?}");
    let retry = answer.head.get("Retry-After");
    ensure!(retry.is_some(), "a 503 does not say when: {answer:?}");
    ground.publish("full", "a message")?;
    let answer = ground.ask("GET /health HTTP/1.1\r\n\r\n")?;
    ensure!(answer.text() == "ok", "the health when full: {answer:?}");
    drop(held);
    wait_for("room for a connection", || {
        let answer = ground
            .ask("GET /channels/full/poll HTTP/1.1\r\n\r\n")
            .ok()?;
        (answer.head.status == 200).then_some(())
    });
    Ok(())
}

/// Takes all descriptors that the process may have. Whoever comes then waits, and is let in when the others go.
pub(crate) fn descriptors(ground: &mut Ground) -> Result<()> {
    let held = (0..100).map(|_| {
        let mut client = ground.client()?;
        client.send(with_host("GET /channels/full/sse HTTP/1.1\r\n\r\n"))?;
        Ok(client)
    });
    let held: Vec<Client> = held.collect::<Result<_>>()?;
    // So that it meets the limit more than once.
    thread::sleep(Duration::from_secs(1));
    let let_in = held
        .iter()
        .filter(|client| has_news(client.socket()).unwrap_or(true))
        .count();
    ensure!(let_in < held.len(), "there were descriptors for all");
    drop(held);
    let answer = ground.ask("GET /channels/full/poll HTTP/1.1\r\n\r\n")?;
    ensure!(answer.head.status == 200, "no way in after all: {answer:?}");
    Ok(())
}

/// Begins large bodies and messages and stalls, with many times what all of them may take together. The slowest are sent
/// away, and who comes with a whole one is not.
pub(crate) fn input(ground: &mut Ground) -> Result<()> {
    let part = vec![b'x'; 900_000];
    let (mut held, mut sockets) = (Vec::new(), Vec::new());
    for n in 0..30 * ground.scale {
        if n % 3 == 0 {
            let mut socket = Socket::open(ground, "/channels/full/websocket", "")?;
            socket.read()?.context("no beginning")?;
            socket.send(&header(0x81, 1_000_000))?;
            // It may be given up before all of it was sent.
            let _ = socket.send(&part);
            sockets.push(socket);
            continue;
        }
        let fields = ["Content-Length: 1000000", "Transfer-Encoding: chunked"][n % 2];
        let head = format!("POST /channels/full HTTP/1.1\r\n{fields}\r\n\r\n");
        let mut client = ground.client()?;
        client.send(with_host(&head))?;
        let size = ["", "f4240\r\n"][n % 2];
        // As above.
        let _ = client.send(size).and_then(|()| client.send(&part));
        held.push(client);
    }
    ground.publish("whole", &"y".repeat(1_000_000))?;
    let gone = || {
        let news = |stream| has_news(stream).unwrap_or(true);
        let clients = held.iter().filter(|client| news(client.socket()));
        clients.count()
            + sockets
                .iter()
                .filter(|socket| news(socket.stream()))
                .count()
    };
    let room = (8 << 20) / part.len();
    wait_for("the slowest to be sent away", || {
        (gone() >= 30 * ground.scale - room).then_some(())
    });
    for mut client in held {
        if has_news(client.socket())? {
            refused(&mut client, 408)?;
        }
    }
    for mut socket in sockets {
        if has_news(socket.stream())? {
            let code = socket.closed()?;
            ensure!(code == 1009, "close code {code} when there is no room");
        }
    }
    Ok(())
}

/// Whether the server has answered that there is no room, or closed.
fn is_gone(stream: &TcpStream) -> bool {
    let mut start = [0; 12];
    match has_news(stream) {
        Ok(false) => false,
        Ok(true) => match stream.peek(&mut start) {
            Ok(n) => {
                n == 0 || start.starts_with(b"HTTP/1.1 503") || start.starts_with(b"HTTP/1.1 408")
            }
            Err(_) => true,
        },
        Err(_) => true,
    }
}

/// Asks for many names to which nobody has published.
pub(crate) fn asked_channels(ground: &mut Ground) -> Result<()> {
    let mut held = Vec::new();
    let mut refused = 0;
    for n in 0..100 {
        let name = format!("asked-{:x}", ground.random.random::<u64>());
        let answer = ground.ask(&format!("GET /channels/{name}/poll HTTP/1.1\r\n\r\n"))?;
        let status = answer.head.status;
        ensure!(status == 200 || status == 503, "a poll: {answer:?}");
        let mut client = ground.client()?;
        let transport = ["sse", "xhr-stream", "iframe?callback=f"][n % 3];
        client.send(with_host(&format!(
            "GET /channels/{name}/{transport} HTTP/1.1\r\n\r\n"
        )))?;
        let head = client.head()?.context("no head")?;
        match head.status {
            200 => held.push(client),
            503 => refused += 1,
            _ => anyhow::bail!("a stream: {head:?}"),
        }
    }
    ensure!(refused > 0, "32 channels were enough for 100");
    // A publisher is not refused for any of this, nor one who asks for a name that is known. Only when others have
    // published to as many new names as there may be before the question came, it is unknown again.
    let found = (0..50).find_map(|_| {
        let asked = ground
            .publish("known", "a message")
            .and_then(|()| ground.ask("GET /channels/known/poll?since=earliest HTTP/1.1\r\n\r\n"));
        match asked {
            Ok(answer) if answer.head.status == 200 => {
                answer.text().contains("a message").then_some(Ok(()))
            }
            Ok(answer) => Some(Err(anyhow!("a known channel: {answer:?}"))),
            Err(error) => Some(Err(error)),
        }
    });
    found.context("a message was gone whenever it was asked for")?
}

/// Publishes to many names.
pub(crate) fn published_channels(ground: &mut Ground) -> Result<()> {
    for _ in 0..2000 * ground.scale {
        let name = format!("published-{:x}", ground.random.random::<u64>());
        let text = "x".repeat(ground.random.random_range(0..3000));
        ground.publish(&name, &text)?;
    }
    Ok(())
}

/// Connections: no server that is attacked has room for so many.
const MORE_THAN_THERE_ARE: usize = 600;
