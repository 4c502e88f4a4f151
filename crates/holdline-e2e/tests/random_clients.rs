//! Random requests to a server with random limits, and a record of what was published, which knows what each answer
//! must have: every message once and in order, or the word that some are lost.
//!
//! A failure names the seed, and `HOLDLINE_E2E_SEED` is where to begin with it. `cargo xtask long random-clients` is
//! 300 servers.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use std::env;
use std::ops::Range;

use holdline_e2e::{Client, Response, Server, cursor_parts as parts};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

#[test]
fn each_answer_has_all_that_it_must_have_or_tells_of_the_loss() {
    let begin = env::var("HOLDLINE_E2E_SEED").map_or(20, |seed| seed.parse().unwrap());
    let servers = match env::var_os("HOLDLINE_LONG") {
        Some(_) => 300,
        None => 8,
    };
    for seed in begin..begin + servers {
        eprintln!("HOLDLINE_E2E_SEED={seed}");
        let directory = tempfile::tempdir().unwrap();
        let mut random = StdRng::seed_from_u64(seed);
        let mut options = options(&mut random);
        let is_durable = random.random_bool(0.7);
        if is_durable {
            options.push(format!("--data={}", directory.path().display()));
        }
        eprintln!("{options:?}");
        Session::new(random, is_durable, &options).run(150);
    }
}

/// Limits that are met all the time.
fn options(random: &mut StdRng) -> Vec<String> {
    let history = random.random_range(0..6);
    let history = [0, 1, 2, 5, 20, 10_000][history];
    let mut options = vec![format!("--history={history}")];
    options.extend(["--threads=1", "--max-message=4000"].map(str::to_owned));
    let mut perhaps = |chance: f64, name: &str, values: &[&str]| {
        if random.random_bool(chance) {
            options.push(format!("{name}={}", values.choose(random).unwrap()));
        }
    };
    perhaps(1.0, "--resume-window", &["0s", "0s", "100ms", "30s"]);
    perhaps(0.4, "--history-bytes", &["1500", "5000", "20000"]);
    perhaps(0.3, "--history-total", &["1048576", "2097152"]);
    perhaps(0.3, "--delivery-total", &["16000", "40000"]);
    perhaps(0.4, "--max-channels", &["1", "2", "4"]);
    perhaps(0.2, "--history-age", &["100ms", "1s"]);
    options
}

/// Names, and how they stand in a path.
const CHANNELS: [(&str, &str); 6] = [
    ("a", "a"),
    ("b", "b"),
    ("c", "c"),
    ("d", "d"),
    ("e", "e"),
    ("é x", "%C3%A9%20x"),
];

/// What was published under a number; a deletion has no text.
struct Record {
    number: u64,
    channel: &'static str,
    text: Option<String>,
}

/// One that was published with a key.
struct Keyed {
    path: String,
    text: String,
    fields: String,
    id: String,
}

/// The channels that a request asks for.
struct Asked {
    names: Vec<&'static str>,
    path: String,
}

/// What came after a cursor.
struct Answer {
    messages: Vec<Value>,
    cursor: String,
    lost: bool,
    /// There is nothing more.
    is_whole: bool,
}

struct Session {
    server: Server,
    client: Client,
    random: StdRng,
    is_durable: bool,
    epoch: String,
    records: Vec<Record>,
    cursors: Vec<String>,
    keyed: Vec<Keyed>,
    published: usize,
}

impl Session {
    fn new(random: StdRng, is_durable: bool, options: &[String]) -> Self {
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let server = Server::start(&options).unwrap();
        let mut session = Self {
            client: Client::connect(server.address()).unwrap(),
            server,
            random,
            is_durable,
            epoch: String::new(),
            records: Vec::new(),
            cursors: Vec::new(),
            keyed: Vec::new(),
            published: 0,
        };
        session.epoch = session.epoch_now();
        session
    }

    fn run(&mut self, turns: usize) {
        for _ in 0..turns {
            match self.random.random_range(0..100) {
                0..45 => self.publish(),
                45..50 => self.delete(),
                50..53 => self.publish_again(),
                53..80 => self.poll(),
                80..86 => self.poll_from_the_earliest(),
                86..97 => self.stream(),
                _ if self.is_durable => self.start_again(),
                _ => {}
            }
        }
        assert!(
            !self.server.log().contains("panicked"),
            "{}",
            self.server.log()
        );
    }

    fn ask(&mut self, method: &str, target: &str, fields: &str, body: &str) -> Response {
        let length = body.len();
        let head = format!("{method} {target} HTTP/1.1\r\nHost: test\r\n{fields}");
        let request = format!("{head}Content-Length: {length}\r\n\r\n{body}");
        self.client.send(request).unwrap();
        self.client.answer(method).unwrap()
    }

