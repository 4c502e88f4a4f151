//! `GET /channels/NAME`: what there is of a channel, for programs and for people.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use holdline_e2e::{Browser, Client, Response, Server, Transport, publish};

fn get(server: &Server, line: &str, fields: &str) -> Response {
    let mut client = Client::connect(server.address()).unwrap();
    client
        .send(format!("{line} HTTP/1.1\r\nHost: test\r\n{fields}\r\n"))
        .unwrap();
    let method = line.split(' ').next().unwrap();
    client.answer(method).unwrap()
}

#[test]
fn a_program_is_told_the_addresses() {
    let server = Server::start(&[]).unwrap();
    let answer = get(&server, "GET /channels/caf%C3%A9", "Accept: */*\r\n");
    assert_eq!(answer.head.status, 200);
    assert_eq!(answer.head.get("Vary"), Some("Accept"));
    let answer = answer.json().unwrap();
    assert_eq!(answer["channel"], "café");
    assert_eq!(answer["publish"], "/channels/caf%C3%A9");
    assert_eq!(answer["presence"], "/channels/caf%C3%A9/presence");
    let transports = answer["transports"].as_object().unwrap();
    assert_eq!(transports.len(), Transport::ALL.len());
    for transport in Transport::ALL {
        let url = format!("/channels/caf%C3%A9/{}", transport.name());
        assert_eq!(transports[transport.name()], url);
    }
    // They are there.
    let poll = transports["poll"].as_str().unwrap();
    assert_eq!(get(&server, &format!("GET {poll}"), "").head.status, 200);
    assert_eq!(get(&server, "HEAD /channels/a", "").head.status, 200);
    for (name, status) in [("a,b", 400), ("holdline.x", 400), ("a%2Fb", 400)] {
        let answer = get(&server, &format!("GET /channels/{name}"), "");
        assert_eq!(answer.head.status, status, "{name}");
    }
}

#[test]
fn what_is_turned_off_is_not_named() {
    let server = Server::start(&["--no-jsonp", "--no-pages"]).unwrap();
    let answer = get(&server, "GET /channels/a", "Accept: text/html\r\n");
    let answer = answer.json().unwrap();
    assert!(answer["transports"]["sse"].is_string(), "{answer}");
    assert!(answer["transports"]["jsonp"].is_null(), "{answer}");
    for path in ["/chat", "/assets/im.js", "/assets/channel.js"] {
        let answer = get(&server, &format!("GET {path}"), "");
        assert_eq!(answer.head.status, 404, "{path}");
    }
}

#[test]
fn with_tokens_only_those_who_may_use_it_are_told() {
    let key = ["--token-key", "0123456789abcdef0123456789abcdef"];
    let server = Server::start(&[&key[..], &["--anonymous-subscribe", "open*"]].concat()).unwrap();
    for (path, status) in [("/channels/open-1", 200), ("/channels/a", 401)] {
        assert_eq!(get(&server, &format!("GET {path}"), "").head.status, status);
    }
}

#[test]
fn a_person_is_shown_a_page_with_what_was_said() {
    let server = Server::start(&[]).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    publish(&mut client, "news", "before").unwrap();
    let browser = Browser::start().unwrap();
    browser.open(&server.url("/channels/news")).unwrap();
    let shown = |text: &str| {
        format!(
            "return [...document.querySelectorAll('#messages .data')].at(-1)?.textContent === '{text}'"
        )
    };
    browser
        .wait_until("what was there", &shown("before"))
        .unwrap();
    publish(&mut client, "news", "now").unwrap();
    browser.wait_until("what comes", &shown("now")).unwrap();
    let rows = browser
        .run("return document.querySelectorAll('#addresses dt').length")
        .unwrap();
    assert_eq!(rows, Transport::ALL.len() + 2);
    assert_eq!(browser.text("#name").unwrap(), "news");
    for (name, width, dark) in [
        ("channel-wide", 1280, false),
        ("channel-narrow-dark", 390, true),
    ] {
        browser.look(width, 844, dark).unwrap();
        let wide = browser
            .run("return document.documentElement.scrollWidth")
            .unwrap();
        assert!(wide.as_u64().unwrap() <= u64::from(width), "{name}: {wide}");
        println!("{}", browser.screenshot(name).unwrap().display());
    }
    for entry in browser.console().unwrap() {
        assert!(
            matches!(entry.level.as_str(), "INFO" | "DEBUG"),
            "{entry:?}"
        );
    }
}
