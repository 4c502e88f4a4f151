//! What is written and cannot be sent yet.

use holdline_e2e::{Browser, Client, Server, publish};
use serde_json::json;

use super::{assert_quiet, enter, kept, say, wait_open, wait_said, wait_text};

/// From now on each document can be kept from publishing, and its clocks can be put forward, also after a reload.
fn prepare(browser: &Browser) {
    let source = r#"
        const stored = (name) => {
            try { return Number(sessionStorage.getItem(`test.${name}`)); } catch { return 0; }
        };
        const [date, monotonic, real] = [Date.now, performance.now.bind(performance), fetch];
        Date.now = () => date() + stored("late");
        performance.now = () => monotonic() + stored("late");
        window.fetch = (url, init) => {
            if (init?.method !== "POST" || !stored("blocked")) return real(url, init);
            sessionStorage.setItem("test.tried", stored("tried") + 1);
            return Promise.reject(new TypeError("blocked"));
        };"#;
    let source = json!({ "source": source });
    browser
        .devtools("Page.addScriptToEvaluateOnNewDocument", &source)
        .unwrap();
}

fn set(browser: &Browser, name: &str, value: u64) {
    let script = format!("sessionStorage.setItem('test.{name}', {value})");
    browser.run(&script).unwrap();
}

/// Waits until it was tried to publish.
fn wait_tried(browser: &Browser) {
    let tried = "return Number(sessionStorage.getItem('test.tried')) > 0";
    browser.wait_until("it to be tried", tried).unwrap();
}

fn wait_nothing_waits(browser: &Browser) {
    let none = "return document.querySelectorAll('#waiting li').length === 0";
    browser.wait_until("nothing to wait", none).unwrap();
}

#[test]
fn what_waits_is_still_there_after_a_reload_and_is_sent_once() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    prepare(&browser);
    enter(&browser, &server.url("/chat"), "ann");
    set(&browser, "blocked", 1);
    say(&browser, "First");
    say(&browser, "Second");
    wait_tried(&browser);
    for _ in 0..2 {
        browser.run("location.reload()").unwrap();
        wait_open(&browser);
        let waiting = "return [...document.querySelectorAll('#waiting .said')].map(({ textContent }) => textContent)";
        wait_text(&browser, "#waiting", "Second");
        assert_eq!(browser.run(waiting).unwrap(), json!(["First", "Second"]));
        assert_eq!(kept(&server, "chat-room.lobby", "First", ""), 0);
    }
    set(&browser, "blocked", 0);
    wait_said(&browser, &["ann: First", "ann: Second"]);
    wait_nothing_waits(&browser);
    browser.run("location.reload()").unwrap();
    wait_open(&browser);
    wait_said(&browser, &["ann: First", "ann: Second"]);
    wait_nothing_waits(&browser);
    for text in ["First", "Second"] {
        assert_eq!(kept(&server, "chat-room.lobby", text, ""), 1);
    }
    assert_quiet(&browser);
}

/// So late that the server may have forgotten its key. The history says that it is not there.
#[test]
fn what_could_not_be_sent_for_long_is_sent_once_when_the_history_does_not_have_it() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    prepare(&browser);
    enter(&browser, &server.url("/chat"), "ann");
    set(&browser, "blocked", 1);
    say(&browser, "Late");
    wait_tried(&browser);
    set(&browser, "late", 100_000);
    set(&browser, "blocked", 0);
    wait_said(&browser, &["ann: Late"]);
    wait_nothing_waits(&browser);
    assert_eq!(kept(&server, "chat-room.lobby", "Late", ""), 1);
    assert_quiet(&browser);
}

/// Nobody can tell, because the history is not kept: sending it again by itself might say it twice.
#[test]
fn after_more_than_eighty_seconds_nobody_knows_whether_it_was_sent_and_the_reader_decides() {
    let options = ["--history", "0", "--resume-window", "0s"];
    let server = Server::start(&options).unwrap();
    let browser = Browser::start().unwrap();
    prepare(&browser);
    enter(&browser, &server.url("/chat"), "ann");
    set(&browser, "blocked", 1);
    say(&browser, "Perhaps");
    wait_tried(&browser);
    let mut other = Client::connect(server.address()).unwrap();
    let message = json!({ "key": "k", "from": "bob", "whom": "lobby", "text": "Hello", "at": 0 });
    publish(&mut other, "chat-room.lobby", &message.to_string()).unwrap();
    wait_said(&browser, &["bob: Hello"]);
    set(&browser, "late", 100_000);
    wait_text(
        &browser,
        "#waiting",
        "it is not known whether this was sent",
    );
    let waiting = browser.text("#waiting").unwrap();
    assert!(!waiting.contains("refused"), "{waiting}");
    // It could be sent now, and is not.
    set(&browser, "blocked", 0);
    say(&browser, "Are you there?");
    wait_said(&browser, &["bob: Hello", "ann: Are you there?"]);
    wait_text(&browser, "#waiting", "Perhaps");
    browser.click("#waiting li button").unwrap();
    wait_said(
        &browser,
        &["bob: Hello", "ann: Are you there?", "ann: Perhaps"],
    );
    wait_nothing_waits(&browser);
    assert_quiet(&browser);
}
