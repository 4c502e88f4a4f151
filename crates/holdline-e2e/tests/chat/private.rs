//! Private messages: private with tokens, and said not to be without.

use std::process::Command;

use holdline_e2e::{Browser, Client, Server, program};

use super::{assert_quiet, kept, say, two, wait_open, wait_said, wait_text};

const KEY: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn without_tokens_the_page_says_that_nothing_is_private() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    let [ann, _] = two(&browser, &server.url("/chat"));
    wait_text(&browser, "#privacy", "Not private here");
    wait_text(&browser, "#members [data-name=bob]", "bob");
    browser.click("#members [data-name=ann] button").unwrap();
    say(&browser, "Between us");
    wait_said(&browser, &["bob: Between us"]);
    browser.switch_to(&ann).unwrap();
    wait_text(&browser, "[data-talk='to:bob'] .unread", "1");
    wait_said(&browser, &[]);
    browser.click("[data-talk='to:bob']").unwrap();
    wait_said(&browser, &["bob: Between us"]);
    say(&browser, "Yes");
    wait_said(&browser, &["bob: Between us", "ann: Yes"]);
    assert_quiet(&browser);
}

fn token(name: &str) -> String {
    let inbox = format!("chat-to.{name}");
    let mut command = Command::new(program().unwrap());
    command
        .args(["token", "--name", name])
        .env("HOLDLINE_TOKEN_KEY", KEY);
    for (right, channels) in [
        ("--publish", "chat-room.*"),
        ("--publish", "chat-to.*"),
        ("--subscribe", "chat-room.*"),
        ("--subscribe", &*inbox),
        ("--presence", "chat-room.*"),
        ("--presence", &*inbox),
    ] {
        command.args([right, channels]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn with_tokens_only_the_receiver_reads_a_private_message() {
    let server = Server::start(&["--token-key", KEY]).unwrap();
    let browser = Browser::start().unwrap();
    let mut tabs = Vec::new();
    for name in ["ann", "bob", "carol"] {
        tabs.push(browser.new_tab().unwrap());
        browser.open(&server.url("/chat")).unwrap();
        let asked = "return document.activeElement?.id === 'name' || !document.querySelector('#token-field').hidden";
        browser
            .wait_until("the question for a token", asked)
            .unwrap();
        assert_eq!(
            browser
                .run("return document.querySelector('#name-field').hidden")
                .unwrap(),
            true
        );
        browser
            .type_into("#token", &format!("{}\n", token(name)))
            .unwrap();
        wait_open(&browser);
        wait_text(&browser, "#me-name", name);
        wait_text(&browser, "#privacy", "Only who has a token for your name");
    }
    // Carol writes to Ann.
    for name in ["ann", "carol"] {
        wait_text(&browser, &format!("#members [data-name={name}]"), name);
    }
    browser.click("#members [data-name=ann] button").unwrap();
    say(&browser, "Secret");
    wait_said(&browser, &["carol: Secret"]);
    browser.switch_to(&tabs[0]).unwrap();
    browser
        .wait_until(
            "the talk",
            "return !!document.querySelector(\"[data-talk='to:carol']\")",
        )
        .unwrap();
    browser.click("[data-talk='to:carol']").unwrap();
    wait_said(&browser, &["carol: Secret"]);
    browser.switch_to(&tabs[1]).unwrap();
    assert_eq!(
        browser
            .run("return !document.querySelector(\"[data-talk^='to:']\")")
            .unwrap(),
        true
    );
    // It is the server that keeps it from the others, and not the page.
    let bearer = |name: &str| format!("Authorization: Bearer {}\r\n", token(name));
    assert_eq!(kept(&server, "chat-to.ann", "Secret", &bearer("ann")), 1);
    for (who, status) in [
        (String::new(), 401),
        (bearer("bob"), 403),
        (bearer("carol"), 403),
    ] {
        let mut client = Client::connect(server.address()).unwrap();
        client
            .send(format!(
                "GET /channels/chat-to.ann/poll?since=earliest HTTP/1.1\r\nHost: test\r\n{who}\r\n"
            ))
            .unwrap();
        assert_eq!(client.answer("GET").unwrap().head.status, status);
    }
    assert_quiet(&browser);
}
