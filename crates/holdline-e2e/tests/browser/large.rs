//! What the program sends, read by a browser's own parsers of event streams, JavaScript, HTML, JSON and
//! WebSocket frames, at sizes up to some hundred KiB.

#[path = "../../../holdline-comet/tests/foreign/awkward.rs"]
mod in_scripts;
#[path = "../../../holdline-sse/tests/sse/awkward.rs"]
mod in_streams;

use holdline_e2e::{Browser, Client, Server};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use in_scripts::IN_SCRIPTS;
use in_streams::IN_STREAMS;

/// Sizes at which buffers end, and one byte around them; then some hundred KiB.
const SIZES: [usize; 14] = [
    0, 1, 2, 1023, 1024, 4095, 4097, 16_385, 31_750, 31_900, 58_446, 65_537, 131_073, 300_000,
];

/// Text of about this many bytes: base64, which hardly compresses, and the awkward between.
fn text(random: &mut StdRng, size: usize) -> String {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(size + 64);
    while text.len() < size {
        let count = random.random_range(0..120);
        text.extend((0..count).map(|_| char::from(*digits.choose(random).unwrap())));
        let awkward = match random.random() {
            true => IN_STREAMS.choose(random),
            false => IN_SCRIPTS.choose(random),
        };
        text.push_str(awkward.unwrap());
    }
    text
}

/// Reads the channel from its start over everything that a page has, and keeps the texts by the
/// name of how they came.
const READ: &str = r#"
    const channel = "/channels/large";
    const seen = window.seen = {};
    const into = (name) => { seen[name] = []; return (message) => {
        if (!(message.event ?? "").startsWith("holdline.")) seen[name].push(message.data);
    }; };

    const plain = into("EventSource");
    new EventSource(`${channel}/sse?since=earliest`).onmessage = plain;

    const objects = into("EventSource of JSON");
    new EventSource(`${channel}/sse?since=earliest&format=json`).onmessage =
        (event) => objects(JSON.parse(event.data));

    const lines = into("XMLHttpRequest");
    const request = new XMLHttpRequest();
    let read = 0;
    request.onprogress = () => {
        for (;;) {
            const end = request.responseText.indexOf("\n", read);
            if (end < 0) return;
            const line = request.responseText.slice(read, end);
            read = end + 1;
            if (line.trim()) lines(JSON.parse(line));
        }
    };
    request.open("GET", `${channel}/xhr-stream?since=earliest`);
    request.send();

    window.fromFrame = into("iframe");
    const frame = document.createElement("iframe");
    frame.src = `${channel}/iframe?callback=fromFrame&since=earliest`;
    document.body.append(frame);

    const script = into("JSONP");
    window.fromScript = (answer) => {
        answer.messages.forEach(script);
        if (answer.messages.length) load(answer.cursor);
    };
    const load = (cursor) => {
        const element = document.createElement("script");
        element.src = `${channel}/jsonp?callback=fromScript&wait=0&since=${cursor}`;
        document.body.append(element);
    };
    load("earliest");

    const poll = into("fetch");
    const ask = async (cursor) => {
        const answer = await (await fetch(`${channel}/poll?since=${cursor}`)).json();
        answer.messages.forEach(poll);
        if (answer.messages.length) ask(answer.cursor);
    };
    ask("earliest");

    const frames = into("WebSocket");
    const socket = new WebSocket(`ws://${location.host}${channel}/websocket?since=earliest`);
    socket.onmessage = (event) => frames(JSON.parse(event.data));
"#;

#[test]
fn a_browser_reads_messages_of_every_size_over_everything_that_it_has() {
    let seed = std::env::var("HOLDLINE_SEED").ok();
    let seed = seed
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(20_261_128);
    eprintln!("HOLDLINE_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let texts = SIZES.map(|size| text(&mut random, size));

    let server = Server::start(&[]).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    for text in &texts {
        holdline_e2e::publish(&mut client, "large", text).unwrap();
    }
    let browser = Browser::start().unwrap();
    browser.open(&server.url("/health")).unwrap();
    browser.run(READ).unwrap();
    let all = format!(
        "return Object.values(seen).every((texts) => texts.length >= {})",
        texts.len()
    );
    browser
        .wait_until("the messages, by every way", &all)
        .unwrap();

    let seen = browser.run("return seen").unwrap();
    let seen = seen.as_object().unwrap();
    assert_eq!(seen.len(), 7);
    for (way, read) in seen {
        let read = read.as_array().unwrap();
        for (read, sent) in read.iter().zip(&texts) {
            // Data of an event stream cannot tell one line end from another.
            let sent = match way.as_str() {
                "EventSource" => sent.replace("\r\n", "\n").replace('\r', "\n"),
                _ => sent.clone(),
            };
            assert_same(way, read, &sent);
        }
        assert_eq!(read.len(), texts.len(), "{way}");
    }
}

fn assert_same(way: &str, read: &Value, sent: &str) {
    let read = read.as_str().unwrap();
    let same = read.bytes().zip(sent.bytes()).take_while(|(a, b)| a == b);
    assert!(
        read == sent,
        "{way}: {} bytes instead of {}, the same up to {}",
        read.len(),
        sent.len(),
        same.count()
    );
}