    fn epoch_now(&mut self) -> String {
        let answer = self.ask("GET", "/channels/a/poll", "", "").json().unwrap();
        parts(text(&answer["cursor"])).0.to_owned()
    }

    fn some(&mut self, counts: Range<usize>) -> Asked {
        let count = self.random.random_range(counts);
        let some: Vec<_> = CHANNELS.sample(&mut self.random, count).collect();
        Asked {
            names: some.iter().map(|channel| channel.0).collect(),
            path: some
                .iter()
                .map(|channel| channel.1)
                .collect::<Vec<_>>()
                .join(","),
        }
    }

    /// Rather a new one.
    fn some_cursor(&mut self) -> Option<String> {
        let newest = self.cursors.len().saturating_sub(60);
        let from = if self.random.random_bool(0.7) {
            newest
        } else {
            0
        };
        self.cursors[from..].choose(&mut self.random).cloned()
    }

    fn publish(&mut self) {
        let to = self.some(1..2);
        let path = format!("/channels/{}", to.path);
        for _ in 0..*[1, 1, 1, 3, 10, 50].choose(&mut self.random).unwrap() {
            self.published += 1;
            let size = *[0, 0, 10, 500, 3000].choose(&mut self.random).unwrap();
            let text = format!("{} {}", self.published, "x".repeat(size));
            let mut fields = String::new();
            let has_key = self.random.random_bool(0.2);
            if has_key {
                fields = format!("Idempotency-Key: {}\r\n", self.published);
            }
            let response = self.ask("POST", &path, &fields, &text);
            let id = self.record(&response, to.names[0], Some(text.clone()));
            if has_key {
                let path = path.clone();
                self.keyed.push(Keyed {
                    path,
                    text,
                    fields,
                    id,
                });
            }
        }
    }

    fn delete(&mut self) {
        let of = self.some(1..2);
        let response = self.ask("DELETE", &format!("/channels/{}", of.path), "", "");
        self.record(&response, of.names[0], None);
    }

    fn record(
        &mut self,
        response: &Response,
        channel: &'static str,
        text: Option<String>,
    ) -> String {
        assert_eq!(response.head.status, 200, "{response:?}");
        let id = response.json().unwrap()["id"].as_str().unwrap().to_owned();
        let (epoch, number) = parts(&id);
        assert_eq!(epoch, self.epoch);
        let last = self.records.last().map_or(0, |record| record.number);
        assert!(number > last, "{number} after {last}");
        self.records.push(Record {
            number,
            channel,
            text,
        });
        self.cursors.push(id.clone());
        id
    }

    /// The same under its key, and then another text.
    fn publish_again(&mut self) {
        let newest = self.keyed.len().saturating_sub(50);
        let Some(keyed) = self.keyed[newest..].choose(&mut self.random) else {
            return;
        };
        let (path, fields) = (keyed.path.clone(), keyed.fields.clone());
        let (text, id) = (keyed.text.clone(), keyed.id.clone());
        let again = self.ask("POST", &path, &fields, &text);
        let answer = again.json().unwrap();
        assert_eq!(
            (again.head.status, answer["id"].as_str()),
            (200, Some(&*id))
        );
        assert_eq!(answer["repeated"], true);
        let other = self.ask("POST", &path, &fields, "another");
        assert_eq!(other.head.status, 422, "{other:?}");
    }

    fn poll(&mut self) {
        let (asked, since) = (self.some(1..4), self.some_cursor());
        let Some(since) = since else { return };
        let ways = [
            "poll?",
            "poll?",
            "long-poll?wait=0.01&",
            "jsonp?callback=f&wait=0&",
        ];
        let way = *ways.choose(&mut self.random).unwrap();
        let answer = self.poll_once(&asked, way, &since);
        self.check(&since, &asked, &answer);
        self.follow(answer.cursor, &asked);
    }

    fn poll_once(&mut self, asked: &Asked, way: &str, since: &str) -> Answer {
        let target = format!("/channels/{}/{way}since={since}", asked.path);
        let response = self.ask("GET", &target, "", "");
        assert_eq!(response.head.status, 200, "{target}: {response:?}");
        let text = response.text();
        let json = match way.starts_with("jsonp") {
            true => &text[text.find('(').unwrap() + 1..text.rfind(')').unwrap()],
            false => &text,
        };
        let mut json: Value = serde_json::from_str(json).unwrap();
        let messages = json["messages"].as_array().unwrap().clone();
        let lost = json["lost"].as_bool().unwrap();
        let cursor = json["cursor"].take().as_str().unwrap().to_owned();
        // From the disk it may come in pieces.
        let is_whole = !self.is_durable || messages.is_empty() && !lost;
        Answer {
            messages,
            cursor,
            lost,
            is_whole,
        }
    }

