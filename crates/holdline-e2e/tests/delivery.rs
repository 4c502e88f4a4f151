//! What a subscriber that is here is given, whatever the history keeps; and what all that takes.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::ops::ControlFlow;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use holdline_e2e::{Client, Item, Server, Transport, publish, subscribe, wait_for};

/// Seven readers at full speed of 60 messages of 1 MB by 6 publishers, with default options.
#[test]
fn readers_at_full_speed_get_all_60_messages_of_1_mb_from_6_publishers() {
    let server = Server::start(&[]).unwrap();
    let text = format!("~{}", "x".repeat(999_999));
    // Those that are read without parsing, so that the test is not what is slow.
    let readers = ["sse", "sse?format=json", "xhr-stream", "xhr-stream", "sse"];
    let ready = Barrier::new(readers.len() + 2 + 6);
    thread::scope(|scope| {
        for deflate in [false, true] {
            let (server, ready) = (&server, &ready);
            scope.spawn(move || count_frames(server, deflate, 60, ready));
        }
        for reader in readers {
            let (server, ready) = (&server, &ready);
            scope.spawn(move || count_messages(server, reader, 60, ready));
        }
        for _ in 0..6 {
            scope.spawn(|| {
                let mut client = Client::connect(server.address()).unwrap();
                ready.wait();
                for _ in 0..10 {
                    publish(&mut client, "large", &text).unwrap();
                }
            });
        }
    });
}

/// Reads until so many messages have come. One that is lost makes the socket time out.
fn count_messages(server: &Server, transport: &str, count: usize, ready: &Barrier) {
    let mut client = Client::connect(server.address()).unwrap();
    client
        .send(format!(
            "GET /channels/large/{transport} HTTP/1.1\r\nHost: test\r\n\r\n"
        ))
        .unwrap();
    let mut stream = client.socket();
    let mut first = [0; 64];
    assert!(stream.read(&mut first).unwrap() > 0);
    ready.wait();
    let mut buffer = vec![0; 1 << 18];
    let mut seen = 0;
    while seen < count {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "{transport}: the end after {seen} messages");
        seen += buffer[..read].split(|&byte| byte == b'~').count() - 1;
    }
    assert_eq!(seen, count, "{transport}");
}

/// The same over a WebSocket, whose messages come in one frame each.
fn count_frames(server: &Server, deflate: bool, count: usize, ready: &Barrier) {
    let offer = match deflate {
        true => "Sec-WebSocket-Extensions: permessage-deflate\r\n",
        false => "",
    };
    let mut client = Client::connect(server.address()).unwrap();
    client
        .send(format!(
            "GET /channels/large/websocket HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\n\
            Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offer}\r\n"
        ))
        .unwrap();
    let head = client.head().unwrap().unwrap();
    assert_eq!(head.status, 101);
    assert_eq!(head.get("Sec-WebSocket-Extensions").is_some(), deflate);
    // `holdline.open`, which is short.
    let (first, length) = client.frame().unwrap();
    assert!(first == 0x81 && length < 500, "{first:x} {length}");
    ready.wait();
    for seen in 0..count {
        let (first, length) = client.frame().unwrap();
        // `holdline.lost` would be short, and not compressed.
        match deflate {
            true => assert_eq!(first, 0xc1, "after {seen} messages: {length} bytes"),
            false => assert!(length > 999_999, "after {seen} messages: {length} bytes"),
        }
    }
}

