//! What a subscriber cannot have any more, it is told about: before any later message, and never
//! in silence.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use holdline_e2e::{Client, CutProxy, Item, Server, Transport, ask, publish, subscribe, wait_for};

/// Fifty messages came while it was away, and the server keeps twenty.
#[test]
fn away_for_too_long() {
    let server = Server::start(&["--history", "20", "--resume-window", "0s"]).unwrap();
    for transport in Transport::ALL {
        let channel = transport.name();
        let mut client = Client::connect(server.address()).unwrap();
        let cursor = publish(&mut client, channel, "seen").unwrap();
        // Not about this channel, so no loss of this channel.
        for number in 0..30 {
            publish(&mut client, "other", &number.to_string()).unwrap();
        }
        publish(&mut client, channel, "0").unwrap();
        let items = receive(transport, server.address(), channel, &cursor, "0");
        assert_eq!(texts(&items), ["0"], "{transport}: {items:?}");
        assert!(lost(&items).is_empty(), "{transport}: {items:?}");
        // More is kept for one that is there and slow.
        let presence = format!("/channels/{channel}/presence");
        wait_for("the server to see that it is away", || {
            let (_, answer) = ask(&server, "GET", &presence, "", "").unwrap();
            (answer["subscribers"] == 0).then_some(())
        });
        for number in 1..50 {
            publish(&mut client, channel, &number.to_string()).unwrap();
        }
        let items = receive(transport, server.address(), channel, &cursor, "49");
        let kept: Vec<String> = (30..50).map(|number| number.to_string()).collect();
        assert_eq!(texts(&items), kept, "{transport}: {items:?}");
        let before_all = lost(&items).len() == 1
            && items.iter().position(|item| matches!(item, Item::Lost(_)))
                < items
                    .iter()
                    .position(|item| matches!(item, Item::Message { .. }));
        assert!(before_all, "{transport}: {items:?}");
        // The cursor that comes with it is one to go on from, with nothing lost after it.
        let at = match transport {
            // In a poll answer, it stands after the messages.
            Transport::Poll | Transport::LongPoll | Transport::Jsonp => continue,
            _ => lost(&items)[0].clone(),
        };
        let again = receive(transport, server.address(), channel, &at, "49");
        assert_eq!(texts(&again), kept, "{transport}: {again:?}");
        assert!(lost(&again).is_empty(), "{transport}: {again:?}");
    }
}

/// A server that was killed has forgotten everything: every cursor of before has lost something.
#[test]
fn another_life_of_the_server() {
    let mut server = Server::start(&[]).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    let cursor = publish(&mut client, "a", "before").unwrap();
    server.kill();
    server.restart().unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    for round in 0..2 {
        // The second time the new life has come further than the old one.
        publish(&mut client, "a", &format!("after {round}")).unwrap();
        for transport in Transport::ALL {
            let items = receive(
                transport,
                server.address(),
                "a",
                &cursor,
                &format!("after {round}"),
            );
            assert_eq!(lost(&items).len(), 1, "{transport}: {items:?}");
            assert_eq!(texts(&items)[0], "after 0", "{transport}: {items:?}");
        }
    }
}

/// A subscriber that reads nothing for a while is skipped ahead, told so, and goes on; the others
/// do not wait for it.
#[test]
fn a_slow_reader_is_told_what_it_missed() {
    let limit = ["--max-lag", "200000", "--history-bytes", "100000000"];
    let server = Server::start(&limit).unwrap();
    for transport in [Transport::XhrStream, Transport::Sse, Transport::WebSocket] {
        let proxy = CutProxy::start(server.address()).unwrap();
        let channel = transport.name();
        let began = AtomicBool::new(false);
        let items = thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut items = Vec::new();
                let result = subscribe(transport, proxy.address(), channel, None, &mut |item| {
                    began.store(true, Ordering::SeqCst);
                    let last = matches!(&item, Item::Message { data, .. } if data == "last");
                    items.push(item);
                    if last {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                });
                result.unwrap();
                items
            });
            wait_for("the subscriber", || {
                began.load(Ordering::SeqCst).then_some(())
            });
            proxy.stall(true);
            let mut client = Client::connect(server.address()).unwrap();
            for number in 0..400 {
                // 26 MB, more than all buffers on the way and the allowed lag together.
                publish(
                    &mut client,
                    channel,
                    &format!("{number} {}", "x".repeat(65_000)),
                )
                .unwrap();
            }
            proxy.stall(false);
            // What it was skipped over may include any message that came before it was told.
            wait_for("the subscriber to go on", || {
                publish(&mut client, channel, "last").unwrap();
                reader.is_finished().then_some(())
            });
            reader.join().unwrap()
        });
        assert!(!lost(&items).is_empty(), "{transport} was not told");
        // Between two messages that do not follow one another, there is the word of it.
        let mut next = Some(0);
        for item in &items {
            match item {
                Item::Position(_) | Item::Told { .. } => {}
                Item::Lost(_) => next = None,
                Item::Message { data, .. } if data == "last" => break,
                Item::Message { data, .. } => {
                    let number: u32 = data.split(' ').next().unwrap().parse().unwrap();
                    assert!(
                        next.is_none_or(|next| next == number),
                        "{transport}: {number} after {next:?}"
                    );
                    next = Some(number + 1);
                }
            }
        }
    }
}

/// What a subscriber gets after `since`, up to the message with the text `end`.
fn receive(
    transport: Transport,
    address: SocketAddr,
    channel: &str,
    since: &str,
    end: &str,
) -> Vec<Item> {
    let mut items = Vec::new();
    let result = subscribe(transport, address, channel, Some(since), &mut |item| {
        let last = matches!(&item, Item::Message { data, .. } if data == end);
        items.push(item);
        if last {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    if let Err(error) = result {
        assert_ne!(error.kind(), ErrorKind::InvalidData, "{transport}: {error}");
        panic!("{transport}: {error} after {items:?}");
    }
    items
}

fn texts(items: &[Item]) -> Vec<&str> {
    let mut texts = Vec::new();
    for item in items {
        if let Item::Message { data, .. } = item {
            texts.push(data.as_str());
        }
    }
    texts
}

fn lost(items: &[Item]) -> Vec<String> {
    let cursor = |item: &Item| match item {
        Item::Lost(cursor) => Some(cursor.clone()),
        _ => None,
    };
    items.iter().filter_map(cursor).collect()
}
