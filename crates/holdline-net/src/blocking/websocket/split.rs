//! A WebSocket in two halves, for two threads.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use holdline_websocket::{CloseCode, Connection, MaskKeys, SendError};
use rustix::event::{PollFd, PollFlags};

use super::super::io::socket::{Socket, wait};
use super::super::io::{Io, IoEvent, timed_out};
use super::inbox::{Inbox, Step};
use super::{Error, Message, OwnedMessage, WebSocket};

impl<K: MaskKeys> WebSocket<TcpStream, K> {
    /// Takes the connection apart: a [`Reader`] for one thread, and a [`Sender`] for any number of others.
    ///
    /// A sender that waits in a write never holds up the reader, and the other way round. Pongs and the answer
    /// to a Close go out while the reader is being called, or with what a sender sends. The stream is closed
    /// when both halves are dropped.
    ///
    /// ```no_run
    /// use std::thread;
    /// use holdline_net::blocking::websocket::{self, Message};
    ///
    /// let (mut reader, sender) = websocket::connect("ws://127.0.0.1:8080/echo")?.split()?;
    /// thread::spawn(move || sender.send_text("hello"));
    /// while let Some(message) = reader.read()? {
    ///     println!("{message:?}");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Io`]: the system has no more file descriptors; it takes three.
    pub fn split(self) -> Result<(Reader<K>, Sender<K>), Error> {
        let (wakes, woken) = UnixStream::pair()?;
        wakes.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let (io, writer) = self.io.split()?;
        let shared = Arc::new(Shared {
            machine: Mutex::new(self.machine),
            writer: Mutex::new(writer),
            owed: AtomicBool::new(false),
            wakes,
            origin: self.origin,
        });
        let reader = Reader {
            io,
            inbox: self.inbox,
            woken,
            protocol: self.protocol,
            shared: Arc::clone(&shared),
        };
        Ok((reader, Sender { shared }))
    }
}

/// What both halves need. The locks are taken in this order: the writer, then the machine. The machine's is
/// never held while anything waits.
struct Shared<K> {
    writer: Mutex<Io<TcpStream>>,
    machine: Mutex<Connection<K>>,
    /// The reader has something to send and found the writer locked.
    owed: AtomicBool,
    wakes: UnixStream,
    origin: Instant,
}

/// The half of a WebSocket that sends. Clones share it, and each message goes out whole.
pub struct Sender<K> {
    shared: Arc<Shared<K>>,
}

/// The half of a WebSocket that receives.
pub struct Reader<K> {
    io: Io<TcpStream>,
    inbox: Inbox,
    woken: UnixStream,
    protocol: Option<String>,
    shared: Arc<Shared<K>>,
}

impl<K: MaskKeys> Sender<K> {
    /// Sends a text message. Waits while another sender is writing.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] when the connection is closing: nothing was sent. [`Error::Io`]: the message is on its
    /// way, wholly or in part; after a timeout the reader goes on with it.
    pub fn send_text(&self, text: &str) -> Result<(), Error> {
        self.send_with(|machine, out| machine.send_text(text, out))
    }

    /// Sends a binary message.
    ///
    /// # Errors
    ///
    /// As [`send_text`](Self::send_text).
    pub fn send_binary(&self, data: &[u8]) -> Result<(), Error> {
        self.send_with(|machine, out| machine.send_binary(data, out))
    }

    /// Sends a message of either kind.
    ///
    /// # Errors
    ///
    /// As [`send_text`](Self::send_text).
    pub fn send(&self, message: &OwnedMessage) -> Result<(), Error> {
        match message {
            OwnedMessage::Text(text) => self.send_text(text),
            OwnedMessage::Binary(data) => self.send_binary(data),
        }
    }

    /// Sends a ping of at most 125 bytes. The reader gives the pong.
    ///
    /// # Errors
    ///
    /// As [`send_text`](Self::send_text).
    pub fn send_ping(&self, payload: &[u8]) -> Result<(), Error> {
        self.send_with(|machine, out| machine.send_ping(payload, out))
    }