/// `--history 1` and two messages at a time; `--history 0`, where nothing can be asked for later. Every
/// transport gets everything, polls between two requests, too.
#[test]
fn a_small_history_takes_nothing_from_those_who_are_here() {
    for history in ["1", "0"] {
        let limits = ["--history", history, "--history-bytes", "0"];
        let server = Server::start(if history == "0" {
            &limits
        } else {
            &limits[..2]
        })
        .unwrap();
        let here = AtomicUsize::new(0);
        thread::scope(|scope| {
            for transport in Transport::ALL {
                let (server, here) = (&server, &here);
                scope.spawn(move || receive_all(server, transport, here));
            }
            wait_for("all subscribers", || {
                (here.load(Ordering::SeqCst) == Transport::ALL.len()).then_some(())
            });
            let mut one = Client::connect(server.address()).unwrap();
            let mut two = Client::connect(server.address()).unwrap();
            for number in 0..MESSAGES / 2 {
                publish(&mut one, "small", &(2 * number).to_string()).unwrap();
                publish(&mut two, "small", &(2 * number + 1).to_string()).unwrap();
            }
        });
        let mut client = Client::connect(server.address()).unwrap();
        client
            .send("GET /channels/small/poll?since=earliest HTTP/1.1\r\nHost: test\r\n\r\n")
            .unwrap();
        let answer = client.answer("GET").unwrap().json().unwrap();
        let kept = answer["messages"].as_array().unwrap().len();
        assert_eq!(kept.to_string(), history);
        assert_eq!(answer["lost"], false);
    }
}

const MESSAGES: usize = 100;

fn receive_all(server: &Server, transport: Transport, here: &AtomicUsize) {
    let (mut cursor, mut next) = (None::<String>, 0);
    while next < MESSAGES {
        let since = cursor.clone();
        let result = subscribe(
            transport,
            server.address(),
            "small",
            since.as_deref(),
            &mut |item| {
                if cursor.replace(item.cursor().to_owned()).is_none() {
                    here.fetch_add(1, Ordering::SeqCst);
                }
                match item {
                    Item::Lost(_) => panic!("{transport} was told lost after {next}"),
                    Item::Message { data, .. } => {
                        assert_eq!(data, next.to_string(), "{transport}");
                        next += 1;
                    }
                    Item::Position(_) | Item::Told { .. } => {}
                }
                match next == MESSAGES {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            },
        );
        if let Err(error) = result {
            assert_eq!(
                error.kind(),
                ErrorKind::UnexpectedEof,
                "{transport}: {error}"
            );
        }
    }
}

/// What the limits say is what the process takes, whether messages are large or small, in many channels or few,
/// and asked for in every form.
#[test]
fn resident_memory_stays_near_the_sum_of_the_limits() {
    let total = 4 << 20;
    let bytes = total.to_string();
    let limits = [
        "--history-total",
        &bytes,
        "--history-bytes",
        &bytes,
        "--delivery-total",
        &bytes,
    ];
    for (channels, messages, size) in [(1, 40, 300_000), (3, 600, 20_000), (2_000, 2_000, 100)] {
        let server = Server::start(&limits).unwrap();
        let before = resident(&server);
        let mut client = Client::connect(server.address()).unwrap();
        let text = "<".repeat(size);
        for number in 0..messages {
            publish(
                &mut client,
                &format!("channel-{}", number % channels),
                &text,
            )
            .unwrap();
            if number % (messages / 4) == 0 {
                read_history(&server, "channel-0");
            }
        }
        let grown = resident(&server).saturating_sub(before);
        // An allocator keeps some, and each connection of the test took its own share for a while.
        let most = 2 * (2 * total) + (12 << 20);
        assert!(
            grown < most,
            "{grown} bytes for {messages} messages of {size}, at most {most}"
        );
    }
}

/// Asks for all there is in forms of all kinds, without reading most of it.
fn read_history(server: &Server, channel: &str) {
    let transports = [
        "poll?",
        "sse?",
        "xhr-stream?",
        "iframe?callback=f&",
        "sse?format=json&",
    ];
    for transport in transports {
        let mut client = Client::connect(server.address()).unwrap();
        let target = format!("/channels/{channel}/{transport}since=earliest");
        client
            .send(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"))
            .unwrap();
        let mut stream = BufReader::new(client.socket());
        assert!(stream.fill_buf().unwrap().starts_with(b"HTTP/1.1 200"));
    }
}

/// Bytes of the server's memory that are in use.
fn resident(server: &Server) -> u64 {
    let status = format!("/proc/{}/status", server.id().unwrap());
    let status = std::fs::read_to_string(status).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() * 1024
}
