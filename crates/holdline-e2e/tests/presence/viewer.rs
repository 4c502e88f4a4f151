//! A client that watches who is there.

use std::net::{Shutdown, TcpStream};
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use holdline_e2e::{Item, LIMIT, Server, Transport, subscribe_as};

/// It reads in a thread of its own.
pub(crate) struct Viewer {
    transport: Transport,
    socket: TcpStream,
    thread: Option<JoinHandle<()>>,
    items: Receiver<Item>,
    /// Where its stream stood last.
    cursor: String,
}

impl Viewer {
    /// Watches, and waits until it was told of all channels.
    pub(crate) fn watch(
        server: &Server,
        transport: Transport,
        channels: &'static str,
    ) -> (Self, Vec<String>) {
        let socket = TcpStream::connect(server.address()).unwrap();
        let (tell, items) = channel();
        let own = socket.try_clone().unwrap();
        let thread = thread::spawn(move || {
            let mut take = |item| match tell.send(item) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            };
            let query = "presence=true";
            // It ends with the connection.
            subscribe_as(own, transport, channels, None, query, &mut take).unwrap_err();
        });
        let mut viewer = Self {
            transport,
            socket,
            thread: Some(thread),
            items,
            cursor: String::new(),
        };
        let told = channels.split(',').map(|_| viewer.next()).collect();
        (viewer, told)
    }

    /// What it is told next: `join lobby ann,bob`, or the text of a message.
    pub(crate) fn next(&mut self) -> String {
        let next = self.next_within(LIMIT);
        next.unwrap_or_else(|| panic!("{} is told nothing", self.transport))
    }

    /// The same if it comes within that time.
    pub(crate) fn next_within(&mut self, time: Duration) -> Option<String> {
        // A poll tells its place again and again.
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let item = match self.items.recv_timeout(left) {
                Ok(item) => item,
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => panic!("{} has ended", self.transport),
            };
            match item {
                Item::Position(cursor) => self.cursor = cursor,
                Item::Lost(cursor) => panic!("{} has lost something at {cursor}", self.transport),
                Item::Message { id, data, .. } => {
                    self.cursor = id;
                    return Some(data);
                }
                Item::Told {
                    cursor,
                    what,
                    channel,
                    names,
                } => {
                    let polls = matches!(
                        self.transport,
                        Transport::Poll | Transport::LongPoll | Transport::Jsonp
                    );
                    // A poll tells where it stands at the end of its answer.
                    assert!(
                        polls || cursor == self.cursor,
                        "{}: {cursor} is not {}",
                        self.transport,
                        self.cursor
                    );
                    let names = names.map_or("?".to_owned(), |names| names.join(","));
                    return Some(format!("{what} {channel} {names}"));
                }
            }
        }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.socket.shutdown(Shutdown::Both);
        let ended = self.thread.take().map(JoinHandle::join);
        if !thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}
