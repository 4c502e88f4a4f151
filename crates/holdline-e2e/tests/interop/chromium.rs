//! Chromium's `WebSocket`, which compresses.

use holdline_e2e::{Browser, Client, CutProxy, Server, publish};
use serde_json::json;

#[test]
fn client_with_the_program() {
    let server = Server::start(&["--max-message", &(16 << 20).to_string()]).unwrap();
    let browser = Browser::start().unwrap();
    browser.open(&server.url("/health")).unwrap();
    browser.run(ECHO).unwrap();
    browser
        .wait_until("the echoes", "return window.done")
        .unwrap();
    let result = browser.run("return window.result").unwrap();
    assert_eq!(result["wrong"], json!([]));
    assert_eq!(result["echoes"], json!(18));
    assert_eq!(result["close"], json!([1000, "", true]));
    let extensions = result["extensions"].as_str().unwrap();
    assert!(extensions.starts_with("permessage-deflate"), "{extensions}");
    // A code and a reason of its own, and what the server makes of them.
    browser.run(CLOSE).unwrap();
    browser.wait_until("the end", "return window.done").unwrap();
    let close = browser.run("return window.close_event").unwrap();
    assert_eq!(close[0], json!(4321));
    assert_eq!(close[1], json!(true));
}

#[test]
fn channels() {
    let server = Server::start(&[]).unwrap();
    let proxy = CutProxy::start(server.address()).unwrap();
    let browser = Browser::start().unwrap();
    browser.open(&proxy.url("/health")).unwrap();
    browser.run(SUBSCRIBE).unwrap();
    let began = "return window.seen.length === 1";
    browser.wait_until("the beginning", began).unwrap();
    let extensions = browser.run("return window.socket.extensions").unwrap();
    let extensions = extensions.as_str().unwrap();
    assert!(extensions.starts_with("permessage-deflate"), "{extensions}");
    let before = proxy.bytes();
    let mut client = Client::connect(server.address()).unwrap();
    let mut texts = Vec::new();
    // Those that are compressed and those that are too short for that, in turns.
    for number in 0..40 {
        let text = format!("{number} 世界🦀 ").repeat(if number % 2 == 0 { 1 } else { 500 });
        publish(&mut client, "a", &text).unwrap();
        texts.push(text);
    }
    let own = "from the page ".repeat(1000);
    browser
        .run(&format!("window.socket.send({})", json!(own)))
        .unwrap();
    texts.push(own);
    let all = format!("return window.seen.length === {}", texts.len() + 1);
    browser.wait_until("the messages", &all).unwrap();
    let (bytes, plain) = (
        proxy.bytes() - before,
        texts.iter().map(String::len).sum::<usize>() as u64,
    );
    assert!(bytes < plain / 4, "{bytes} bytes for {plain}");
    let seen = browser.run("return window.seen").unwrap();
    assert_eq!(seen[0]["event"], "holdline.open");
    for (at, text) in texts.iter().enumerate() {
        assert_eq!(seen[at + 1]["data"], json!(text), "message {at}");
    }
}

/// Sends messages of all sizes, each after the echo of the one before, and compares.
const ECHO: &str = r#"
    window.done = false;
    const result = { echoes: 0, wrong: [] };
    window.result = result;
    const sizes = [0, 1, 125, 126, 127, 65535, 65536, 1 << 20, 16 << 20];
    const letters = "abcdefghijklmnopqrstuvwxyz -{}[]0123456789,.\n";
    let state = 6455;
    const random = () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state >>> 16;
    };
    const socket = new WebSocket(`ws://${location.host}/echo`);
    socket.binaryType = "arraybuffer";
    let sent;
    const send = () => {
        const at = result.echoes;
        if (at === 2 * sizes.length) {
            socket.close(1000);
            return;
        }
        const size = sizes[at >> 1];
        if (at % 2 === 0) {
            const part = Array.from({ length: Math.min(size, 4096) },
                () => letters[random() % letters.length]).join("");
            sent = part.repeat(Math.ceil(size / 4096)).slice(0, size);
        } else {
            sent = new Uint8Array(size);
            for (let at = 0; at < size; at += 1) sent[at] = random();
        }
        socket.send(sent);
    };
    const equal = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
    socket.onopen = () => {
        result.extensions = socket.extensions;
        send();
    };
    socket.onmessage = ({ data }) => {
        const good = typeof sent === "string"
            ? data === sent
            : data instanceof ArrayBuffer && equal(new Uint8Array(data), sent);
        if (!good) result.wrong.push(`${typeof sent} of ${sent.length}`);
        result.echoes += 1;
        send();
    };
    socket.onclose = ({ code, reason, wasClean }) => {
        result.close = [code, reason, wasClean];
        window.done = true;
    };
"#;

const CLOSE: &str = r#"
    window.done = false;
    const socket = new WebSocket(`ws://${location.host}/echo`);
    socket.onopen = () => socket.close(4321, "a reason: 世界");
    socket.onclose = ({ code, wasClean }) => {
        window.close_event = [code, wasClean];
        window.done = true;
    };
"#;

const SUBSCRIBE: &str = r#"
    window.seen = [];
    window.socket = new WebSocket(`ws://${location.host}/channels/a/websocket`);
    window.socket.onmessage = ({ data }) => window.seen.push(JSON.parse(data));
"#;
