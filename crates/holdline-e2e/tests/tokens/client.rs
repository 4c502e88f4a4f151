//! `holdline.js` in Chromium with real tokens, which end.

use holdline_e2e::{Browser, Server};
use serde_json::{Value, json};

use super::expiry::{begin, ending_in};
use super::{ask, bearer, sign, start};

/// Connects with these options and a function that gives one token after the other, the last again and again.
const FOLLOW: &str = r#"
    window.asked = 0;
    window.told = [];
    window.names = {};
    const tokens = TOKENS;
    const token = async () => tokens[Math.min(asked++, tokens.length - 1)];
    import("/holdline.mjs").then(({ connect }) => {
        const connection = (window.connection = connect("/", { channels: "a", token, ...OPTIONS }));
        connection.on("message", ({ data }) => told.push(data));
        connection.on("lost", () => told.push("lost"));
        connection.on("state", ({ state, error }) => state === "closed" && told.push(`closed ${error?.status}`));
        for (const event of ["members", "join", "leave"])
            connection.on(event, ({ data }) => (names[event] ??= []).push(JSON.parse(data).names));
    });"#;

/// A page of the server. It takes a while to start, so make short-lived tokens afterwards.
fn start_page(server: &Server) -> Browser {
    let browser = Browser::start().unwrap();
    browser.open(&server.url("/health")).unwrap();
    browser
}

fn follow(browser: &Browser, tokens: &[String], options: &Value) {
    let script = FOLLOW
        .replace("TOKENS", &json!(tokens).to_string())
        .replace("OPTIONS", &options.to_string());
    browser.run(&script).unwrap();
    wait(
        browser,
        "it to be open",
        "window.connection?.state === 'open'",
    );
}

fn wait(browser: &Browser, what: &str, expression: &str) {
    let script = format!("return !!({expression})");
    browser.wait_until(what, &script).unwrap();
}

fn publish(server: &Server, text: &str) {
    let publisher = bearer(&sign(&["--publish", "a"]));
    let length = text.len();
    let post = format!("{publisher}Content-Length: {length}\r\n\r\n{text}");
    assert_eq!(ask(server, "POST /channels/a", &post).head.status, 200);
}

#[test]
fn the_function_is_asked_again_when_a_token_has_ended_and_nothing_is_lost() {
    for transport in ["auto", "sse", "fetch-stream", "long-poll"] {
        let server = start(&[]);
        let browser = start_page(&server);
        let tokens = [
            ending_in(6, "ann"),
            sign(&["--subscribe", "a", "--publish", "a"]),
        ];
        follow(&browser, &tokens, &json!({ "transport": transport }));
        publish(&server, "before");
        // Each message may be what comes at the very moment of the change.
        let mut sent = vec!["before".to_owned()];
        while browser.run("return asked").unwrap() == 1 {
            let text = format!("{}", sent.len());
            publish(&server, &text);
            sent.push(text);
            assert!(
                sent.len() < 5_000,
                "{transport}: the first token does not end"
            );
        }
        publish(&server, "after");
        sent.push("after".to_owned());
        wait(&browser, "the last message", "told.includes('after')");
        assert_eq!(
            browser.run("return told").unwrap(),
            json!(sent),
            "{transport}"
        );
        // With the new one it may publish, too.
        let script = "connection.publish('a', 'own').then(() => (window.published = true))";
        browser.run(script).unwrap();
        wait(
            &browser,
            "what it publishes",
            "window.published && told.includes('own')",
        );
        assert_eq!(browser.run("return connection.state").unwrap(), "open");
    }
}

#[test]
fn without_another_token_it_is_closed_and_says_why() {
    let server = start(&[]);
    let browser = start_page(&server);
    follow(&browser, &[ending_in(5, "ann")], &json!({}));
    wait(&browser, "it to be closed", "connection.state === 'closed'");
    assert_eq!(browser.run("return told").unwrap(), json!(["closed 401"]));
}

#[test]
fn a_page_sees_members_by_the_sub_of_their_tokens() {
    let server = start(&["--presence-linger", "100ms"]);
    let seer = sign(&["--subscribe", "a", "--presence", "a", "--name", "ann"]);
    let browser = start_page(&server);
    follow(&browser, &[seer], &json!({ "presence": true }));
    wait(
        &browser,
        "its own name",
        "[names.members, names.join].flat(2).includes('ann')",
    );
    let token = bearer(&sign(&["--subscribe", "a", "--name", "bob"]));
    let bob = begin(&server, "/channels/a/sse", &token);
    wait(
        &browser,
        "bob to come",
        "names.join?.flat().includes('bob')",
    );
    drop(bob);
    wait(&browser, "bob to go", "names.leave?.flat().includes('bob')");
    // Who gives a name beside a token is refused, and told why.
    drop(browser);
    let tokens = [sign(&["--subscribe", "a", "--name", "ann"])];
    for options in [json!({ "name": "bob" }), json!({ "presence": true })] {
        let browser = Browser::start().unwrap();
        browser.open(&server.url("/health")).unwrap();
        let script = FOLLOW
            .replace("TOKENS", &json!(tokens).to_string())
            .replace("OPTIONS", &options.to_string());
        browser.run(&script).unwrap();
        let status = if options["name"].is_null() { 403 } else { 400 };
        wait(
            &browser,
            "it to be closed",
            &format!("told[0] === 'closed {status}'"),
        );
    }
}
