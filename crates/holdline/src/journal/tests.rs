//! Publishing through a journal that answers later: from a thread, newest message first, and with errors.

mod answered;
mod deletion;
mod disconnected;
mod keys;
mod order;
pub(super) mod reader;
mod served;

use std::net::{SocketAddr, TcpStream};
use std::num::NonZero;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use holdline_comet::LogLimits;
use holdline_net::blocking::http::Client;
use holdline_net::{Handle, Server};
use serde_json::{Value, json};

use super::keys::Keys;
use super::sequence::{Commit, Sequence};
use super::*;
use crate::access::Access;
use crate::admin::Admin;
use crate::app::{App, Options, Shared};
use crate::config::AccessArguments;
use crate::demo::MovingBox;
use crate::hub::{Hub, HubLimits};
use crate::log_lines::LogLines;

const EPOCH: u64 = 1;
/// When a test gives up. No test waits this long on purpose.
const LIMIT: Duration = Duration::from_secs(20);

fn hub() -> Arc<Hub> {
    let limits = HubLimits::ample(LogLimits::default());
    Arc::new(Hub::new(EPOCH, limits))
}

fn draft<'a>(channel: &'a str, data: &'a str) -> Draft<'a> {
    Draft::message(channel, None, data)
}

fn sequence(hub: Arc<Hub>, max_bytes: usize) -> Arc<Sequence> {
    Sequence::new(hub, 0, max_bytes, Keys::new(2))
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    let waited = (0..LIMIT.as_millis()).any(|_| {
        let done = is_so();
        if !done {
            thread::sleep(Duration::from_millis(1));
        }
        done
    });
    assert!(waited, "waited for {LIMIT:?}");
}

/// Keeps nothing. The text of a message decides what happens to it: `fail` fails, `vanish` is dropped without an
/// answer, `stall` waits until it is released, and all others are kept.
#[derive(Debug)]
struct SlowJournal {
    sequence: Arc<Sequence>,
    commits: mpsc::Sender<Commit>,
}

/// The messages that stall.
type Stalled = Arc<Mutex<Vec<Commit>>>;

impl SlowJournal {
    fn start(hub: Arc<Hub>) -> (Self, Stalled) {
        let (commits, arrived) = mpsc::channel::<Commit>();
        let stalled = Stalled::default();
        let at_thread = Arc::clone(&stalled);
        thread::spawn(move || {
            while let Ok(first) = arrived.recv() {
                thread::sleep(Duration::from_millis(50));
                let mut batch = vec![first];
                batch.extend(arrived.try_iter());
                for commit in batch.into_iter().rev() {
                    let text = match commit.draft().unwrap().change {
                        Change::Message { data, .. } => data,
                        Change::Deletion => "delete",
                        Change::Gap => "gap",
                    };
                    match text {
                        "fail" => commit.failed(Refusal::NotKept),
                        "vanish" => drop(commit),
                        "stall" => at_thread.lock().unwrap().push(commit),
                        _ => commit.kept(),
                    }
                }
            }
        });
        let sequence = sequence(hub, 1 << 20);
        (Self { sequence, commits }, stalled)
    }
}

impl Journal for SlowJournal {
    fn append(&self, draft: Draft<'_>, publisher: Option<Waiter>) -> Result<Appended, Refusal> {
        let begun = self.sequence.begin(draft, publisher)?;
        Ok(begun.kept_by(|commit| self.commits.send(commit).unwrap()))
    }
}

/// The real server on such a journal. It stops when dropped.
struct Served {
    address: SocketAddr,
    shared: Arc<Shared>,
    stalled: Stalled,
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    fn start(patience: Duration) -> Self {
        Self::start_with(patience, |_| {})
    }

    /// The same, after `change`.
    fn start_with(patience: Duration, change: impl FnOnce(&mut Shared)) -> Self {
        let mut config = holdline_net::Config::default();
        config.threads = NonZero::new(2).unwrap();
        let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0)), config).unwrap();
        let (address, handle) = (server.local_addr().unwrap(), server.handle());
        let hub = hub();
        let (journal, stalled) = SlowJournal::start(Arc::clone(&hub));
        let access = Access::new(&AccessArguments::default(), None).unwrap();
        let options = Options {
            heartbeat: LIMIT,
            long_poll: LIMIT,
            patience,
            key_patience: patience,
            max_message: 1 << 20,
            legacy_hixie76: false,
            deflate_from: None,
            socket_port: None,
            log_requests: false,
            max_publish_rate: None,
        };
        let log = LogLines::start(std::io::stderr()).unwrap();
        let admin = Admin::default();
        let mut shared = Shared::new(hub, Box::new(journal), access, admin, options, log);
        change(&mut shared);
        let shared = Arc::new(shared);
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                let make = |notifier| App::new(Arc::clone(&shared), notifier);
                server.run(make).unwrap();
            }
        });
        Self {
            address,
            shared,
            stalled,
            handle,
            thread: Some(thread),
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream
    }

    /// Sends a request. The handle returns the answer.
    fn ask(&self, method: &'static str, target: &str, body: &str) -> JoinHandle<Answer> {
        self.ask_under(None, method, target, body)
    }

    /// The same under an idempotency key.
    fn ask_under(
        &self,
        key: Option<&str>,
        method: &'static str,
        target: &str,
        body: &str,
    ) -> JoinHandle<Answer> {
        let (stream, host) = (self.connect(), self.address.to_string());
        let (target, body) = (target.to_owned(), body.to_owned());
        let key = key.map(|key| [("Idempotency-Key", key.to_owned())]);
        thread::spawn(move || {
            let mut http = Client::new(stream, &host);
            http.request(method, &target, key, body.as_bytes()).unwrap();
            let response = http.read_response().unwrap();
            Answer {
                status: response.status(),
                retry_after: response.header_bytes("retry-after").is_some(),
                json: serde_json::from_slice(&http.read_body(1 << 20).unwrap()).unwrap(),
            }
        })
    }

    fn post(&self, text: &str) -> JoinHandle<Answer> {
        self.ask("POST", "/channels/a", text)
    }

    fn post_under(&self, key: &str, text: &str) -> JoinHandle<Answer> {
        self.ask_under(Some(key), "POST", "/channels/a", text)
    }

    fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, "").join().unwrap()
    }

    fn wait_for_stalled(&self, count: usize) {
        wait_until(|| self.stalled.lock().unwrap().len() == count);
    }

    fn release(&self) {
        let stalled = std::mem::take(&mut *self.stalled.lock().unwrap());
        stalled.into_iter().rev().for_each(Commit::kept);
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.handle.stop();
        if let Some(thread) = self.thread.take()
            && let Err(panic) = thread.join()
            && !thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    retry_after: bool,
    json: Value,
}

impl Answer {
    /// The status, whether there is a `Retry-After`, and the code of an error.
    fn refusal(&self) -> (u16, bool, &str) {
        let code = self.json["error"]["code"].as_str().unwrap();
        (self.status, self.retry_after, code)
    }

    /// The numbers and texts of the messages in the answer.
    fn messages(&self) -> Vec<(u64, &str)> {
        let messages = self.json["messages"].as_array().unwrap();
        messages.iter().map(number_and_text).collect()
    }
}

fn number_and_text(message: &Value) -> (u64, &str) {
    let text = message["data"].as_str().unwrap();
    (number(&message["id"]), text)
}

fn number(id: &Value) -> u64 {
    let cursor: holdline_comet::Cursor = id.as_str().unwrap().parse().unwrap();
    cursor.sequence()
}