    /// Polls until there is nothing more.
    fn follow(&mut self, mut since: String, asked: &Asked) {
        for _ in 0..100 {
            let answer = self.poll_once(asked, "poll?", &since);
            self.check(&since, asked, &answer);
            if answer.messages.is_empty() && !answer.lost {
                return;
            }
            since = answer.cursor;
        }
        panic!("this never ends");
    }

    /// No hole in what is there.
    fn poll_from_the_earliest(&mut self) {
        let asked = self.some(1..4);
        let answer = self.poll_once(&asked, "poll?", "earliest");
        assert!(!answer.lost, "{}", asked.path);
        for channel in &asked.names {
            let of_it = answer
                .messages
                .iter()
                .filter(|message| message["channel"] == *channel);
            let got: Vec<u64> = of_it.map(|message| parts(text(&message["id"])).1).collect();
            let Some(first) = got.first() else { continue };
            let all = self
                .records
                .iter()
                .filter(|record| record.channel == *channel && record.text.is_some());
            let all = all
                .map(|record| record.number)
                .filter(|number| number >= first);
            let all: Vec<u64> = all.take(got.len()).collect();
            assert_eq!(got, all, "{channel}");
        }
        self.follow(answer.cursor, &asked);
    }

    /// A page that ends soon.
    fn stream(&mut self) {
        let (asked, since) = (self.some(1..4), self.some_cursor());
        let Some(since) = since else { return };
        let target = format!(
            "/channels/{}/xhr-stream?wait=0.03&since={since}",
            asked.path
        );
        let response = self.ask("GET", &target, "", "");
        assert_eq!(response.head.status, 200, "{target}: {response:?}");
        let body = response.text();
        let lines = body.lines().filter(|line| !line.trim().is_empty());
        let lines: Vec<Value> = lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let is = |line: &Value, event: &str| line["event"] == *event;
        assert!(is(&lines[0], "holdline.open"), "{body}");
        let last = lines.last().unwrap();
        assert!(is(last, "holdline.timeout"), "{body}");
        let answer = Answer {
            lost: lines.iter().any(|line| is(line, "holdline.lost")),
            cursor: text(&last["id"]).to_owned(),
            messages: lines
                .iter()
                .filter(|line| line["event"].is_null())
                .cloned()
                .collect(),
            is_whole: !self.is_durable,
        };
        self.check(&since, &asked, &answer);
        self.follow(answer.cursor, &asked);
    }

    /// After a kill, or in good order: it has kept everything, and goes on in the same life.
    fn start_again(&mut self) {
        match self.random.random_bool(0.3) {
            true => self.server.stop().unwrap(),
            false => self.server.kill(),
        }
        self.server.restart().unwrap();
        self.client = Client::connect(self.server.address()).unwrap();
        assert_eq!(self.epoch_now(), self.epoch);
    }

    fn check(&mut self, since: &str, asked: &Asked, answer: &Answer) {
        let (epoch, reached) = parts(&answer.cursor);
        assert_eq!(epoch, self.epoch);
        let since = parts(since).1;
        assert!(reached >= since, "it goes back");
        let mut got = Vec::new();
        for message in &answer.messages {
            let (epoch, number) = parts(text(&message["id"]));
            assert_eq!(epoch, self.epoch);
            assert!(
                number > got.last().copied().unwrap_or(since) && number <= reached,
                "{message}"
            );
            let published = self
                .records
                .iter()
                .find(|record| record.number == number)
                .unwrap();
            assert_eq!(message["channel"], published.channel);
            assert_eq!(message["data"].as_str(), published.text.as_deref());
            assert!(asked.names.contains(&published.channel), "{message}");
            let mut later = self.records.iter().filter(|record| record.number > number);
            let is_deleted =
                later.any(|record| record.channel == published.channel && record.text.is_none());
            assert!(!is_deleted, "{message}");
            got.push(number);
        }
        let to = if answer.is_whole { u64::MAX } else { reached };
        let missing = self.records.iter().find(|record| {
            let is_asked = asked.names.contains(&record.channel) && record.text.is_some();
            is_asked
                && record.number > since
                && record.number <= to
                && !got.contains(&record.number)
        });
        if let Some(missing) = missing {
            let (number, channel) = (missing.number, missing.channel);
            assert!(
                answer.lost,
                "nobody tells of {number} in {channel} after {since}: {got:?}, then {reached}"
            );
        }
        self.cursors.push(answer.cursor.clone());
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
