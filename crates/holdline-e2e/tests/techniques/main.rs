//! The pages about the techniques of push, in a real browser: each receives everything, in order, and tells what that
//! took.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod costs;
mod looks;
mod pages;
mod tricks;

use std::sync::Mutex;
use std::thread;

use holdline_e2e::{Browser, Client, Server, publish, wait_for};
use serde_json::json;

/// All that run in a browser of today.
const PAGES: [&str; 16] = [
    "short-poll",
    "iframe-reload",
    "iframe-each",
    "iframe-recursive",
    "long-poll",
    "jsonp",
    "script-poll",
    "forever-frame",
    "xhr-stream",
    "fetch-stream",
    "event-source",
    "event-source-polyfill",
    "websocket",
    "piggyback",
    "im-stream",
    "im-poll",
];

/// Does something with each of these pages, in a few browsers side by side. Each browser must be quiet at the end.
fn in_browsers(names: &[&'static str], work: impl Fn(&Browser, &'static str) + Sync) {
    let names = Mutex::new(names.iter());
    let next = || names.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut browser = None;
                while let Some(name) = next() {
                    work(
                        browser.get_or_insert_with(|| Browser::start().unwrap()),
                        name,
                    );
                }
                browser.iter().for_each(assert_quiet);
            });
        }
    });
}

/// What the button "Awkward text" publishes.
const AWKWARD: &str = "</script><!-- \"'`\\ &lt;\u{2028}\u{2029} tab\t cr\r lf\n crlf\r\n nul\0 \u{e9} \u{4e16} \u{1f980} ]]>";

/// A page that runs, in a channel of its own.
struct Page<'b> {
    browser: &'b Browser,
    name: &'static str,
    channel: String,
}

impl<'b> Page<'b> {
    fn open(browser: &'b Browser, server: &Server, name: &'static str) -> Self {
        Self::open_with(browser, server, name, "")
    }

    /// With more in its address.
    fn open_with(browser: &'b Browser, server: &Server, name: &'static str, more: &str) -> Self {
        let channel = format!("t-{name}");
        let path = format!("/techniques/{name}?channel={channel}{more}");
        browser.open(&server.url(&path)).unwrap();
        let page = Self {
            browser,
            name,
            channel,
        };
        page.wait_until_it_runs();
        page
    }

    fn wait_until_it_runs(&self) {
        let running = "return document.querySelector('#run').dataset.state === 'running'
            && document.querySelector('#source').textContent.length > 100";
        self.browser.wait_until(self.name, running).unwrap();
    }

    fn run(&self, script: &str) -> serde_json::Value {
        self.browser.run(script).unwrap()
    }

    fn messages(&self) -> Vec<String> {
        let script =
            "return [...document.querySelectorAll('#messages li')].map((item) => item.textContent)";
        serde_json::from_value(self.run(script)).unwrap()
    }

    /// What its list says of the requests.
    fn requests(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('#requests li')].map((item) => item.children[1].textContent)";
        serde_json::from_value(self.run(script)).unwrap()
    }

    fn note(&self) -> String {
        self.browser.text("#note").unwrap()
    }

    /// A number that the page shows.
    fn count(&self, key: &str) -> u64 {
        let value = self.run(&format!(
            "return document.querySelector('[data-count={key}]').dataset.value"
        ));
        value
            .as_str()
            .and_then(|value| value.parse().ok())
            .unwrap_or(0)
    }

    /// The page publishes, by the means of its technique.
    fn publish(&self, text: &str) {
        self.run(&format!("window.page.publish({})", json!(text)));
    }

    fn press(&self, label: &str) {
        self.run(&format!(
            "[...document.querySelectorAll('#actions button')].find((button) => button.textContent === {}).click()",
            json!(label)
        ));
    }

    /// Waits for exactly these messages.
    #[track_caller]
    fn assert_received(&self, expected: &[String]) {
        let mut last = Vec::new();
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_for("the messages", || {
                last = self.messages();
                (last.len() >= expected.len()).then_some(())
            });
        }));
        assert!(
            result.is_ok() && last == expected,
            "{}: {last:?} instead of {expected:?}; {:?}",
            self.name,
            self.requests()
        );
        assert_eq!(self.count("lost"), 0, "{}", self.name);
    }

    /// Waits for a request of which the list says this.
    #[track_caller]
    fn wait_for_request(&self, words: &str) {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_for(words, || {
                let requests = self.requests();
                requests
                    .iter()
                    .any(|line| line.contains(words))
                    .then_some(())
            });
        }));
        assert!(result.is_ok(), "{}: {:?}", self.name, self.requests());
    }
}

/// Somebody else publishes.
fn publish_all(server: &Server, channel: &str, texts: &[String]) {
    let mut client = Client::connect(server.address()).unwrap();
    for text in texts {
        publish(&mut client, channel, text).unwrap();
    }
}

/// The console has neither errors nor warnings, but for connections that the test cut.
fn assert_quiet(browser: &Browser) {
    for entry in browser.console().unwrap() {
        let quiet = matches!(entry.level.as_str(), "INFO" | "DEBUG");
        assert!(
            quiet || entry.message.contains("net::ERR_"),
            "the console: {entry:?}"
        );
    }
}
