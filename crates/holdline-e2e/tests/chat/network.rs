//! Cuts, restarts, and what was written meanwhile.

use holdline_e2e::{Browser, CutProxy, Mood, MoodyProxy, Server};

use super::{assert_quiet, enter, kept, say, two, wait_open, wait_said, wait_text};

#[test]
fn what_is_written_without_a_connection_is_sent_when_it_is_back_once() {
    let server = Server::start(&[]).unwrap();
    let proxy = CutProxy::start(server.address()).unwrap();
    let browser = Browser::start().unwrap();
    let [ann, bob] = two(&browser, &proxy.url("/chat"));
    proxy.refuse(true);
    proxy.cut();
    wait_text(&browser, "#line-note", "No connection since");
    say(&browser, "First");
    say(&browser, "Second");
    wait_text(&browser, "#waiting", "waiting for the connection");
    let waiting = "return document.querySelectorAll('#waiting li').length === 2";
    browser.wait_until("both to wait", waiting).unwrap();
    assert_eq!(kept(&server, "chat-room.lobby", "First", ""), 0);
    proxy.refuse(false);
    wait_said(&browser, &["bob: First", "bob: Second"]);
    wait_text(&browser, "#line-note", "The connection is back.");
    let none = "return document.querySelectorAll('#waiting li').length === 0";
    browser.wait_until("nothing to wait", none).unwrap();
    browser.switch_to(&ann).unwrap();
    wait_said(&browser, &["bob: First", "bob: Second"]);
    for text in ["First", "Second"] {
        assert_eq!(kept(&server, "chat-room.lobby", text, ""), 1);
    }
    browser.switch_to(&bob).unwrap();
    assert_quiet(&browser);
}

/// The server publishes, and its answer is lost on the way: the worst that can happen to somebody who sends again.
#[test]
fn a_message_whose_answer_was_lost_is_there_once_also_after_a_reload() {
    let server = Server::start(&[]).unwrap();
    let proxy = MoodyProxy::start(server.address()).unwrap();
    let browser = Browser::start().unwrap();
    enter(&browser, &proxy.url("/chat"), "ann");
    proxy.set_mood(Mood::NoAnswers);
    say(&browser, "Only once");
    // It comes back over the WebSocket, which goes on.
    wait_said(&browser, &["ann: Only once"]);
    proxy.set_mood(Mood::Kind);
    browser.run("location.reload()").unwrap();
    wait_open(&browser);
    wait_said(&browser, &["ann: Only once"]);
    say(&browser, "And this");
    wait_said(&browser, &["ann: Only once", "ann: And this"]);
    assert_eq!(kept(&server, "chat-room.lobby", "Only once", ""), 1);
    assert_quiet(&browser);
}

#[test]
fn a_server_that_was_started_again_is_told_of_and_the_talk_goes_on() {
    let mut server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    let [ann, _bob] = two(&browser, &server.url("/chat"));
    say(&browser, "Before");
    wait_said(&browser, &["bob: Before"]);
    server.kill();
    wait_text(&browser, "#line-note", "No connection since");
    say(&browser, "While it was away");
    wait_text(&browser, "#waiting", "waiting for the connection");
    // What waits is there after a reload, too. But the page itself comes from the server.
    server.restart().unwrap();
    wait_said(&browser, &["bob: Before", "bob: While it was away"]);
    wait_text(&browser, "#messages .note", "messages may be missing here");
    browser.switch_to(&ann).unwrap();
    wait_said(&browser, &["bob: Before", "bob: While it was away"]);
    wait_text(&browser, "#members [data-name=bob]", "bob");
    assert_eq!(kept(&server, "chat-room.lobby", "While it was away", ""), 1);
    assert_quiet(&browser);
}
