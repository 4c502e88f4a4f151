//! Nothing is in the way.

use holdline_e2e::{Browser, Server, wait_for};
use serde_json::{Value, json};

use super::{State, WAYS, follow, open, publish, received, states, wait_for_open};

/// What ends a script, a line, a string, or a text somewhere on the way.
const AWKWARD: [&str; 12] = [
    "",
    " ",
    "</script><script>alert(1)</script>",
    "<!-- <script> -->",
    "\u{2028}between\u{2029}",
    "\"double\" 'single' `${back}` \\",
    "before\0after\0",
    "🦀 Grüße, 世界 \u{feff}",
    "\r\n",
    "one\rtwo\nthree\r\n",
    "data: x\n\nid: 7\n\n: y",
    "]]>&amp;*/\u{85}\u{7f}\t",
];

#[test]
fn awkward_messages_arrive_unchanged_over_every_transport() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &server.url("/health"));
    for way in WAYS {
        // As others publish them, and as the page does.
        let channel = format!("ü&? {way}");
        let encoded = format!("%C3%BC&%3F%20{way}");
        let mut texts: Vec<String> = AWKWARD.iter().map(ToString::to_string).collect();
        publish(&server, &encoded, &texts);
        let options =
            json!({ "channels": [channel, "other"], "transport": way, "since": "earliest" });
        follow(&browser, way, &options);
        assert_eq!(
            received(&browser, way, texts.len()),
            (texts.clone(), 0),
            "{way}"
        );
        let publishes = format!(
            "for (const text of {}) seen[{}].connection.publish({}, text)",
            json!(AWKWARD),
            json!(way),
            json!(channel)
        );
        browser.run(&publishes).unwrap();
        texts.extend_from_within(..);
        assert_eq!(received(&browser, way, texts.len()), (texts, 0), "{way}");
        browser
            .run(&format!("seen[{}].connection.close()", json!(way)))
            .unwrap();
    }
}

#[test]
fn auto_takes_the_websocket_and_tells_what_it_does() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &server.url("/health"));
    follow(&browser, "one", &json!({ "channels": "news" }));
    assert_eq!(wait_for_open(&browser, "one"), "websocket");
    let opening = ["connecting", "open"].map(|state| State::new(state, Some("websocket")));
    assert_eq!(states(&browser, "one"), opening);
    let publish = "seen.one.connection.publish('news', 'hello', { event: 'greeting' })
        .then((answer) => (window.answer = answer))";
    browser.run(publish).unwrap();
    assert_eq!(received(&browser, "one", 1), (vec!["hello".to_owned()], 0));
    let same = "const [message] = seen.one.messages;
        return window.answer?.id === message.id && answer.receivers === 1 && message.event === 'greeting'
            && message.channel === 'news' && seen.one.connection.cursor === message.id";
    browser
        .wait_until("the answer to the publisher", same)
        .unwrap();
    browser.run("seen.one.connection.close()").unwrap();
    let closed = State::new("closed", None);
    assert_eq!(states(&browser, "one").last(), Some(&closed));
    wait_for_nobody(&server, "news");
}

#[test]
fn a_closed_connection_leaves_nothing_behind_whenever_it_is_closed() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &server.url("/health"));
    publish(&server, "news", &["one".to_owned(), "two".to_owned()]);
    for way in WAYS {
        // At once; when it is opened; and from within the first of two messages, of which the other does not come.
        let closes = format!(
            "window.heard = [];
             const begin = (moment) => {{
                 const options = {{ channels: 'news', transport: '{way}', since: 'earliest' }};
                 const connection = client.connect('/', options);
                 const close = () => {{ connection.close(); heard.push(moment); }};
                 if (moment === 'now') close();
                 if (moment === 'soon') setTimeout(close);
                 connection.on('state', ({{ state }}) => state === moment && close());
                 connection.on('message', ({{ data }}) => {{
                     if (moment !== 'message') return;
                     close();
                     heard.push(data, connection.cursor);
                 }});
             }};
             for (const moment of ['now', 'soon', 'connecting', 'open', 'message']) begin(moment);"
        );
        browser.run(&closes).unwrap();
        browser
            .wait_until(&format!("{way} to be closed"), "return heard.length >= 7")
            .unwrap();
        wait_for_nobody(&server, "news");
        let first = "return heard.length === 7 && heard.includes('one') && !heard.includes('two')";
        assert_eq!(browser.run(first).unwrap(), true, "{way}");
    }
}

#[test]
fn a_fault_of_the_page_in_a_listener_is_reported_and_costs_no_message() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &server.url("/health"));
    browser
        .run("window.faults = []; addEventListener('error', ({ message }) => faults.push(message))")
        .unwrap();
    follow(&browser, "one", &json!({ "channels": "news" }));
    wait_for_open(&browser, "one");
    browser
        .run("seen.one.connection.on('message', () => { throw new Error('mine'); })")
        .unwrap();
    let texts = ["one".to_owned(), "two".to_owned()];
    publish(&server, "news", &texts);
    assert_eq!(received(&browser, "one", 2).0, texts);
    let reported = "return faults.join() === 'Uncaught Error: mine,Uncaught Error: mine'";
    browser.wait_until("both faults", reported).unwrap();
}

#[test]
fn a_page_that_is_left_and_restored_goes_on_where_it_was() {
    let server = Server::start(&[]).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &server.url("/health"));
    for way in ["auto", "sse", "long-poll"] {
        follow(
            &browser,
            way,
            &json!({ "channels": "news", "transport": way }),
        );
        wait_for_open(&browser, way);
    }
    publish(&server, "news", &["before".to_owned()]);
    received(&browser, "auto", 1);
    // What a browser does with a page that it puts away and shows again.
    browser
        .run("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
        .unwrap();
    wait_for_nobody(&server, "news");
    publish(&server, "news", &["meanwhile".to_owned()]);
    browser
        .run("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
        .unwrap();
    for way in ["auto", "sse", "long-poll"] {
        let texts = ["before", "meanwhile"].map(str::to_owned).to_vec();
        assert_eq!(received(&browser, way, 2), (texts, 0), "{way}");
    }
    // And with one that it freezes.
    browser
        .run("document.dispatchEvent(new Event('freeze'))")
        .unwrap();
    wait_for_nobody(&server, "news");
    browser
        .run("document.dispatchEvent(new Event('resume'))")
        .unwrap();
    for way in ["auto", "sse", "long-poll"] {
        wait_for_open(&browser, way);
    }
    // Closed while it was away, it stays closed.
    browser
        .run(
            "document.dispatchEvent(new Event('freeze'));
            for (const { connection } of Object.values(seen)) connection.close();
            document.dispatchEvent(new Event('resume'))",
        )
        .unwrap();
    wait_for_nobody(&server, "news");
}

/// Waits until no stream and no held request is left on a channel, and looks again a moment later.
fn wait_for_nobody(server: &Server, channel: &str) {
    let subscribers = || {
        let mut client = holdline_e2e::Client::connect(server.address()).unwrap();
        let request = format!("GET /channels/{channel}/presence HTTP/1.1\r\nHost: test\r\n\r\n");
        client.send(request).unwrap();
        let answer: Value = client.answer("GET").unwrap().json().unwrap();
        answer["subscribers"].as_u64().unwrap()
    };
    wait_for("nobody to be there", || (subscribers() == 0).then_some(()));
    std::thread::sleep(std::time::Duration::from_millis(700));
    assert_eq!(subscribers(), 0);
}
