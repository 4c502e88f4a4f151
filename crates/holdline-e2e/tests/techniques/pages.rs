//! Each page receives what is published, whoever publishes it and whatever it is.

use holdline_e2e::{Browser, Server, TOKEN_KEY, sign_token, wait_for};

use super::{AWKWARD, PAGES, Page, assert_quiet, in_browsers, publish_all};

#[test]
fn every_page_receives_every_message_once_in_order_and_unchanged() {
    let server = Server::start(&[]).unwrap();
    in_browsers(&PAGES, |browser, name| {
        let page = Page::open(browser, &server, name);
        let mut texts: Vec<String> = [
            "hello",
            "</script><script>alert(1)</script>",
            "<!-- --> ]]>",
            "\u{2028} and \u{2029}",
            "\"double\" 'single' `back` \\",
            "nul \0 here",
            "\u{1f980} \u{4e16}\u{754c} e\u{301}",
            "cr \r lf \n crlf \r\n end",
            " ",
        ]
        .map(str::to_owned)
        .into();
        publish_all(&server, &page.channel, &texts);
        if name == "piggyback" {
            // Nothing comes before the page itself has something to say.
            assert!(page.messages().is_empty());
        } else {
            page.assert_received(&texts);
        }
        // By the page's own means.
        page.browser.click("#awkward").unwrap();
        texts.push(AWKWARD.to_owned());
        page.assert_received(&texts);
        page.browser.type_into("#text", "typed\n").unwrap();
        texts.push("typed".to_owned());
        page.assert_received(&texts);
        page.browser.click("#burst").unwrap();
        texts.extend((1..=10).map(|number| format!("number {number}")));
        page.assert_received(&texts);
        // Stopped, it misses nothing either.
        page.browser.click("#toggle").unwrap();
        let while_stopped = ["while it was stopped".to_owned()];
        publish_all(&server, &page.channel, &while_stopped);
        page.browser.click("#toggle").unwrap();
        texts.extend(while_stopped);
        page.wait_until_it_runs();
        if name == "piggyback" {
            page.publish("what brings it");
            texts.push("what brings it".to_owned());
        }
        page.assert_received(&texts);
    });
}

/// Behind tokens each page runs with the one in its own address.
#[test]
fn every_page_works_with_a_token_and_says_what_it_needs_without() {
    let server = Server::start(&["--token-key", TOKEN_KEY]).unwrap();
    let token = sign_token(&["--publish", "t-*", "--subscribe", "t-*"]).unwrap();
    in_browsers(&PAGES, |browser, name| {
        let page = Page::open_with(browser, &server, name, &format!("&token={token}"));
        // By the page's own means, which are often a POST.
        page.publish("hello");
        page.assert_received(&["hello".to_owned()]);
    });
    let browser = Browser::start().unwrap();
    for (more, status) in [("", "401"), (&*format!("&token={token}x"), "401")] {
        let path = format!("/techniques/long-poll?channel=t-long-poll{more}");
        browser.open(&server.url(&path)).unwrap();
        wait_for("the page to say what it needs", || {
            let note = browser.text("#note").unwrap();
            (note.contains(status) && note.contains("?token=")).then_some(())
        });
    }
}

/// The code that runs is the code that is shown.
#[test]
fn every_page_shows_the_script_that_it_runs_and_is_on_the_list() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    for name in PAGES {
        let page = Page::open(&browser, &server, name);
        let same = page.run(&format!(
            "return fetch('/techniques/code/{name}.js').then((answer) => answer.text())
                .then((text) => text === document.querySelector('#source').textContent)"
        ));
        assert_eq!(same, true, "{name}");
        let loaded = page.run(&format!(
            "return performance.getEntriesByType('resource').some((entry) =>
                entry.initiatorType === 'script' && entry.name.endsWith('/techniques/code/{name}.js'))"
        ));
        assert_eq!(loaded, true, "{name}");
    }
    browser.open(&server.url("/techniques")).unwrap();
    for name in PAGES {
        let linked = browser
            .run(&format!(
                "return !!document.querySelector('main a[href=\"/techniques/{name}\"]')"
            ))
            .unwrap();
        assert_eq!(linked, true, "{name}");
    }
    assert_quiet(&browser);
}
