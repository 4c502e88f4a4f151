//! A network with moods: what firewalls and proxies do to HTTP.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

/// How a [`MoodyProxy`] treats what goes through it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mood {
    /// All is passed on at once.
    Kind,
    /// A request for a WebSocket is answered with 403.
    NoUpgrades,
    /// No upgrades, and an answer is passed on when it is whole: an endless one never.
    Buffering,
    /// No upgrades, and what comes in this time after the request is passed on, the rest when the answer is whole.
    BufferingAfter(Duration),
    /// A connection is cut this long after it was made.
    Cutting(Duration),
    /// Requests get to the server, but instead of an answer comes a cut. WebSockets go on.
    NoAnswers,
    /// Nothing comes through in either direction, and nobody is told.
    Silent,
    /// Connections are closed as soon as they are made.
    Dead,
}

/// A proxy on the loopback interface that reads the head of each request, takes one request a connection, and has a
/// mood. It ends when it is dropped.
#[derive(Debug)]
pub struct MoodyProxy {
    address: SocketAddr,
    line: Arc<Line>,
}

#[derive(Debug)]
struct Line {
    server: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    mood: Mood,
    /// Both ends of each connection, and its number.
    connections: Vec<(u64, [TcpStream; 2])>,
    made: u64,
    over: bool,
}

impl MoodyProxy {
    /// Stands before `server` from now on, and is kind.
    ///
    /// # Errors
    /// What the system says.
    pub fn start(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let state = State {
            mood: Mood::Kind,
            connections: Vec::new(),
            made: 0,
            over: false,
        };
        let line = Arc::new(Line {
            server,
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let shared = Arc::clone(&line);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if shared.lock().over {
                    break;
                }
                let line = Arc::clone(&shared);
                // A connection that fails is the client's to notice.
                thread::spawn(move || line.serve(client));
            }
        });
        Ok(Self { address, line })
    }

    /// The address of something behind it; `path` begins with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Changes how new connections are treated, and what becomes of the bytes of those that there are.
    pub fn set_mood(&self, mood: Mood) {
        self.line.lock().mood = mood;
        self.line.changed.notify_all();
    }

    /// Cuts all connections. Every other one is reset.
    pub fn cut(&self) {
        self.line.lock().cut(|_| true);
    }
}

impl Drop for MoodyProxy {
    fn drop(&mut self) {
        self.line.lock().over = true;
        self.set_mood(Mood::Dead);
        self.cut();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
    }
}

impl State {
    fn cut(&mut self, which: impl Fn(u64) -> bool) {
        for (number, ends) in self
            .connections
            .extract_if(.., |(number, _)| which(*number))
        {
            for end in ends {
                if number % 2 == 0 {
                    // Together with closing, this sends a reset instead of an end.
                    let _ = SockRef::from(&end).set_linger(Some(Duration::ZERO));
                }
                let _ = end.shutdown(Shutdown::Both);
            }
        }
    }
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mood(&self) -> Mood {
        self.lock().mood
    }

    /// Waits while nothing is let through.
    fn pass(&self) -> Mood {
        let state = self.lock();
        let state = self
            .changed
            .wait_while(state, |state| state.mood == Mood::Silent)
            .unwrap_or_else(PoisonError::into_inner);
        state.mood
    }

    fn serve(self: &Arc<Self>, mut client: TcpStream) -> io::Result<()> {
        if self.mood() == Mood::Dead {
            return Ok(());
        }
        client.set_nodelay(true)?;
        let Some((head, rest)) = read_head(&mut client)? else {
            return Ok(());
        };
        let upgrade = head.to_ascii_lowercase().contains("\r\nupgrade: websocket");
        match self.pass() {
            Mood::Dead => return Ok(()),
            Mood::NoUpgrades | Mood::Buffering | Mood::BufferingAfter(_) if upgrade => {
                let answer =
                    "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                client.write_all(answer.as_bytes())?;
                return drain(client);
            }
            _ => {}
        }
        let mut server = TcpStream::connect(self.server)?;
        server.set_nodelay(true)?;
        let number = self.enter([client.try_clone()?, server.try_clone()?]);
        let head = if upgrade {
            head
        } else {
            for_one_request(&head)
        };
        server.write_all(head.as_bytes())?;
        server.write_all(&rest)?;
        let (from, to) = (client.try_clone()?, server.try_clone()?);
        let line = Arc::clone(self);
        thread::spawn(move || line.carry_up(from, to));
        if let Mood::Cutting(after) = self.mood() {
            let line = Arc::clone(self);
            thread::spawn(move || {
                thread::sleep(after);
                line.lock().cut(|other| other == number);
            });
        }
        self.carry_down(server, client, upgrade);
        self.lock()
            .connections
            .retain(|(other, _)| *other != number);
        Ok(())
    }

    fn enter(&self, ends: [TcpStream; 2]) -> u64 {
        let mut state = self.lock();
        state.made += 1;
        let number = state.made;
        state.connections.push((number, ends));
        number
    }

    fn carry_up(&self, mut client: TcpStream, mut server: TcpStream) {
        let mut block = [0; 16 * 1024];
        while let Ok(count @ 1..) = client.read(&mut block) {
            self.pass();
            if server.write_all(&block[..count]).is_err() {
                break;
            }
        }
        let _ = server.shutdown(Shutdown::Write);
    }

    fn carry_down(&self, mut server: TcpStream, mut client: TcpStream, socket: bool) {
        let mut block = [0; 16 * 1024];
        let (mut held, began) = (Vec::new(), Instant::now());
        while let Ok(count @ 1..) = server.read(&mut block) {
            held.extend_from_slice(&block[..count]);
            match self.pass() {
                Mood::NoAnswers if !socket => {
                    let _ = client.shutdown(Shutdown::Both);
                    return;
                }
                Mood::Buffering => continue,
                Mood::BufferingAfter(time) if began.elapsed() > time => continue,
                _ => {}
            }
            if client.write_all(&held).is_err() {
                break;
            }
            held.clear();
        }
        self.pass();
        let _ = client.write_all(&held);
        let _ = client.shutdown(Shutdown::Write);
        let _ = server.shutdown(Shutdown::Both);
    }
}

/// The head of a request as text, and what came behind it.
fn read_head(client: &mut TcpStream) -> io::Result<Option<(String, Vec<u8>)>> {
    let (mut head, mut block) = (Vec::new(), [0; 4096]);
    loop {
        if let Some(end) = head.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let rest = head.split_off(end + 4);
            return Ok(String::from_utf8(head).ok().map(|head| (head, rest)));
        }
        let count = client.read(&mut block)?;
        if count == 0 || head.len() > 64 * 1024 {
            return Ok(None);
        }
        head.extend_from_slice(&block[..count]);
    }
}

/// The head without `Connection`, and with one that asks the server to close: so the end of the answer shows.
fn for_one_request(head: &str) -> String {
    let lines = head.trim_end().split("\r\n");
    let kept = lines.filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let mut head: String = kept.map(|line| format!("{line}\r\n")).collect();
    head.push_str("Connection: close\r\n\r\n");
    head
}

/// Reads what a client still sends, so that it can read its answer before the end.
fn drain(mut client: TcpStream) -> io::Result<()> {
    client.shutdown(Shutdown::Write)?;
    client.set_read_timeout(Some(Duration::from_secs(5)))?;
    io::copy(&mut client, &mut io::sink()).map(drop)
}
