//! An unreliable network.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

use crate::narrow;

/// A TCP proxy on the loopback interface that can cut all its connections at any moment or at any byte, stall them,
/// and refuse new ones. It ends when this is dropped.
#[derive(Debug)]
pub struct CutProxy {
    address: SocketAddr,
    line: Arc<Line>,
}

/// Returns after how many more bytes the next cut comes. `None` means no more cuts.
type Plan = Box<dyn FnMut() -> Option<u64> + Send>;

struct Line {
    server: SocketAddr,
    state: Mutex<State>,
    resumed: Condvar,
    cuts: AtomicU64,
    bytes: AtomicU64,
    over: AtomicBool,
}

#[derive(Default)]
struct State {
    /// Both ends of each connection.
    connections: Vec<[TcpStream; 2]>,
    plan: Option<Plan>,
    /// Bytes in both directions until the next cut.
    left: Option<u64>,
    stalled: bool,
    refusing: bool,
    /// Every other cut is a reset.
    reset: bool,
}

impl CutProxy {
    /// Starts a proxy for `server`.
    ///
    /// # Errors
    /// What the system says.
    pub fn start(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let line = Arc::new(Line {
            server,
            state: Mutex::default(),
            resumed: Condvar::new(),
            cuts: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            over: AtomicBool::new(false),
        });
        let shared = Arc::clone(&line);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if shared.over.load(Ordering::SeqCst) {
                    break;
                }
                // If the server is down, the proxy goes on: the client finds out by itself.
                let _ = shared.connect(client);
            }
        });
        Ok(Self { address, line })
    }

    /// The address for clients to connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of something behind it; `path` begins with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Cuts whenever `plan` says so, regardless of what the bytes belong to.
    pub fn cut_after(&self, mut plan: impl FnMut() -> Option<u64> + Send + 'static) {
        let mut state = self.line.lock();
        state.left = plan();
        state.plan = Some(Box::new(plan));
    }

    /// Cuts all connections now. New ones can be made at once.
    pub fn cut(&self) {
        self.line.cut(&mut self.line.lock());
    }

    /// The number of cuts so far.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        self.line.cuts.load(Ordering::SeqCst)
    }

    /// The number of bytes that have arrived from both sides.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.line.bytes.load(Ordering::SeqCst)
    }

    /// Holds back all data, or lets it continue.
    pub fn stall(&self, stalled: bool) {
        self.line.lock().stalled = stalled;
        self.line.resumed.notify_all();
    }

    /// Closes new connections at once, or accepts them again.
    pub fn refuse(&self, refusing: bool) {
        self.line.lock().refusing = refusing;
    }
}

impl Drop for CutProxy {
    fn drop(&mut self) {
        self.line.over.store(true, Ordering::SeqCst);
        self.stall(false);
        self.cut();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
    }
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        if self.lock().refusing {
            return Ok(());
        }
        // While it stalls, no more than this is on the way.
        let server = narrow(self.server, 256 * 1024)?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let ends = [client.try_clone()?, server.try_clone()?];
        self.lock().connections.push(ends);
        for (from, to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
            let line = Arc::clone(self);
            thread::spawn(move || line.carry(from, to));
        }
        Ok(())
    }

    /// Copies bytes in one direction until it ends.
    fn carry(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut block = vec![0; 16 * 1024];
        let mut broken = false;
        while !broken {
            let n = match from.read(&mut block) {
                Ok(0) | Err(_) => break,
                Ok(n) => n,
            };
            self.bytes.fetch_add(n as u64, Ordering::SeqCst);
            let mut state = self.lock();
            while state.stalled {
                state = self
                    .resumed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            let now = match &mut state.left {
                Some(left) if *left <= n as u64 => {
                    let now = *left as usize;
                    // Written before the lock is released, so that the cut comes at this byte. It is little data,
                    // and if the client does not take it, it is cut without it.
                    let _ = to.set_nonblocking(true);
                    let _ = to.write(&block[..now]);
                    let _ = to.set_nonblocking(false);
                    self.cut(&mut state);
                    break;
                }
                Some(left) => {
                    *left -= n as u64;
                    n
                }
                None => n,
            };
            drop(state);
            broken = to.write_all(&block[..now]).is_err();
        }
        if broken {
            let _ = from.shutdown(Shutdown::Both);
        }
        // An end is passed on as an end, because the other direction may still be in use.
        let _ = to.shutdown(Shutdown::Write);
        self.tidy();
    }

    fn cut(&self, state: &mut State) {
        state.reset = !state.reset;
        for end in state.connections.drain(..).flatten() {
            if state.reset {
                // This makes closing send a reset instead of an end.
                let _ = SockRef::from(&end).set_linger(Some(Duration::ZERO));
            }
            let _ = end.shutdown(Shutdown::Both);
        }
        self.cuts.fetch_add(1, Ordering::SeqCst);
        state.left = state.plan.as_mut().and_then(|plan| plan());
    }

    /// Forgets connections that are gone.
    fn tidy(&self) {
        let gone = |end: &TcpStream| end.peer_addr().is_err();
        self.lock()
            .connections
            .retain(|ends| !ends.iter().all(gone));
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
