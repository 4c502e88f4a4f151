//! Reads every row when the database is opened, with as many threads as there are cores, since nothing else can begin.

use std::collections::HashSet;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata};

use super::index::Index;
use super::row::charge;
use super::tables::{MARKS, MESSAGES, META, decode};
use super::trouble::Trouble;
use crate::lives::NUMBERS;

/// What the index wants of a row.
struct Scanned {
    number: u64,
    channel: Arc<str>,
    previous: u64,
    bytes: u64,
    time: u64,
}

/// Checks all rows, and makes the index of them.
pub(super) fn scan(database: &Database) -> Result<Index, Trouble> {
    let read = database.begin_read()?;
    let meta = read.open_table(META)?;
    let forgotten = meta.get("forgotten")?.map_or(0, |number| number.value());
    let mut index = Index::new(forgotten);
    for row in read.open_table(MARKS)?.iter()? {
        let (name, gone) = row?;
        index.set_mark(name.value(), gone.value());
    }
    let messages = read.open_table(MESSAGES)?;
    let threads = thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let threads = threads.min(MOST_THREADS);
    let (mut rows, mut before, mut from) = (0, None, 0);
    loop {
        let first = match messages.range(from..)?.next() {
            Some(row) => row?.0.value(),
            None => break,
        };
        if first >= NUMBERS {
            return Err(Trouble::damaged("it has a message that nobody numbered"));
        }
        let part = |part| first.saturating_add(part * PART);
        let parts: Vec<Result<Vec<Scanned>, Trouble>> = thread::scope(|scope| {
            let started: Vec<_> = (0..threads)
                .map(|at| {
                    let scan = move || scan_part(database, part(at), part(at + 1));
                    let thread = thread::Builder::new().spawn_scoped(scope, scan);
                    thread.map_err(|_| scan)
                })
                .collect();
            let panicked = |_| Err(Trouble::damaged("a part of it cannot be read"));
            let ended = started.into_iter().map(|started| match started {
                Ok(thread) => thread.join().unwrap_or_else(panicked),
                // There is no thread for it.
                Err(scan) => scan(),
            });
            ended.collect()
        });
        for part in parts {
            for row in part? {
                if before.is_some_and(|before| row.number <= before) {
                    return Err(Trouble::damaged("its messages are not in order"));
                }
                (rows, before) = (rows + 1, Some(row.number));
                index.push(row.number, &row.channel, row.previous, row.bytes, row.time);
            }
        }
        from = part(threads);
    }
    if rows != messages.len()? {
        return Err(Trouble::damaged("some of its messages are missing"));
    }
    index.forget_again();
    Ok(index)
}

fn scan_part(database: &Database, from: u64, to: u64) -> Result<Vec<Scanned>, Trouble> {
    let messages = database.begin_read()?.open_table(MESSAGES)?;
    let mut names: HashSet<Arc<str>> = HashSet::new();
    let mut rows = Vec::new();
    for row in messages.range(from..to)? {
        let (number, bytes) = row?;
        let (number, bytes) = (number.value(), bytes.value());
        let row = decode(number, bytes)?;
        let channel = match names.get(row.channel) {
            Some(name) => Arc::clone(name),
            None => {
                let name: Arc<str> = row.channel.into();
                names.insert(Arc::clone(&name));
                name
            }
        };
        rows.push(Scanned {
            number,
            channel,
            previous: row.previous,
            bytes: charge(bytes.len()),
            time: row.time,
        });
    }
    Ok(rows)
}

/// How many numbers one thread looks at before the index gets what it found: at most 13 MB of rows.
const PART: u64 = if cfg!(test) { 7 } else { 1 << 18 };
const MOST_THREADS: u64 = 4;
