//! What the panels say that they cost, and what was there before the page came.

use std::collections::BTreeMap;
use std::time::Duration;

use holdline_e2e::{Browser, Server, wait_for};
use serde_json::json;

use super::{
    assert_quiet, assert_received, numbered, open, open_second_window, panels, publish,
    wait_for_panels,
};

/// The bytes that each panel shows.
fn bytes(browser: &Browser) -> BTreeMap<String, u64> {
    let script = "return [...document.querySelectorAll('section[data-transport]')].map((section) =>
        [section.dataset.transport, Number(section.querySelector('[data-count=bytes]').dataset.value)])";
    let list: Vec<(String, u64)> = serde_json::from_value(browser.run(script).unwrap()).unwrap();
    list.into_iter().collect()
}

/// Waits until no panel shows another number than a while ago.
fn settled(browser: &Browser, but: &str) -> BTreeMap<String, u64> {
    wait_for("the numbers to settle", || {
        let before = bytes(browser);
        std::thread::sleep(Duration::from_millis(2_500));
        let after = bytes(browser);
        let still = |(name, count): (&String, &u64)| name == but || before[name] == *count;
        after.iter().all(still).then_some(after)
    })
}

#[test]
fn the_bytes_of_a_panel_are_those_on_the_wire_with_heads() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &server.url("/"));
    // Of each open stream, the heads of its request and of the answer have passed.
    let begun = settled(&browser, "poll");
    for (transport, count) in &begun {
        assert!(*count > 600, "{transport}: {begun:?}");
    }
    let text = "x".repeat(5_000);
    publish(server.address(), "demo", &[text]);
    wait_for_panels(&browser, "the message", |panel| panel.messages == 1);
    let ended = settled(&browser, "poll");
    for (transport, count) in &ended {
        let more = count - begun[transport];
        let most = match transport.as_str() {
            // Compressed.
            "websocket" => 10..1_000,
            // With other requests and answers.
            "poll" => 5_300..40_000,
            "long-poll" | "jsonp" => 5_500..8_000,
            _ => 5_050..5_300,
        };
        assert!(most.contains(&more), "{transport}: {more} for 5000 bytes");
    }
    assert_quiet(&browser, false);
}

/// The moving box rides on the connection of the panel "Server-sent events".
#[test]
fn the_steps_of_the_box_are_not_counted_as_the_panels() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &server.url("/"));
    browser.click("input[name=tick][value='100']").unwrap();
    let steps = || -> u64 {
        let text = browser.text("#box-steps").unwrap();
        text.parse().unwrap()
    };
    wait_for("the box to move fast", || (steps() > 20).then_some(()));
    // What the connection began with may be counted late.
    let (before, first) = (settled(&browser, "poll")["sse"], steps());
    wait_for("the box to move on", || {
        (steps() > first + 60).then_some(())
    });
    std::thread::sleep(Duration::from_millis(2_500));
    let more = bytes(&browser)["sse"] - before;
    // Sixty steps are more than 7000 bytes. There is room for a step that was just on its way, and for a heartbeat.
    assert!(more < 400, "{more} bytes, of {} steps", steps() - first);
    publish(server.address(), "demo", &["y".repeat(2_000)]);
    wait_for("the message to be counted", || {
        (bytes(&browser)["sse"] >= before + 2_000).then_some(())
    });
    assert_quiet(&browser, false);
}

/// What was published before, in a tab whose panels wait for the first one, and after a reload.
#[test]
fn a_second_tab_shows_what_was_published_before_it_came() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &server.url("/"));
    let texts = numbered("early", 0..60);
    publish(server.address(), "demo", &texts);
    assert_received(&browser, &texts);
    open_second_window(&browser, &server);
    let shows_history = |what: &str| {
        wait_for_panels(&browser, what, |panel| panel.texts == texts[10..]);
        for (transport, panel) in panels(&browser) {
            // They did not come over these transports.
            assert_eq!((panel.messages, panel.lost), (0, 0), "{transport}");
        }
    };
    shows_history("the history in all panels");
    // From there on nothing is missing, and nothing comes twice.
    publish(server.address(), "demo", &["late".to_owned()]);
    browser.click("#take-over").unwrap();
    let late = |panel: &super::Panel| panel.messages == 1 && panel.texts.len() == 50;
    wait_for_panels(&browser, "what came while they waited", late);
    for (transport, panel) in panels(&browser) {
        let expected = [&texts[11..], &["late".to_owned()]].concat();
        assert_eq!(panel.texts, expected, "{transport}");
    }
    // A channel with another history.
    let script = format!(
        "const channel = document.querySelector('#publish-channel');
         channel.value = {};
         channel.dispatchEvent(new Event('change'));",
        json!("empty")
    );
    browser.run(&script).unwrap();
    wait_for_panels(&browser, "nothing", |panel| {
        panel.texts.is_empty() && panel.state == "open"
    });
    assert_quiet(&browser, false);
}
