//! The network fails, and the server.

use holdline_e2e::{Browser, CutProxy, Server, wait_for};

use super::{assert_quiet, assert_received, numbered, open, panels, publish, wait_for_panels};

/// Everything goes through a proxy that cuts: nothing is lost and nothing comes twice.
#[test]
fn every_panel_resumes_after_a_cut() {
    let server = Server::start(&[]).unwrap();
    let proxy = CutProxy::start(server.address()).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &proxy.url("/"));
    let mut texts = Vec::new();
    for round in 0..3 {
        let before = numbered(&format!("before cut {round}:"), 0..3);
        publish(server.address(), "demo", &before);
        texts.extend(before);
        if round != 1 {
            // In the second round, the cut may come before the messages do.
            assert_received(&browser, &texts);
        }
        proxy.refuse(true);
        proxy.cut();
        let away = numbered(&format!("during cut {round}:"), 0..3);
        publish(server.address(), "demo", &away);
        texts.extend(away);
        proxy.refuse(false);
        let after = numbered(&format!("after cut {round}:"), 0..3);
        publish(server.address(), "demo", &after);
        texts.extend(after);
        assert_received(&browser, &texts);
        wait_for_panels(&browser, "all panels to be open again", |panel| {
            panel.state == "open"
        });
    }
    assert_quiet(&browser, true);
}

/// What was there before is gone for good, and every panel says so, once, and goes on.
#[test]
fn every_panel_is_told_when_the_server_was_killed() {
    let mut server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &server.url("/"));
    let before = numbered("before", 0..3);
    publish(server.address(), "demo", &before);
    assert_received(&browser, &before);
    server.kill();
    wait_for("the panels to notice", || {
        let open = panels(&browser)
            .into_values()
            .filter(|panel| panel.state == "open")
            .count();
        // An endless frame cannot notice by itself.
        (open <= 1).then_some(())
    });
    // It is said for the whole page, and each panel says why.
    let gone = "return !document.querySelector('#server-gone').hidden
        && /retrying in \\d+ s: ./.test(document.querySelector('[data-transport=poll] .state-text').textContent)";
    browser
        .wait_until("the notice and the reason", gone)
        .unwrap();
    server.restart().unwrap();
    wait_for_panels(&browser, "all panels to be open again", |panel| {
        panel.state == "open" && panel.lost > 0
    });
    let after = numbered("after", 0..3);
    publish(server.address(), "demo", &after);
    wait_for_panels(&browser, "what came after", |panel| {
        panel.texts.ends_with(&after)
    });
    for (transport, panel) in panels(&browser) {
        assert_eq!(panel.lost, 1, "{transport}: {panel:?}");
        assert_eq!(
            panel.texts,
            [before.clone(), after.clone()].concat(),
            "{transport}"
        );
    }
    let back = "return document.querySelector('#server-gone').hidden
        && document.querySelector('#summary').textContent === '7 of 7 transports are open.'
        && document.querySelector('[data-lost]').textContent.includes('The server was started again')";
    browser.wait_until("the notice to go", back).unwrap();
    // Chat goes on, too.
    browser.type_into("#chat-text", "still here\n").unwrap();
    let line = "return [...document.querySelectorAll('#chat-log li .said')].at(-1)?.textContent === 'still here'";
    browser.wait_until("the line of the chat", line).unwrap();
    assert_quiet(&browser, true);
}
