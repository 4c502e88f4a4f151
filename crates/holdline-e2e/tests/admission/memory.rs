//! What docs/server.md says under "Sizing": the limits add up, and all of them reached at once are what the process
//! takes.

use holdline_e2e::{Client, Server, publish, wait_for};

use super::{HANDSHAKE, ask, begin, resident};

/// Bytes for each of `--history-total`, `--delivery-total` and `--max-upload-total`.
const TOTAL: u64 = 8 << 20;
const CHANNELS: u64 = 500;
/// Connections that read nothing of a channel in which much is published.
const STALLED: u64 = 100;
/// Others that are silent. Each asks for two channels.
const IDLE: u64 = CHANNELS / 2;
/// And those that begin something large and stall. More than the bound on uploads lets stay.
const UPLOADS: u64 = 40;
/// All of them, the publisher, and one that looks.
const CONNECTIONS: u64 = STALLED + IDLE + UPLOADS + 2;
/// Bytes of a message.
const MESSAGE: u64 = 20_000;

#[test]
fn with_all_limits_reached_at_once_the_memory_is_within_their_sum() {
    let (total, channels) = (TOTAL.to_string(), CHANNELS.to_string());
    let connections = CONNECTIONS.to_string();
    let server = Server::start(&[
        "--history-total",
        &total,
        // The part of one channel is not what stops it.
        "--history-bytes",
        "67108864",
        "--delivery-total",
        &total,
        "--max-lag",
        "67108864",
        "--max-upload-total",
        &total,
        "--max-channels",
        &channels,
        "--max-asked-channels",
        &channels,
        "--max-connections",
        &connections,
    ])
    .unwrap();
    let mut publisher = Client::connect(server.address()).unwrap();
    publish(&mut publisher, "channel-0", "the first of everything").unwrap();
    let before = resident(&server);
    for number in 0..2 * CHANNELS {
        publish(&mut publisher, &format!("channel-{number}"), "small").unwrap();
    }
    let stalled: Vec<Client> = (0..STALLED).map(|number| reader(&server, number)).collect();
    // Six times what history and delivery may keep together.
    let text = "x".repeat(MESSAGE as usize);
    for _ in 0..6 * 2 * TOTAL / MESSAGE {
        publish(&mut publisher, "news", &text).unwrap();
    }
    let idle: Vec<Client> = (0..IDLE).map(|number| asker(&server, number)).collect();
    wait_for("all channels to be taken", || {
        (metric(&server, "holdline_asked_channels") == CHANNELS).then_some(())
    });
    let part = vec![b'x'; 900_000];
    let uploads: Vec<Client> = (0..UPLOADS).map(|_| upload(&server, &part)).collect();
    wait_for("the slowest to be refused", || {
        let refused = metric(&server, "holdline_refused_total{reason=\"upload_total\"}");
        // No more than eight have room.
        (refused >= UPLOADS - 8).then_some(())
    });
    // Full they are: a message more would be too much.
    for full in ["history", "delivery"] {
        let bytes = metric(&server, &format!("holdline_{full}_bytes"));
        assert!(bytes > TOTAL - 3 * MESSAGE, "{full}: {bytes}");
    }
    let grown = resident(&server).saturating_sub(before);
    let sum = 3 * TOTAL + MESSAGE + 2 * CHANNELS * 1100 + CONNECTIONS * 600 + STALLED * (32 << 10);
    // What an allocator cannot use again, and the buffers of the loops.
    let most = sum + sum / 4;
    assert!(grown < most, "{grown} bytes; the sum is {sum}");
    drop((stalled, uploads, idle));
}

/// Subscribes, and never looks at what comes.
fn reader(server: &Server, number: u64) -> Client {
    let (target, fields) = match number % 2 {
        0 => ("GET /channels/news/sse", ""),
        _ => ("GET /channels/news/websocket", HANDSHAKE),
    };
    let mut client = begin(server, target, fields);
    client.head().unwrap().unwrap();
    client
}

/// Sends most of an upload.
fn upload(server: &Server, part: &[u8]) -> Client {
    let mut client = begin(server, "POST /channels/a", "Content-Length: 1000000\r\n");
    // It may be given up before all of it was sent.
    let _ = client.send(part);
    client
}

/// Asks for two channels that nobody has published to.
fn asker(server: &Server, number: u64) -> Client {
    let target = format!("GET /channels/asked-{number},also-{number}/sse");
    begin(server, &target, "")
}

fn metric(server: &Server, name: &str) -> u64 {
    let (_, metrics) = ask(server, "GET /metrics", "");
    let text = metrics.text();
    let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
    text.lines()
        .find_map(value)
        .unwrap_or_else(|| panic!("{name} in {text}"))
}
