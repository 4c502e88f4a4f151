//! Rooms, who is there, what was not read.

use holdline_e2e::{Browser, Mood, MoodyProxy, Server, wait_for};

use super::{assert_quiet, enter, say, two, wait_open, wait_said, wait_text};

#[test]
fn two_people_see_each_other_come_talk_and_go() {
    let server = Server::start(&["--presence-linger", "1s"]).unwrap();
    let browser = Browser::start().unwrap();
    let url = server.url("/chat");
    let [ann, bob] = two(&browser, &url);
    say(&browser, "Hello </script> \u{2028} 世界 🦀");
    // Who comes later has what was said before.
    browser.switch_to(&ann).unwrap();
    wait_said(&browser, &["bob: Hello </script> \u{2028} 世界 🦀"]);
    for name in ["ann", "bob"] {
        wait_text(&browser, &format!("#members [data-name={name}]"), name);
    }
    say(&browser, "Hi");
    browser.switch_to(&bob).unwrap();
    wait_said(
        &browser,
        &["bob: Hello </script> \u{2028} 世界 🦀", "ann: Hi"],
    );
    // Somebody comes later, and it is told; somebody goes, and it is told.
    std::thread::sleep(std::time::Duration::from_secs(6));
    let carol = browser.new_tab().unwrap();
    enter(&browser, &url, "carol");
    wait_said(
        &browser,
        &["bob: Hello </script> \u{2028} 世界 🦀", "ann: Hi"],
    );
    browser.switch_to(&bob).unwrap();
    wait_text(&browser, "#messages li:last-child", "carol is here");
    browser.switch_to(&carol).unwrap();
    browser.open("about:blank").unwrap();
    browser.switch_to(&bob).unwrap();
    wait_text(&browser, "#messages li:last-child", "carol has left");
    assert_quiet(&browser);
}

#[test]
fn what_was_not_read_is_counted_also_over_a_reload() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    let [ann, bob] = two(&browser, &server.url("/chat"));
    for tab in [&ann, &bob] {
        browser.switch_to(tab).unwrap();
        browser.type_into("#room-name", "tea\n").unwrap();
        wait_text(&browser, "#talk-title", "tea");
        wait_open(&browser);
    }
    say(&browser, "One");
    wait_said(&browser, &["bob: One"]);
    browser.switch_to(&ann).unwrap();
    wait_said(&browser, &["bob: One"]);
    browser.click("[data-talk='room:lobby']").unwrap();
    browser.switch_to(&bob).unwrap();
    say(&browser, "Two");
    say(&browser, "Three");
    wait_said(&browser, &["bob: One", "bob: Two", "bob: Three"]);
    browser.switch_to(&ann).unwrap();
    wait_text(&browser, "[data-talk='room:tea'] .unread", "2");
    let title = || browser.run("return document.title").unwrap();
    wait_for("the title", || {
        (title() == "(2) Chat · Holdline").then_some(())
    });
    browser.click("[data-talk='room:tea']").unwrap();
    wait_said(&browser, &["bob: One", "bob: Two", "bob: Three"]);
    wait_for("the title without a number", || {
        (title() == "Chat · Holdline").then_some(())
    });
    // After a reload it is still known what was read.
    browser.run("location.reload()").unwrap();
    wait_open(&browser);
    wait_text(&browser, "#me-name", "ann");
    browser.click("[data-talk='room:tea']").unwrap();
    wait_said(&browser, &["bob: One", "bob: Two", "bob: Three"]);
    assert_eq!(title(), "Chat · Holdline");
    assert_quiet(&browser);
}

/// Whole answers are all that some networks let through. Then it polls, and sees and is seen all the same.
#[test]
fn a_poller_is_a_member_like_any_other() {
    let server = Server::start(&[]).unwrap();
    let proxy = MoodyProxy::start(server.address()).unwrap();
    proxy.set_mood(Mood::Buffering);
    let browser = Browser::start().unwrap();
    let ann = browser.tab().unwrap();
    enter(&browser, &proxy.url("/chat"), "ann");
    let bob = browser.new_tab().unwrap();
    enter(&browser, &server.url("/chat"), "bob");
    for (tab, text) in [(&bob, "One"), (&ann, "Two")] {
        browser.switch_to(tab).unwrap();
        for name in ["ann", "bob"] {
            wait_text(&browser, &format!("#members [data-name={name}]"), name);
        }
        say(&browser, text);
    }
    for tab in [&ann, &bob] {
        browser.switch_to(tab).unwrap();
        wait_said(&browser, &["bob: One", "ann: Two"]);
    }
    assert_quiet(&browser);
}
