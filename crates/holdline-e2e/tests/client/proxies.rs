//! Behind proxies that refuse, hold back, cut and die: `auto` gets through, and loses and doubles nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use holdline_e2e::{Browser, Mood, MoodyProxy, Server};
use serde_json::{Value, json};

use super::{follow, open, received, states, wait_for_open};

/// Publishes a number every 20 ms until it is stopped.
struct Numbers {
    over: Arc<AtomicBool>,
    thread: JoinHandle<usize>,
}

impl Numbers {
    fn begin(address: SocketAddr) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&over);
        let thread = thread::spawn(move || {
            let mut client = holdline_e2e::Client::connect(address).unwrap();
            let mut next = 0;
            while !stop.load(Ordering::SeqCst) {
                holdline_e2e::publish(&mut client, "numbers", &next.to_string()).unwrap();
                next += 1;
                thread::sleep(Duration::from_millis(20));
            }
            next
        });
        Self { over, thread }
    }

    /// Stops, and looks that all have come to the page, each once and in order.
    fn all_came(self, browser: &Browser) {
        self.over.store(true, Ordering::SeqCst);
        let count = self.thread.join().unwrap();
        let texts: Vec<String> = (0..count).map(|number| number.to_string()).collect();
        let (came, lost) = received(browser, "numbers", count);
        assert_eq!(lost, 0);
        let wrong = came
            .iter()
            .zip(&texts)
            .position(|(came, sent)| came != sent);
        assert_eq!(
            (came.len(), wrong),
            (count, None),
            "{:?}",
            states(browser, "numbers")
        );
    }
}

/// A page behind a proxy in this mood, which follows the numbers.
struct Behind {
    server: Server,
    proxy: MoodyProxy,
    browser: Browser,
}

impl Behind {
    fn start(mood: Mood) -> Self {
        let server = Server::start(&["--heartbeat", "1s"]).unwrap();
        let proxy = MoodyProxy::start(server.address()).unwrap();
        let browser = Browser::start().unwrap();
        open(&browser, &proxy.url("/health"));
        proxy.set_mood(mood);
        follow(&browser, "numbers", &options());
        Self {
            server,
            proxy,
            browser,
        }
    }

    fn wait_for_transport(&self, transport: &str) {
        let taken = format!(
            "const {{ state, transport }} = seen.numbers.connection; return state === 'open' && transport === '{transport}'"
        );
        self.browser
            .wait_until(&format!("{transport} to be taken"), &taken)
            .unwrap();
    }
}

/// In less time than a user would choose.
fn options() -> Value {
    let times = json!({ "silence": 4000, "opening": 2000, "climb": 2000 });
    json!({ "channels": "numbers", "times": times })
}

#[test]
fn where_upgrades_are_refused_the_event_stream_is_taken_until_they_are_not() {
    let behind = Behind::start(Mood::NoUpgrades);
    assert_eq!(wait_for_open(&behind.browser, "numbers"), "sse");
    let numbers = Numbers::begin(behind.server.address());
    received(&behind.browser, "numbers", 20);
    // Also while it looks whether something better works.
    thread::sleep(Duration::from_secs(4));
    behind.wait_for_transport("sse");
    behind.proxy.set_mood(Mood::Kind);
    behind.wait_for_transport("websocket");
    numbers.all_came(&behind.browser);
}

#[test]
fn where_answers_are_held_back_long_polling_is_taken_until_they_are_not() {
    let behind = Behind::start(Mood::Buffering);
    assert_eq!(wait_for_open(&behind.browser, "numbers"), "long-poll");
    let numbers = Numbers::begin(behind.server.address());
    received(&behind.browser, "numbers", 20);
    behind.proxy.set_mood(Mood::Kind);
    behind.wait_for_transport("websocket");
    numbers.all_came(&behind.browser);
}

