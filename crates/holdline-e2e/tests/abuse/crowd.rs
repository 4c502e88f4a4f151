//! Good clients over all transports, who must not notice anything.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use holdline_e2e::{Client, END, Tally, Transport, numbered, publish, subscribe, wait_for};

/// Subscribers and publishers of one channel, on connections that they keep.
pub(crate) struct Crowd {
    readers: Vec<Reader>,
    publishers: Vec<Publisher>,
    faults: Faults,
}

struct Reader {
    transport: Transport,
    /// How many messages it has; `usize::MAX` before it knows where it stands.
    received: Arc<AtomicUsize>,
    thread: JoinHandle<Tally>,
}

struct Publisher {
    client: Client,
    sent: usize,
}

/// What good clients have met that they should not have met.
#[derive(Clone, Default)]
pub(crate) struct Faults(Arc<Mutex<Vec<String>>>);

impl Faults {
    pub(crate) fn add(&self, fault: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(fault);
    }

    /// # Panics
    /// When there are any.
    pub(crate) fn check(&self) {
        let faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(
            faults.is_empty(),
            "good clients were hurt:\n{}",
            faults.join("\n")
        );
    }
}

impl Crowd {
    /// Connects all: a subscriber over each transport, and of streams two, and two publishers.
    pub(crate) fn gather(address: SocketAddr) -> Self {
        let faults = Faults::default();
        let streams = [
            Transport::Sse,
            Transport::WebSocket,
            Transport::XhrStream,
            Transport::LongPoll,
        ];
        let readers = Transport::ALL.into_iter().chain(streams).map(|transport| {
            let received = Arc::new(AtomicUsize::new(usize::MAX));
            let (count, faults) = (Arc::clone(&received), faults.clone());
            let thread = thread::spawn(move || read(address, transport, &count, &faults));
            Reader {
                transport,
                received,
                thread,
            }
        });
        let readers = readers.collect();
        let connect = |_| Publisher {
            client: Client::connect(address).unwrap(),
            sent: 0,
        };
        let publishers = (0..PUBLISHERS).map(connect).collect();
        let crowd = Self {
            readers,
            publishers,
            faults,
        };
        crowd.wait("the crowd", |received| received != usize::MAX);
        crowd
    }

    /// Publishes until it is `over`.
    pub(crate) fn publish_until(&mut self, over: &AtomicBool) {
        thread::scope(|scope| {
            for (index, publisher) in self.publishers.iter_mut().enumerate() {
                let faults = &self.faults;
                scope.spawn(move || {
                    while !over.load(Ordering::SeqCst) {
                        let text = numbered(index, publisher.sent, LARGEST);
                        if let Err(error) = publish(&mut publisher.client, CHANNEL, &text) {
                            faults.add(format!("publisher {index}: {error:#}"));
                            break;
                        }
                        publisher.sent += 1;
                        thread::sleep(Duration::from_millis(20));
                    }
                });
            }
        });
    }

    /// Waits until everybody has everything.
    pub(crate) fn catch_up(&self) {
        let sent = self.sent();
        self.wait("the crowd to receive everything", |received| {
            received == sent
        });
    }

    pub(crate) fn faults(&self) -> Faults {
        self.faults.clone()
    }

    fn sent(&self) -> usize {
        self.publishers.iter().map(|publisher| publisher.sent).sum()
    }

    fn wait(&self, what: &str, reached: impl Fn(usize) -> bool) {
        wait_for(what, || {
            self.faults.check();
            let mut readers = self.readers.iter();
            let all = readers.all(|reader| reached(reader.received.load(Ordering::SeqCst)));
            all.then_some(())
        });
        self.faults.check();
    }

    /// How many connections it holds.
    pub(crate) fn connections(&self) -> usize {
        self.readers.len() + self.publishers.len()
    }

    /// How many of its subscribers the server counts, between messages.
    pub(crate) fn presence(&self, transport: Transport) -> usize {
        // A poll is over at once.
        let readers = self
            .readers
            .iter()
            .filter(|reader| reader.transport == transport);
        readers
            .filter(|reader| reader.transport != Transport::Poll)
            .count()
    }

    /// Ends it. All must have received the same, in the same order. Returns how many messages were delivered.
    pub(crate) fn leave(mut self) -> usize {
        publish(&mut self.publishers[0].client, CHANNEL, END).unwrap();
        let sent: Vec<usize> = self
            .publishers
            .iter()
            .map(|publisher| publisher.sent)
            .collect();
        let tallies = self
            .readers
            .into_iter()
            .map(|reader| (reader.transport, reader.thread.join().unwrap()));
        let tallies: Vec<_> = tallies.collect();
        self.faults.check();
        for (transport, tally) in &tallies {
            assert_eq!(tally.by_publisher(), sent, "{transport}");
            assert_eq!(
                tally.digest(),
                tallies[0].1.digest(),
                "{transport} saw another order"
            );
        }
        tallies.iter().map(|(_, tally)| tally.received()).sum()
    }
}

/// Reads to the end; what goes wrong goes to `faults`.
fn read(address: SocketAddr, transport: Transport, count: &AtomicUsize, faults: &Faults) -> Tally {
    let mut tally = Tally::new(PUBLISHERS, LARGEST);
    loop {
        let mut fault = None;
        let since = tally.cursor().map(str::to_owned);
        let result = subscribe(transport, address, CHANNEL, since.as_deref(), &mut |item| {
            let taken = tally.take(&item);
            count.store(tally.received(), Ordering::SeqCst);
            match taken {
                Ok(false) => return ControlFlow::Continue(()),
                Ok(true) => {}
                Err(error) => fault = Some(error),
            }
            ControlFlow::Break(())
        });
        match (result, fault) {
            // A frame that has become too long for a page ends, and loads again.
            (Err(error), None)
                if transport == Transport::Iframe && error.kind() == ErrorKind::UnexpectedEof => {}
            (Ok(()), None) => return tally,
            (result, fault) => {
                faults.add(format!(
                    "{transport}: {fault:?} {result:?}, after {} messages",
                    tally.received()
                ));
                return tally;
            }
        }
    }
}

const CHANNEL: &str = "crowd";
const PUBLISHERS: usize = 2;
/// Of messages, in bytes.
const LARGEST: usize = 100_000;
