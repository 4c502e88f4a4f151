//! Two tabs of one browser, which allows both together six connections to a host.

use holdline_e2e::{Browser, Client, Server, wait_for};

use super::{
    assert_quiet, assert_received, numbered, open, open_second_window, panels, publish,
    wait_for_panels,
};

#[test]
fn chat_and_tracker_cross_two_tabs() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &server.url("/"));
    let first = browser.tab().unwrap();
    let second = browser.new_tab().unwrap();
    browser.open(&server.url("/")).unwrap();
    for (tab, name) in [(&first, "Ada"), (&second, "Grace")] {
        browser.switch_to(tab).unwrap();
        let chat = "return document.querySelector('#chat').dataset.state === 'open'";
        browser.wait_until("the chat to be open", chat).unwrap();
        browser
            .run("document.querySelector('#chat-name').value = ''")
            .unwrap();
        browser.type_into("#chat-name", name).unwrap();
        browser
            .type_into("#chat-text", &format!("I am {name}\n"))
            .unwrap();
    }
    for tab in [&second, &first] {
        browser.switch_to(tab).unwrap();
        let both = "const lines = [...document.querySelectorAll('#chat-log li .said')].map((line) => line.textContent);
            return lines.join() === 'I am Ada,I am Grace'";
        browser.wait_until("both lines of the chat", both).unwrap();
    }
    // One walks, both see.
    browser.click("#tracker-simulate").unwrap();
    for tab in [&first, &second] {
        browser.switch_to(tab).unwrap();
        let row = "return document.querySelectorAll('#tracker tbody tr').length === 1";
        browser.wait_until("a row of the tracker", row).unwrap();
    }
    assert_quiet(&browser, false);
}

/// The tab that is looked at runs all seven; in the other those go on that hold no request.
#[test]
fn panels_receive_in_the_tab_that_is_seen() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &server.url("/"));
    let first = browser.tab().unwrap();
    let second = browser.new_tab().unwrap();
    browser.open(&server.url("/")).unwrap();
    let mut all = Vec::new();
    for (round, tab) in [&second, &first, &second].into_iter().enumerate() {
        browser.switch_to(tab).unwrap();
        wait_for_panels(&browser, "all panels of this tab", |panel| {
            panel.state == "open"
        });
        wait_for_connections(&server);
        let texts = numbered(&format!("round {round}:"), 0..5);
        publish(server.address(), "demo", &texts);
        all.extend(texts.clone());
        wait_for_panels(&browser, "the messages", |panel| {
            panel.texts.ends_with(&texts)
        });
    }
    // In the second tab, nothing was missed: what came while it was hidden, came later.
    for tab in [&first, &second] {
        browser.switch_to(tab).unwrap();
        wait_for_panels(&browser, "all messages", |panel| {
            panel.texts.ends_with(&all[10..])
        });
        for (transport, panel) in panels(&browser) {
            assert_eq!(panel.texts, all, "{transport}");
            assert_eq!(panel.lost, 0, "{transport}: {panel:?}");
        }
    }
    assert_quiet(&browser, false);
}

/// Two windows that are both seen: the first one holds until the other is asked to.
#[test]
fn another_window_takes_over_when_asked() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &server.url("/"));
    open_second_window(&browser, &server);
    browser.click("#take-over").unwrap();
    wait_for_panels(&browser, "all panels of this window", |panel| {
        panel.state == "open"
    });
    wait_for_connections(&server);
    let texts = numbered("here", 0..5);
    publish(server.address(), "demo", &texts);
    assert_received(&browser, &texts);
    assert_quiet(&browser, false);
}

/// Waits until of all windows together one runs each of the held transports, and all the
/// WebSocket.
fn wait_for_connections(server: &Server) {
    let mut client = Client::connect(server.address()).unwrap();
    wait_for("one window to hold", || {
        client
            .send("GET /channels/demo/presence HTTP/1.1\r\nHost: test\r\n\r\n")
            .unwrap();
        let answer = client.answer("GET").unwrap().json().unwrap();
        let number = |name: &str| answer["by_transport"][name].as_u64();
        let held = ["long-poll", "jsonp", "xhr-stream", "iframe", "sse"];
        let one = held.iter().all(|name| number(name) == Some(1));
        (one && number("websocket") == Some(2)).then_some(())
    });
}
