//! A proxy that changes its mood every few seconds, and 5,000 messages.
//!
//! `cargo xtask long chaos` runs the long form, of ten minutes. `HOLDLINE_CHAOS_SECONDS` and `HOLDLINE_CHAOS_SEED`
//! change it.

use std::thread;
use std::time::{Duration, Instant};

use holdline_e2e::{Browser, Client, Mood, MoodyProxy, Server};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::{follow, open, publish, received, states, wait_for_open};

const MESSAGES: usize = 5_000;
/// Of these, as many are published by the page itself, through the proxy.
const OWN: usize = 100;

fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| text.parse().unwrap())
}

fn mood(random: &mut StdRng) -> Mood {
    let time = Duration::from_millis(random.random_range(50..2_500));
    let moods = [
        Mood::Kind,
        Mood::Kind,
        Mood::NoUpgrades,
        Mood::Buffering,
        Mood::BufferingAfter(time),
        Mood::Cutting(time),
        Mood::NoAnswers,
        Mood::Silent,
        Mood::Dead,
    ];
    *moods.choose(random).unwrap()
}

#[test]
fn five_thousand_messages_come_through_a_moody_proxy_once_and_in_order() {
    let is_long = std::env::var_os("HOLDLINE_LONG").is_some();
    let seconds = number("HOLDLINE_CHAOS_SECONDS", if is_long { 600 } else { 40 });
    let seed = number("HOLDLINE_CHAOS_SEED", 20_261_128);
    println!("chaos: HOLDLINE_CHAOS_SEED={seed} HOLDLINE_CHAOS_SECONDS={seconds}");
    let server = Server::start(&["--heartbeat", "1s"]).unwrap();
    let proxy = MoodyProxy::start(server.address()).unwrap();
    let browser = Browser::start().unwrap();
    open(&browser, &proxy.url("/health"));
    let times = json!({ "silence": 4000, "opening": 1500, "climb": 3000 });
    follow(
        &browser,
        "chaos",
        &json!({ "channels": ["chaos", "own"], "times": times }),
    );
    wait_for_open(&browser, "chaos");
    let own = format!(
        "window.answers = 0;
         for (let number = 0; number < {OWN}; number += 1)
             seen.chaos.connection.publish('own', `own ${{number}}`).then(() => (answers += 1));"
    );
    browser.run(&own).unwrap();

    let over = Instant::now() + Duration::from_secs(seconds);
    let (publisher, address) = (MESSAGES, server.address());
    let pause = Duration::from_secs(seconds) / u32::try_from(publisher).unwrap();
    let publisher = thread::spawn(move || {
        let mut client = Client::connect(address).unwrap();
        for number in 0..publisher {
            holdline_e2e::publish(&mut client, "chaos", &number.to_string()).unwrap();
            thread::sleep(pause);
        }
    });
    let mut random = StdRng::seed_from_u64(seed);
    let mut moods = Vec::new();
    while Instant::now() < over {
        let mood = mood(&mut random);
        proxy.set_mood(mood);
        if random.random() {
            proxy.cut();
        }
        moods.push(mood);
        thread::sleep(Duration::from_millis(random.random_range(500..5_000)));
    }
    proxy.set_mood(Mood::Kind);
    publisher.join().unwrap();

    // One that nobody could miss.
    publish(&server, "chaos", &["the end".to_owned()]);
    browser
        .wait_until(
            "all that the page published",
            &format!("return answers === {OWN}"),
        )
        .unwrap();
    let (texts, lost) = received(&browser, "chaos", MESSAGES + OWN + 1);
    let told = states(&browser, "chaos");
    let mut taken: Vec<_> = told
        .iter()
        .filter(|told| told.state == "open")
        .filter_map(|told| told.transport.clone())
        .collect();
    let opened = taken.len();
    taken.sort();
    taken.dedup();
    println!(
        "{} moods; opened {opened} times, over {taken:?}",
        moods.len()
    );
    assert_eq!(lost, 0);
    let (own, others): (Vec<String>, Vec<String>) =
        texts.into_iter().partition(|text| text.starts_with("own"));
    let all: Vec<String> = (0..OWN).map(|number| format!("own {number}")).collect();
    assert_eq!(own, all);
    let mut all: Vec<String> = (0..MESSAGES).map(|number| number.to_string()).collect();
    all.push("the end".to_owned());
    let wrong = others
        .iter()
        .zip(&all)
        .position(|(came, sent)| came != sent);
    assert_eq!((others.len(), wrong), (all.len(), None), "{moods:?}");
    assert!(
        opened > moods.len() / 4 && taken.len() > 1,
        "nothing happened: {told:?}"
    );
}
