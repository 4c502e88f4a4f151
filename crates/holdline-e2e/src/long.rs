//! A channel with more history than the server's memory has.

use std::io::ErrorKind;
use std::ops::ControlFlow;

use anyhow::{Context as _, Result, bail};

use crate::http::{Client, publish};
use crate::server::Server;
use crate::subscriber::{Item, Transport, subscribe};

/// Memory has 64 KiB of a channel.
pub const LITTLE_MEMORY: [&str; 6] = [
    "--history",
    "1000000",
    "--history-bytes",
    "65536",
    "--resume-window",
    "0s",
];

/// The text of a message.
#[must_use]
pub fn text(number: usize) -> String {
    format!("{number} {}", "é\"<".repeat(1000 + number % 100))
}

/// Publishes messages number `from` to `to` in the channel `long`.
///
/// # Errors
/// When one is not published.
pub fn fill(server: &Server, from: usize, to: usize) -> Result<()> {
    let mut client = Client::connect(server.address())?;
    for number in from..to {
        publish(&mut client, "long", &text(number))?;
    }
    Ok(())
}

/// Reads messages `from` to `to`. Returns the cursor and the number of the next one: a poll may have had more.
///
/// # Errors
/// When another message comes than the next one, or a loss is told, or the server gives an error.
pub fn read(
    server: &Server,
    transport: Transport,
    since: &str,
    from: usize,
    to: usize,
) -> Result<(String, usize)> {
    let (mut next, mut cursor, mut wrong) = (from, since.to_owned(), None);
    while next < to {
        let since = cursor.clone();
        let tell = &mut |item: Item| {
            cursor = item.cursor().to_owned();
            match item {
                Item::Message { data, .. } if data == text(next) => next += 1,
                Item::Message { data, .. } => {
                    wrong = Some(format!("not {next} but {data:.9}"));
                }
                Item::Lost(cursor) => wrong = Some(format!("lost at {cursor} after {next}")),
                Item::Position(_) | Item::Told { .. } => {}
            }
            match next == to || wrong.is_some() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let result = subscribe(transport, server.address(), "long", Some(&since), tell);
        if let Some(wrong) = wrong {
            bail!("{transport}: {wrong}");
        }
        // A stream that has become too long for a browser ends.
        if let Err(error) = result
            && error.kind() != ErrorKind::UnexpectedEof
        {
            return Err(error).with_context(|| transport.to_string());
        }
    }
    Ok((cursor, next))
}
