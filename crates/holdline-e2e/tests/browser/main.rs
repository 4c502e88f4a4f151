//! The page in a real browser.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod cuts;
mod large;
mod live;
mod page;
mod stats;
mod tabs;
mod wire;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use holdline_e2e::{Browser, Client, Server, Transport, wait_for};

/// What a panel shows.
#[derive(Clone, Debug)]
struct Panel {
    state: String,
    /// The counter, and the texts that are listed.
    messages: u64,
    texts: Vec<String>,
    lost: u64,
    requests: u64,
}

/// The panels by transport.
fn panels(browser: &Browser) -> BTreeMap<String, Panel> {
    let script = "
        return [...document.querySelectorAll('section[data-transport]')].map((section) => {
            const count = (name) => Number(section.querySelector(`[data-count=${name}]`).textContent);
            return {
                transport: section.dataset.transport,
                state: section.dataset.state,
                messages: count('messages'),
                lost: count('lost'),
                requests: count('requests'),
                texts: [...section.querySelectorAll('.messages li .data')].map((item) => item.textContent),
            };
        });";
    let list = browser.run(script).unwrap();
    let panels = list.as_array().unwrap().iter().map(|panel| {
        let number = |key: &str| {
            panel[key]
                .as_u64()
                .unwrap_or_else(|| panic!("{key}: {panel}"))
        };
        let text = |key: &str| panel[key].as_str().unwrap().to_owned();
        let texts = panel["texts"].as_array().unwrap().iter();
        let value = Panel {
            state: text("state"),
            messages: number("messages"),
            texts: texts
                .map(|text| text.as_str().unwrap().to_owned())
                .collect(),
            lost: number("lost"),
            requests: number("requests"),
        };
        (text("transport"), value)
    });
    panels.collect()
}

/// Opens the page and waits until all seven panels are open.
fn open(browser: &Browser, url: &str) {
    browser.open(url).unwrap();
    wait_for_panels(browser, "all panels to be open", |panel| {
        panel.state == "open"
    });
    let names: Vec<String> = panels(browser).into_keys().collect();
    let mut all = Transport::ALL.map(|transport| transport.name().to_owned());
    all.sort();
    assert_eq!(names, all);
}

/// Opens the page in another window, whose panels wait for those of the first one. That one has 150 ms to say that it
/// is there, which a busy machine may not give it. Then the window is closed, and opened once more.
fn open_second_window(browser: &Browser, server: &Server) {
    let first = browser.tab().unwrap();
    for _ in 0..10 {
        browser.new_window("window").unwrap();
        browser.open(&server.url("/")).unwrap();
        let holds = wait_for("the second window to wait or to hold", || {
            let holds = "return document.querySelector('#panels').dataset.holding ?? ''";
            let holds = browser.run(holds).unwrap();
            holds
                .as_str()
                .filter(|holds| !holds.is_empty())
                .map(str::to_owned)
        });
        if holds == "false" {
            return;
        }
        browser.close_tab().unwrap();
        browser.switch_to(&first).unwrap();
        wait_for_panels(browser, "the first window to hold again", |panel| {
            panel.state == "open"
        });
    }
    panic!("the first window never answers in time");
}

/// Waits until all panels are as they should be; says how they are when they never are.
fn wait_for_panels(browser: &Browser, what: &str, like: impl Fn(&Panel) -> bool) {
    let mut last = BTreeMap::new();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        wait_for(what, || {
            last = panels(browser);
            (last.len() == Transport::ALL.len() && last.values().all(&like)).then_some(())
        });
    }));
    if let Err(panic) = result {
        eprintln!("{what}: {last:#?}");
        std::panic::resume_unwind(panic);
    }
}

/// Every panel has had exactly these messages, in this order, and has lost nothing.
fn assert_received(browser: &Browser, texts: &[String]) {
    let count = texts.len() as u64;
    wait_for_panels(browser, "the messages in all panels", |panel| {
        panel.messages >= count
    });
    for (transport, panel) in panels(browser) {
        assert_eq!(panel.messages, count, "{transport}: {panel:?}");
        let shown = texts.len().min(50);
        assert_eq!(panel.texts, texts[texts.len() - shown..], "{transport}");
        assert_eq!(panel.lost, 0, "{transport}: {panel:?}");
        assert!(panel.requests > 0, "{transport}: {panel:?}");
    }
}

fn publish(address: SocketAddr, channel: &str, texts: &[String]) {
    let mut client = Client::connect(address).unwrap();
    for text in texts {
        holdline_e2e::publish(&mut client, channel, text).unwrap();
    }
}

/// The console has neither errors nor warnings, but for connections that failed while the test
/// made them fail, which the browser itself writes.
fn assert_quiet(browser: &Browser, cut: bool) {
    for entry in browser.console().unwrap() {
        let network = ["net::ERR_", "WebSocket connection to"];
        let expected = cut && network.iter().any(|words| entry.message.contains(words));
        let quiet = matches!(entry.level.as_str(), "INFO" | "DEBUG");
        assert!(quiet || expected, "the console: {entry:?}");
    }
}

fn numbered(prefix: &str, range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| format!("{prefix} {number}")).collect()
}
