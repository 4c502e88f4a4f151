//! The ten lines of README, as a page of their own.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use holdline_e2e::{Browser, Server};

use super::publish;

const README: &str = include_str!("../../../../README.md");
const CHAPTER: &str = include_str!("../../../../docs/client.md");

fn example(text: &str) -> &str {
    let (_, example) = text.split_once("```html\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    assert!(example.lines().count() <= 10, "{example}");
    example
}

/// Serves a page, on an address that is not the server's.
fn serve(page: String) -> String {
    let listener = TcpListener::bind("127.0.0.2:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n")
                && stream.read(&mut byte).is_ok_and(|count| count > 0)
            {
                head.push(byte[0]);
            }
            let length = page.len();
            // A browser opens connections that it may need, and goes.
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n\
                 Connection: close\r\n\r\n{page}"
            );
        }
    });
    origin
}

/// Opens a page, and waits for what was published before and after.
fn shows_news(browser: &Browser, server: &Server, page: &str) {
    publish(server, "news", &["before".to_owned()]);
    browser.open(page).unwrap();
    let shown = |texts: &str| {
        format!(
            "return [...document.querySelectorAll('#news li')].map((line) => line.textContent).join() === '{texts}'"
        )
    };
    browser
        .wait_until("the first message", &shown("before"))
        .unwrap();
    publish(server, "news", &["after <b>".to_owned()]);
    browser
        .wait_until("the second", &shown("before,after <b>"))
        .unwrap();
}

#[test]
fn the_lines_of_readme_are_a_page_that_shows_what_is_published() {
    assert_eq!(example(README), example(CHAPTER));
    let browser = Browser::start().unwrap();
    let server = Server::start(&[]).unwrap();
    publish(&server, "news", &["before".to_owned()]);
    browser.open(&server.url("/health")).unwrap();
    // A page of the server's origin.
    let write = format!(
        "document.open(); document.write({}); document.close();",
        serde_json::json!(format!(
            "<!doctype html><title>News</title><body>{}",
            example(README)
        ))
    );
    browser.run(&write).unwrap();
    let shown = "return document.querySelector('#news li')?.textContent === 'before'";
    browser.wait_until("the message", shown).unwrap();
}

#[test]
fn the_lines_work_in_a_page_of_another_site_that_is_allowed() {
    let browser = Browser::start().unwrap();
    // The page must know the server, and the server the page.
    let probe = Server::start(&["--allow-origin", "*"]).unwrap();
    let (script, place) = ("src=\"/holdline.js\"", "connect(\"/\",");
    assert!(example(README).contains(script) && example(README).contains(place));
    let page = example(README)
        .replace(script, &format!("src=\"{}\"", probe.url("/holdline.js")))
        .replace(place, &format!("connect(\"{}\",", probe.url("")));
    let origin = serve(format!(
        "<!doctype html><link rel=icon href=data:,><title>News</title><body>{page}"
    ));
    shows_news(&browser, &probe, &origin);
}