#[test]
fn where_only_the_beginning_of_an_answer_comes_its_silence_is_noticed() {
    let behind = Behind::start(Mood::BufferingAfter(Duration::from_secs(1)));
    assert_eq!(wait_for_open(&behind.browser, "numbers"), "sse");
    let numbers = Numbers::begin(behind.server.address());
    behind.wait_for_transport("long-poll");
    received(&behind.browser, "numbers", 20);
    numbers.all_came(&behind.browser);
}

#[test]
fn where_everything_is_cut_again_and_again_it_gets_on() {
    let behind = Behind::start(Mood::Cutting(Duration::from_millis(700)));
    wait_for_open(&behind.browser, "numbers");
    let numbers = Numbers::begin(behind.server.address());
    // After three strikes against each of the others.
    behind.wait_for_transport("long-poll");
    numbers.all_came(&behind.browser);
}

#[test]
fn a_way_that_dies_and_comes_back_is_found_again() {
    let behind = Behind::start(Mood::Kind);
    assert_eq!(wait_for_open(&behind.browser, "numbers"), "websocket");
    let numbers = Numbers::begin(behind.server.address());
    for mood in [Mood::Dead, Mood::Silent] {
        behind.proxy.set_mood(mood);
        if mood == Mood::Dead {
            behind.proxy.cut();
        }
        let gone = "return seen.numbers.connection.state !== 'open'";
        behind
            .browser
            .wait_until("the page to notice", gone)
            .unwrap();
        behind.proxy.set_mood(Mood::Kind);
        behind.wait_for_transport("websocket");
    }
    numbers.all_came(&behind.browser);
}

#[test]
fn an_idle_websocket_with_heartbeats_is_not_taken_for_dead() {
    let behind = Behind::start(Mood::Kind);
    wait_for_open(&behind.browser, "numbers");
    thread::sleep(Duration::from_secs(9));
    assert_eq!(
        states(&behind.browser, "numbers").len(),
        2,
        "connecting and open"
    );
}

#[test]
fn a_server_that_was_killed_is_found_again_and_the_loss_is_told_once() {
    let mut behind = Behind::start(Mood::Kind);
    wait_for_open(&behind.browser, "numbers");
    super::publish(&behind.server, "numbers", &["before".to_owned()]);
    received(&behind.browser, "numbers", 1);
    behind.server.kill();
    let gone = "return seen.numbers.connection.state === 'retrying'";
    behind
        .browser
        .wait_until("the page to notice", gone)
        .unwrap();
    behind.server.restart().unwrap();
    behind.wait_for_transport("websocket");
    super::publish(&behind.server, "numbers", &["after".to_owned()]);
    let texts = ["before", "after"].map(str::to_owned).to_vec();
    assert_eq!(received(&behind.browser, "numbers", 2), (texts, 1));
}

#[test]
fn messages_whose_answers_are_cut_are_published_once_and_in_order() {
    let behind = Behind::start(Mood::Kind);
    wait_for_open(&behind.browser, "numbers");
    behind.proxy.set_mood(Mood::NoAnswers);
    let publish = "window.answers = [];
        for (const text of ['0', '1', '2'])
            seen.numbers.connection.publish('numbers', text).then((answer) => answers.push(answer));";
    behind.browser.run(publish).unwrap();
    received(&behind.browser, "numbers", 1);
    thread::sleep(Duration::from_secs(2));
    behind.proxy.set_mood(Mood::Kind);
    behind
        .browser
        .wait_until("all answers", "return answers.length === 3")
        .unwrap();
    let texts = ["0", "1", "2"].map(str::to_owned).to_vec();
    assert_eq!(received(&behind.browser, "numbers", 3), (texts, 0));
    let same = "return answers.every(({ id }, at) => id === seen.numbers.messages[at].id)
        && answers.map(({ repeated }) => repeated ?? false).join() === 'true,false,false'";
    assert_eq!(behind.browser.run(same).unwrap(), true);
}
