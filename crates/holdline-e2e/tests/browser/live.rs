//! The pages that explain bytes: those of the browser's own connections, and those that are pasted.

use holdline_e2e::{Browser, Server};
use serde_json::json;

use super::assert_quiet;

/// Waits until a part of the page says this.
fn wait_for_words(browser: &Browser, part: &str, words: &[&str]) {
    for word in words {
        let script = format!(
            "return document.querySelector({})?.textContent.includes({}) ?? false",
            json!(part),
            json!(word)
        );
        browser
            .wait_until(&format!("{word:?} in {part}"), &script)
            .unwrap();
    }
}

/// The bytes that one side of a part sent, as text.
fn sent(browser: &Browser, part: &str, side: &str) -> String {
    let script = format!(
        "let text = '', side = '';
        for (const row of document.querySelector('{part}').children) {{
            if (row.matches('h3')) side = row.className.replace('x-from-', '');
            const hex = row.querySelector(':scope > summary > .x-hex');
            if (!hex || side !== '{side}') continue;
            for (const byte of hex.textContent.split(/\\s+/)) text += String.fromCharCode(parseInt(byte, 16));
        }}
        return text;"
    );
    browser.run(&script).unwrap().as_str().unwrap().to_owned()
}

fn look(browser: &Browser, name: &str) {
    let sizes = [(1200, 900), (400, 844)];
    browser.look_in(name, &sizes, |_, _| {}).unwrap();
    browser.look(1200, 900, false).unwrap();
}

#[test]
fn a_browser_sees_the_bytes_of_its_own_connections_explained() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    browser.open(&server.url("/explain")).unwrap();
    browser
        .run("document.cookie = 'secret=tell-nobody; path=/'")
        .unwrap();
    browser.open(&server.url("/illustrated/live")).unwrap();
    let (request, stream, socket) = ("#request > .x", "#stream > .x", "#websocket > .x");
    wait_for_words(&browser, request, &["method GET", "status 200", "answer t"]);
    wait_for_words(
        &browser,
        stream,
        &[
            "text/event-stream",
            "an event of type \"message\"",
            "the stream is open",
        ],
    );
    wait_for_words(
        &browser,
        socket,
        &[
            "SHA-1 of the key",
            "text message of 5 bytes: \"Hello\"",
            "MASK 1",
            "MASK 0",
        ],
    );
    browser.click("#ask").unwrap();
    wait_for_words(&browser, stream, &["request 2 was answered"]);
    browser.click("#cut").unwrap();
    wait_for_words(
        &browser,
        stream,
        &["Last-Event-ID", "you have seen event 2"],
    );
    browser.click("#close").unwrap();
    wait_for_words(
        &browser,
        socket,
        &["code 1000 (normal closure), reason \"bye\""],
    );
    // The bytes are the browser's own, and its cookie is stars.
    let head = sent(&browser, socket, "client");
    assert!(
        head.starts_with("GET /illustrated/live/websocket?mirror="),
        "{head}"
    );
    let agent = browser.run("return navigator.userAgent").unwrap();
    assert!(head.contains(agent.as_str().unwrap()), "{head}");
    assert!(head.contains("Cookie: ******************\r\n"), "{head}");
    let shown = browser.run("return document.body.innerHTML").unwrap();
    assert!(!shown.as_str().unwrap().contains("tell-nobody"));
    assert!(!shown.as_str().unwrap().contains("x-mistake"));
    look(&browser, "live");
    assert_quiet(&browser, false);
}

#[test]
fn pasted_bytes_are_explained_in_a_browser() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    browser.open(&server.url("/explain")).unwrap();
    browser
        .type_into("#bytes", "81 85 37 fa 21 3d 7f 9f 4d 51 58")
        .unwrap();
    browser.click("form button.primary").unwrap();
    wait_for_words(&browser, "main", &["Read as WebSocket frames of a client"]);
    wait_for_words(&browser, "#result", &["text message of 5 bytes: \"Hello\""]);
    // What was pasted is still there, to be changed.
    let script = "const box = document.querySelector('#bytes'); const was = box.value; box.value = ''; return was";
    let was = browser.run(script).unwrap();
    assert_eq!(was, "81 85 37 fa 21 3d 7f 9f 4d 51 58");
    browser
        .run("document.querySelector('#bytes').value = 'GET /b HTTP/1.1\\nHost: example.com\\nAccept: */*\\n\\n'")
        .unwrap();
    browser
        .run("document.querySelector('[name=answer]').value = 'HTTP/1.1 204 No Content\\n\\n'")
        .unwrap();
    browser.click("form button.primary").unwrap();
    wait_for_words(
        &browser,
        "#result",
        &[
            "method GET",
            "target \"/b\"",
            "server → client",
            "status 204",
        ],
    );
    assert!(!browser.text("#result").unwrap().contains("error:"));
    browser
        .run("document.querySelectorAll('#result .x-part')[1].open = true")
        .unwrap();
    look(&browser, "explain");
    assert_quiet(&browser, false);
}
