//! History that memory does not have is read from the disk, over every transport.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use holdline_e2e::long::{LITTLE_MEMORY, fill, read, text};
use holdline_e2e::{Item, Transport, subscribe};

use super::*;

#[test]
fn five_megabytes_come_from_the_disk_over_each_transport_while_more_is_published() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = serve(directory.path(), &LITTLE_MEMORY);
    let (first, then, last) = (1000, 1200, 1250);
    fill(&server, 0, first).unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let server = &server;
        let readers: Vec<_> = Transport::ALL
            .into_iter()
            .map(|transport| {
                scope.spawn(move || read(server, transport, "earliest", 0, then).unwrap())
            })
            .collect();
        // Others are not disturbed: what they ask for is in memory.
        let quick = scope.spawn(|| {
            let (mut slowest, mut count) = (std::time::Duration::ZERO, 0);
            while !is_over.load(Ordering::SeqCst) {
                let begun = std::time::Instant::now();
                post(server, "other", "x");
                slowest = slowest.max(begun.elapsed());
                count += 1;
            }
            (slowest, count)
        });
        let filling = scope.spawn(move || fill(server, first, then).unwrap());
        let read: Vec<_> = readers.into_iter().map(|reader| reader.join()).collect();
        let filled = filling.join();
        is_over.store(true, Ordering::SeqCst);
        filled.unwrap();
        for read in read {
            assert_eq!(read.unwrap().1, then);
        }
        let (slowest, count) = quick.join().unwrap();
        assert!(
            count > 10 && slowest.as_secs() < 5,
            "{count} in at most {slowest:?}"
        );
    });
    fill(&server, then, last).unwrap();
    server.kill();
    server.restart().unwrap();
    for transport in Transport::ALL {
        assert_eq!(
            read(&server, transport, "earliest", 0, last).unwrap().1,
            last
        );
    }
    server.stop().unwrap();
}

#[test]
fn a_reader_goes_on_after_the_server_was_killed() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = serve(directory.path(), &LITTLE_MEMORY);
    fill(&server, 0, 300).unwrap();
    for transport in Transport::ALL {
        let (mut cursor, mut next) = ("earliest".to_owned(), 0);
        for to in [1, 100, 177, 300] {
            (cursor, next) = read(&server, transport, &cursor, next, to).unwrap();
            // A poll may have had more.
            assert_eq!(next, to);
            server.kill();
            server.restart().unwrap();
        }
    }
    server.stop().unwrap();
}

#[test]
fn a_poll_that_does_not_wait_gets_on_too() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = serve(directory.path(), &LITTLE_MEMORY);
    fill(&server, 0, 300).unwrap();
    let (mut since, mut next) = ("earliest".to_owned(), 0);
    while next < 300 {
        let target = format!("/channels/long/long-poll?wait=0&since={since}");
        let (status, answer) = ask(&server, "GET", &target, "", "");
        assert_eq!((status, &answer["lost"]), (200, &false.into()), "{answer}");
        let messages = answer["messages"].as_array().unwrap();
        assert!(!messages.is_empty());
        for message in messages {
            assert_eq!(message["data"].as_str(), Some(&*text(next)));
            next += 1;
        }
        since = answer["cursor"].as_str().unwrap().to_owned();
    }
    // A publisher that asks what came before its message.
    let target = format!("/channels/long?since={}-1", parts(&since).0);
    let (status, answer) = ask(&server, "POST", &target, "", "x");
    assert_eq!((status, &answer["lost"]), (200, &false.into()));
    assert_eq!(answer["messages"][0]["data"].as_str(), Some(&*text(1)));
    server.stop().unwrap();
}

#[test]
fn what_is_deleted_while_it_is_read_is_told_as_lost() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = serve(directory.path(), &LITTLE_MEMORY);
    for transport in Transport::ALL {
        fill(&server, 0, 300).unwrap();
        let (mut next, mut may_skip, mut is_deleted) = (0, false, false);
        let tell = &mut |item: Item| {
            match item {
                Item::Message { data, .. } if data == "after" => {
                    assert!(may_skip || next == 300, "{transport}: after {next}");
                    return ControlFlow::Break(());
                }
                // What memory had of it may still come before the deletion does.
                Item::Message { data, .. } => {
                    let number: usize = data.split(' ').next().unwrap().parse().unwrap();
                    assert!(number == next || may_skip && number > next, "{transport}");
                    (next, may_skip) = (number + 1, false);
                }
                Item::Lost(_) => may_skip = true,
                Item::Position(_) | Item::Told { .. } => {}
            }
            if next > 0 && !is_deleted {
                is_deleted = true;
                let (status, _) = ask(&server, "DELETE", "/channels/long", "", "");
                assert_eq!(status, 200);
                post(&server, "long", "after");
            }
            ControlFlow::Continue(())
        };
        subscribe(transport, server.address(), "long", Some("earliest"), tell).unwrap();
        assert!(next > 0);
        let (status, _) = ask(&server, "DELETE", "/channels/long", "", "");
        assert_eq!(status, 200);
    }
    server.stop().unwrap();
}
