//! As much of something as the server has.

use std::io::{ErrorKind, Write};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdline_e2e::wait_for;
use rand::RngExt;

use crate::ground::{Ground, has_news, with_host};
use crate::socket::handshake;

/// Takes every connection that there is and holds it, in all states. Nobody more is let in than can be; those are told,
/// or wait. Once it ends, everybody is let in again.
pub(crate) fn connections(ground: &mut Ground) -> Result<()> {
    let mut held = Vec::new();
    for n in 0..800 {
        let mut stream = ground.connect()?;
        let begun = match n % 6 {
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
    // While it is full.
    thread::sleep(Duration::from_secs(2));
    let refused = held
        .iter()
        .filter(|stream| has_news(stream).unwrap_or(true))
        .count();
    ensure!(
        refused > 0,
        "there was room for all {} connections",
        held.len()
    );
    match ground.ask("GET /channels/full/poll HTTP/1.1\r\n\r\n") {
        Ok(answer) if answer.head.status == 503 => {
            ensure!(
                answer.head.get("Retry-After").is_some(),
                "a 503 does not say when: {answer:?}"
            );
        }
        Ok(answer) => ensure!(answer.head.status == 200, "when full: {answer:?}"),
        Err(error) => {
            let error = error.downcast::<std::io::Error>().context("when full")?;
            let closed = [
                ErrorKind::UnexpectedEof,
                ErrorKind::ConnectionReset,
                ErrorKind::BrokenPipe,
            ];
            ensure!(closed.contains(&error.kind()), "when full: {error}");
        }
    }
    drop(held);
    wait_for("room for a connection", || {
        let answer = ground.ask("GET /health HTTP/1.1\r\n\r\n").ok()?;
        (answer.head.status == 200).then_some(())
    });
    Ok(())
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
    // A publisher is not refused for any of this, nor one who asks for a name that is known.
    ground.publish("known", "a message")?;
    let answer = ground.ask("GET /channels/known/poll?since=earliest HTTP/1.1\r\n\r\n")?;
    ensure!(
        answer.text().contains("a message"),
        "a known channel: {answer:?}"
    );
    Ok(())
}

/// Publishes to many names.
pub(crate) fn published_channels(ground: &mut Ground) -> Result<()> {
    for _ in 0..300 * ground.scale {
        let name = format!("published-{:x}", ground.random.random::<u64>());
        let text = "x".repeat(ground.random.random_range(0..3000));
        ground.publish(&name, &text)?;
    }
    Ok(())
}
