//! The pages of docs/start.md, as they stand there.

use std::fs;
use std::path::Path;
use std::process::Command;

use holdline_e2e::{Browser, CutProxy, Server};

/// The title of each page, and what is in it: what they have in common, and what is its own.
fn pages() -> Vec<(String, String)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/start.md");
    let text = fs::read_to_string(file).unwrap();
    let mut sections = text.split("\n## ");
    let block = |section: &str| {
        let (_, rest) = section.split_once("```html\n").unwrap();
        rest.split_once("```").unwrap().0.to_owned()
    };
    let common = block(sections.next().unwrap());
    let page = |section: &str| {
        let title = section.lines().next().unwrap().to_owned();
        (title, format!("{common}{}", block(section)))
    };
    sections.map(page).collect()
}

fn publish(server: &Server, text: &str) {
    let url = server.url("/channels/news");
    let mut curl = Command::new("curl");
    curl.args(["-sf", "-o", "/dev/null", "--data-binary", text, &url]);
    assert!(curl.status().unwrap().success());
}

/// Waits until the page shows these lines and no others.
fn shows(browser: &Browser, title: &str, lines: &[&str]) {
    let what = format!("{lines:?} in the page of {title}");
    let shown = "Array.from(document.querySelectorAll('li'), (line) => line.textContent)";
    let expected = serde_json::to_string(lines).unwrap();
    browser
        .wait_until(
            &what,
            &format!("return JSON.stringify({shown}) === {expected:?}"),
        )
        .unwrap();
}

#[test]
fn each_page_of_ten_lines_shows_everything_once_through_a_cut() {
    let server = Server::start(&[]).unwrap();
    let pages = pages();
    assert_eq!(pages.len(), 7);
    publish(&server, "one");
    publish(&server, "<b>two</b>");
    let browser = Browser::start().unwrap();
    let opened = pages.iter().map(|(title, page)| {
        // To the browser each is a host of its own: it opens six connections to one.
        let proxy = CutProxy::start(server.address()).unwrap();
        let tab = browser.new_tab().unwrap();
        browser.switch_to(&tab).unwrap();
        // A document of the server's origin, with the page in its place.
        browser.open(&proxy.url("/health")).unwrap();
        let page = serde_json::to_string(&page.replace("60_000", "2_000")).unwrap();
        browser
            .run(&format!(
                "document.open(); document.write({page}); document.close()"
            ))
            .unwrap();
        (title, proxy, tab)
    });
    let opened: Vec<_> = opened.collect();
    let mut expected = vec!["one", "<b>two</b>"];
    for (title, proxy, tab) in &opened {
        browser.switch_to(tab).unwrap();
        shows(&browser, title, &expected);
        proxy.refuse(true);
        proxy.cut();
    }
    publish(&server, "three");
    publish(&server, "four");
    expected.extend(["three", "four", "five"]);
    for (_, proxy, _) in &opened {
        proxy.refuse(false);
    }
    publish(&server, "five");
    for (title, _, tab) in &opened {
        browser.switch_to(tab).unwrap();
        shows(&browser, title, &expected);
        browser.close_tab().unwrap();
    }
}
