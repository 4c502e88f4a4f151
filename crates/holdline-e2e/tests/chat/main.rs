//! The chat at `/chat`, as two people use it who have a bad network.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod looks;
mod network;
mod outbox;
mod private;
mod rooms;

use holdline_e2e::{Browser, Client, Server};
use serde_json::json;

/// Opens the chat in the current tab and enters it under a name.
fn enter(browser: &Browser, url: &str, name: &str) {
    browser.open(url).unwrap();
    let asked = "return document.activeElement === document.querySelector('#name')";
    browser.wait_until("the question who it is", asked).unwrap();
    browser
        .run("document.querySelector('#name').value = ''")
        .unwrap();
    browser.type_into("#name", &format!("{name}\n")).unwrap();
    wait_open(browser);
}

fn wait_open(browser: &Browser) {
    let open = "return document.querySelector('#talk')?.dataset.state === 'open'";
    browser.wait_until("the chat to be open", open).unwrap();
}

/// Two people, each in a tab of their own.
fn two(browser: &Browser, url: &str) -> [String; 2] {
    let ann = browser.tab().unwrap();
    enter(browser, url, "ann");
    let bob = browser.new_tab().unwrap();
    enter(browser, url, "bob");
    [ann, bob]
}

fn say(browser: &Browser, text: &str) {
    browser.type_into("#text", &format!("{text}\n")).unwrap();
}

/// What the current talk shows, as `who: text`.
fn said(browser: &Browser) -> Vec<String> {
    let script = "return [...document.querySelectorAll('#messages li .said')]
        .map((said) => `${said.parentNode.querySelector('.who').textContent}: ${said.textContent}`)";
    let list = browser.run(script).unwrap();
    let list = list.as_array().unwrap().iter();
    list.map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Waits until the current talk shows exactly this.
fn wait_said(browser: &Browser, lines: &[&str]) {
    let count = lines.len();
    let script =
        format!("return document.querySelectorAll('#messages li .said').length >= {count}");
    browser.wait_until(&format!("{lines:?}"), &script).unwrap();
    assert_eq!(said(browser), lines);
}

/// Waits until the text of an element holds these words.
fn wait_text(browser: &Browser, selector: &str, words: &str) {
    let script = format!(
        "const found = document.querySelector({});
        return !!found && !found.hidden && found.textContent.includes({})",
        json!(selector),
        json!(words)
    );
    browser
        .wait_until(&format!("{words:?} in {selector}"), &script)
        .unwrap();
}

/// How often the server has a text in a channel.
fn kept(server: &Server, channel: &str, text: &str, token: &str) -> usize {
    let mut client = Client::connect(server.address()).unwrap();
    client
        .send(format!(
            "GET /channels/{channel}/poll?since=earliest HTTP/1.1\r\nHost: test\r\n{token}\r\n"
        ))
        .unwrap();
    let answer = client.answer("GET").unwrap().json().unwrap();
    let messages = answer["messages"].as_array().unwrap().iter();
    messages
        .filter(|message| message["data"].as_str().unwrap().contains(text))
        .count()
}

/// The console has nothing but connections that failed while the test made them fail.
fn assert_quiet(browser: &Browser) {
    for entry in browser.console().unwrap() {
        let network = [
            "net::ERR_",
            "WebSocket connection to",
            "status of 401",
            "status of 403",
        ];
        let expected = network.iter().any(|words| entry.message.contains(words));
        let quiet = matches!(entry.level.as_str(), "INFO" | "DEBUG");
        assert!(quiet || expected, "the console: {entry:?}");
    }
}