    /// Sends a Close frame. The reader gives what still comes, and then `None`, or after
    /// [`Config::close_timeout`](holdline_websocket::Config::close_timeout) an error.
    ///
    /// # Errors
    ///
    /// As [`send_text`](Self::send_text), and for a code that must not be sent.
    pub fn send_close(&self, code: CloseCode, reason: &str) -> Result<(), Error> {
        let sent = self.send_with(|machine, out| machine.send_close(code, reason, out));
        // There is a deadline now.
        self.shared.wake();
        sent
    }

    fn send_with(
        &self,
        encode: impl FnOnce(&mut Connection<K>, &mut BytesMut) -> Result<(), SendError>,
    ) -> Result<(), Error> {
        let mut writer = lock(&self.shared.writer);
        let encoded = encode(&mut lock(&self.shared.machine), &mut writer.out);
        let sent = match encoded {
            Ok(()) => writer.flush().map_err(Error::from),
            Err(error) => Err(error.into()),
        };
        self.shared.pass_on(writer);
        sent
    }
}

impl<K> Clone for Sender<K> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<K: MaskKeys> Reader<K> {
    /// Waits for the next message, as [`WebSocket::read`] does.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::read`].
    pub fn read(&mut self) -> Result<Option<Message<'_>>, Error> {
        let step = self.step()?;
        Ok(self.inbox.message(step))
    }

    /// Waits for the next text or binary message, as [`WebSocket::next_message`] does.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::read`].
    pub fn next_message(&mut self) -> Result<Option<OwnedMessage>, Error> {
        loop {
            match self.step()? {
                Step::Closed => return Ok(None),
                Step::Ping | Step::Pong => {}
                step => return Ok(self.inbox.take(step)),
            }
        }
    }

    /// The subprotocol that was agreed on.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// Code and reason of the peer's Close frame, or code 1006: as [`WebSocket::close_reason`].
    #[must_use]
    pub fn close_reason(&self) -> Option<(CloseCode, &str)> {
        self.inbox.close_reason()
    }

    /// The stream, to set its read timeout. Do not read from it or write to it.
    pub fn stream(&self) -> &TcpStream {
        &self.io.stream
    }

    fn step(&mut self) -> Result<Step, Error> {
        match self.inbox.closed {
            Some((CloseCode::ABNORMAL, _)) => return Err(Error::Disconnected),
            Some(_) => return Ok(Step::Closed),
            None => {}
        }
        let begun = Instant::now();
        loop {
            let received = {
                let mut machine = lock(&self.shared.machine);
                self.inbox.receive(&mut machine, &mut self.io)
            };
            let timed_out = self.tick(matches!(received, Ok(None)));
            let is_last = matches!(received, Ok(Some(Step::Closed)) | Err(_));
            let sending = self.reply(is_last);
            if let Some(step) = received? {
                return Ok(step);
            }
            timed_out?;
            if self.wait(begun, sending)? == IoEvent::Ended {
                return Err(self.ended());
            }
        }
    }

    /// Tells the machine the time, unless a message is to be handed out first.
    fn tick(&self, idle: bool) -> Result<(), Error> {
        let mut machine = lock(&self.shared.machine);
        let now = self.shared.origin.elapsed();
        if idle && machine.poll_timeout().is_some_and(|at| at <= now) {
            machine.handle_timeout(now);
        }
        match machine.timed_out() {
            Some(timeout) => Err(Error::Timeout(timeout)),
            None => Ok(()),
        }
    }

    /// Sends what is due by itself, and what a sender had to leave, as far as the socket takes it, or all of it if that
    /// `is_last`: nobody may call again. Returns whether something is left. It does not wait for a sender that is
    /// writing: that one does this afterwards.
    fn reply(&self, is_last: bool) -> bool {
        self.shared.owed.store(true, Ordering::SeqCst);
        let Ok(mut writer) = self.shared.writer.try_lock() else {
            return false;
        };
        self.shared.owed.store(false, Ordering::SeqCst);
        lock(&self.shared.machine).poll_transmit(&mut writer.out);
        if is_last {
            // What the peer said must not be lost because it does not take our answer.
            writer.flush().ok();
        } else {
            writer.write_now();
        }
        writer.is_sending()
    }

    /// Waits until something comes, the machine has a deadline, or a sender has left something to do.
    fn wait(&mut self, begun: Instant, sending: bool) -> Result<IoEvent, Error> {
        if let Some(turn) = self.io.read_now() {
            return Ok(turn);
        }
        let limit = Socket::Tcp(&self.io.stream).read_timeout()?;
        let patience = limit.and_then(|limit| begun.checked_add(limit));
        let due = lock(&self.shared.machine).poll_timeout();
        let due = due.and_then(|due| self.shared.origin.checked_add(due));
        let mut interest = PollFlags::IN;
        interest.set(PollFlags::OUT, sending);
        let mut fds = [
            PollFd::from_borrowed_fd(self.io.stream.as_fd(), interest),
            PollFd::from_borrowed_fd(self.woken.as_fd(), PollFlags::IN),
        ];
        wait(&mut fds, due.into_iter().chain(patience).min())?;
        let nothing = fds.iter().all(|fd| fd.revents().is_empty());
        if !fds[1].revents().is_empty() {
            self.drain()?;
        }
        if let Some(turn) = self.io.read_now() {
            return Ok(turn);
        }
        let is_over = |at: Option<Instant>| at.is_some_and(|at| at <= Instant::now());
        if nothing && is_over(patience) && !is_over(due) {
            return Err(timed_out("no message came", limit.unwrap_or(Duration::ZERO)).into());
        }
        Ok(IoEvent::Late)
    }

    /// Takes the bytes that woke this reader.
    fn drain(&mut self) -> io::Result<()> {
        loop {
            match self.woken.read(&mut [0; 64]) {
                Ok(64) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                Ok(_) | Err(_) => return Ok(()),
            }
        }
    }

    fn ended(&mut self) -> Error {
        let told = lock(&self.shared.machine).receive_eof().map(drop);
        self.inbox.cut();
        match (told, self.io.failure()) {
            (Err(error), _) => error.into(),
            (Ok(()), Some(error)) => error.into(),
            (Ok(()), None) => Error::Disconnected,
        }
    }
}

