//! What each technique is known for, shown by its page.

use holdline_e2e::{Browser, CutProxy, Server};

use super::{Page, assert_quiet, in_browsers, publish_all};

#[test]
fn late_answers_are_overtaken_or_killed_and_nothing_is_lost_or_doubled() {
    let server = Server::start(&[]).unwrap();
    let names = ["short-poll", "iframe-reload", "iframe-each"];
    in_browsers(&names, |browser, name| {
        let words = match name {
            "short-poll" => "overtaken",
            "iframe-reload" => "killed by the next",
            _ => "frame: held",
        };
        let page = Page::open(browser, &server, name);
        page.press("Slow answer");
        if name != "short-poll" {
            page.wait_for_request(": held");
        }
        page.publish("while it hangs");
        page.publish("and another");
        page.wait_for_request(words);
        let expected = ["while it hangs", "and another"].map(str::to_owned);
        page.assert_received(&expected);
        // The late answers are all there now, and change nothing.
        std::thread::sleep(std::time::Duration::from_secs(6));
        page.assert_received(&expected);
    });
}

#[test]
fn what_is_published_between_two_long_polls_is_not_lost() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    let page = Page::open(&browser, &server, "long-poll");
    page.wait_for_request(": held");
    page.press("Publish in the gap");
    page.assert_received(&["this ends the request", "published in the gap"].map(str::to_owned));
    // "No news" is an answer, too.
    page.wait_for_request("answered, nothing new");
    assert_quiet(&browser);
}

#[test]
fn the_browser_plays_the_four_events_comes_back_and_stays_away() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    let page = Page::open(&browser, &server, "event-source");
    page.press("The four events");
    let all = r#"["open"] ["message","first event",""] ["message","second event","100"] ["myevent","third event","101"] ["message","fourth event\nfourth event continue","101"] ["error",0] ["error",2]"#;
    holdline_e2e::wait_for("the four events and the end", || {
        (page.note() == all).then_some(())
    });
    assert_quiet(&browser);
}

#[test]
fn a_websocket_shows_its_states_and_close_codes_and_connects_again() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    let page = Page::open(&browser, &server, "websocket");
    holdline_e2e::wait_for("an open WebSocket", || {
        page.note().contains("readyState OPEN").then_some(())
    });
    page.press("Close with 4000");
    page.wait_for_request("close code 4000");
    publish_all(&server, &page.channel, &["while it was closed".to_owned()]);
    page.assert_received(&["while it was closed".to_owned()]);
    assert_quiet(&browser);
}

#[test]
fn the_im_that_streams_is_ended_by_a_timeout_and_goes_on() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    let page = Page::open(&browser, &server, "im-stream");
    page.wait_for_request("stream: answered, nothing new");
    page.wait_for_request("init page");
    page.publish("in the next");
    page.assert_received(&["in the next".to_owned()]);
    let page = Page::open(&browser, &server, "im-poll");
    page.wait_for_request("polling: answered, nothing new");
    page.publish("sent as a parameter & more?");
    page.assert_received(&["sent as a parameter & more?".to_owned()]);
    page.wait_for_request("build");
    page.wait_for_request("send: answered");
    assert_quiet(&browser);
}

#[test]
fn a_line_that_is_cut_costs_no_message() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    let proxy = CutProxy::start(server.address()).unwrap();
    for name in [
        "long-poll",
        "xhr-stream",
        "fetch-stream",
        "event-source",
        "event-source-polyfill",
        "websocket",
        "jsonp",
        "im-stream",
    ] {
        let url = proxy.url(&format!("/techniques/{name}?channel=cut-{name}"));
        browser.open(&url).unwrap();
        let running = "return document.querySelector('#run').dataset.state === 'running'";
        browser.wait_until(name, running).unwrap();
        let page = Page {
            browser: &browser,
            name,
            channel: format!("cut-{name}"),
        };
        publish_all(&server, &page.channel, &["before".to_owned()]);
        page.assert_received(&["before".to_owned()]);
        proxy.cut();
        publish_all(&server, &page.channel, &["after".to_owned()]);
        page.assert_received(&["before", "after"].map(str::to_owned));
    }
}
