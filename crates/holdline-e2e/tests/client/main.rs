//! `holdline.js`, the client for pages, in a real browser and in Node.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod basics;
mod chaos;
mod files;
mod nginx;
mod node;
mod proxies;
mod rates;
mod readme;
mod scripted;
mod types;

use holdline_e2e::{Browser, Server};
use serde_json::{Value, json};

/// What a test's page has: `follow` connects, and keeps what it is told under a name.
const PAGE: &str = r#"
    window.seen = {};
    window.follow = (name, options, url = "/") => {
        const connection = client.connect(url, options);
        const kept = seen[name] = { connection, messages: [], states: [], lost: 0 };
        connection.on("message", (message) => kept.messages.push(message));
        connection.on("lost", () => (kept.lost += 1));
        connection.on("state", ({ state, transport, error }) =>
            kept.states.push({ state, transport, error: error?.message ?? null, status: error?.status ?? null }));
    };
    import("/holdline.mjs").then((module) => (window.client = module))
        .then(() => import("/holdline-comet.js"))
        .then(() => (window.ready = true), (error) => (window.ready = `${error}`));"#;

/// The ways to receive that a page can name, and `auto`.
const WAYS: [&str; 9] = [
    "auto",
    "websocket",
    "sse",
    "fetch-stream",
    "long-poll",
    "poll",
    "xhr-stream",
    "jsonp",
    "iframe",
];

/// Opens a page of the server, or of the proxy before it, that has the client and nothing else.
fn open(browser: &Browser, health: &str) {
    browser.open(health).unwrap();
    browser.run(PAGE).unwrap();
    browser
        .wait_until("the client to be loaded", "return window.ready === true")
        .unwrap();
}

/// Follows channels under a name.
fn follow(browser: &Browser, name: &str, options: &Value) {
    let script = format!("follow({}, {options})", json!(name));
    browser.run(&script).unwrap();
}

/// Waits until a connection is open, and says over which transport.
fn wait_for_open(browser: &Browser, name: &str) -> String {
    let open = format!("return seen[{}].connection.state === 'open'", json!(name));
    browser
        .wait_until(&format!("{name} to be open"), &open)
        .unwrap();
    let transport = format!("return seen[{}].connection.transport", json!(name));
    browser
        .run(&transport)
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned()
}

/// Waits until so many messages have come, and gives their texts, and how often a loss was told.
fn received(browser: &Browser, name: &str, count: usize) -> (Vec<String>, u64) {
    let name = json!(name);
    let enough = format!("return seen[{name}].messages.length >= {count}");
    browser
        .wait_until(&format!("{count} messages over {name}"), &enough)
        .unwrap();
    let seen = format!(
        "const {{ messages, lost }} = seen[{name}]; return [messages.map(({{ data }}) => data), lost]"
    );
    serde_json::from_value(browser.run(&seen).unwrap()).unwrap()
}

/// A state that a connection has told.
#[derive(Clone, Debug, PartialEq)]
struct State {
    state: String,
    transport: Option<String>,
    error: Option<String>,
    status: Option<u64>,
}

impl State {
    fn new(state: &str, transport: Option<&str>) -> Self {
        Self {
            state: state.to_owned(),
            transport: transport.map(str::to_owned),
            error: None,
            status: None,
        }
    }
}

fn states(browser: &Browser, name: &str) -> Vec<State> {
    let states = browser
        .run(&format!("return seen[{}].states", json!(name)))
        .unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let states = states.as_array().unwrap().iter().map(|told| State {
        state: text(&told["state"]).unwrap(),
        transport: text(&told["transport"]),
        error: text(&told["error"]),
        status: told["status"].as_u64(),
    });
    states.collect()
}

fn publish(server: &Server, channel: &str, texts: &[String]) {
    let mut client = holdline_e2e::Client::connect(server.address()).unwrap();
    for text in texts {
        holdline_e2e::publish(&mut client, channel, text).unwrap();
    }
}