impl<K: MaskKeys> Shared<K> {
    /// Unlocks the writer. What the reader had to send meanwhile goes first: the reader may not be called again. If not
    /// everything can be written, the reader goes on with it.
    fn pass_on<'s>(&'s self, mut writer: MutexGuard<'s, Io<TcpStream>>) {
        loop {
            let left = writer.is_sending();
            drop(writer);
            if left {
                self.owed.store(true, Ordering::SeqCst);
                return self.wake();
            }
            if !self.owed.load(Ordering::SeqCst) {
                return;
            }
            // Whoever has it now looks at what is owed afterwards.
            let Ok(again) = self.writer.try_lock() else {
                return;
            };
            writer = again;
            self.owed.store(false, Ordering::SeqCst);
            lock(&self.machine).poll_transmit(&mut writer.out);
            // The error comes again with the next send.
            writer.flush().ok();
        }
    }
}

impl<K> Shared<K> {
    fn wake(&self) {
        // When the pipe is full the reader is awake; when it is gone nobody waits.
        (&self.wakes).write_all(&[1]).ok();
    }
}

/// What a thread that panicked held is as good as before: both halves change in whole steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K> std::fmt::Debug for Sender<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<K> std::fmt::Debug for Reader<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("closed", &self.inbox.closed)
            .finish_non_exhaustive()
    }
}
