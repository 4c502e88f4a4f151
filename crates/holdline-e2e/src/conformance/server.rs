//! The tester as a server that follows the protocol of the public suites.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tungstenite::handshake::derive_accept_key;

use super::client::{PATIENCE, fields, read_head};
use super::frame::Role;
use super::run::run;
use super::wire::Wire;
use super::{Case, Extension, Failure, Frame, Parameters, Script};

/// Tells clients how many cases there are, runs the cases they ask for, and keeps the results. A client under test
/// echoes every message until the connection is closed.
///
/// It ends when this is dropped.
#[derive(Debug)]
pub struct CaseServer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    cases: Vec<Case>,
    report: Mutex<Report>,
    over: AtomicBool,
}

/// The results so far.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The numbers of the cases that went well.
    pub passed: Vec<usize>,
    /// The cases that did not.
    pub failures: Vec<Failure>,
    /// Cases that need extensions the client did not offer.
    pub not_offered: Vec<String>,
    /// The agent whose reports are complete.
    pub updated: Option<String>,
}

impl CaseServer {
    /// Listens on a free port of the loopback interface.
    ///
    /// # Errors
    /// What the system says.
    pub fn start(cases: Vec<Case>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            cases,
            report: Mutex::default(),
            over: AtomicBool::new(false),
        });
        let own = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if own.over.load(Ordering::SeqCst) {
                    break;
                }
                let own = Arc::clone(&own);
                thread::spawn(move || own.serve(stream));
            }
        });
        Ok(Self { address, shared })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many cases there are.
    #[must_use]
    pub fn cases(&self) -> usize {
        self.shared.cases.len()
    }

    /// How many of them were run.
    #[must_use]
    pub fn run(&self) -> usize {
        let report = self.shared.report();
        report.passed.len() + report.failures.len() + report.not_offered.len()
    }

    /// The results so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.shared.report().clone()
    }
}

impl Drop for CaseServer {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
    }
}

impl Shared {
    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut stream: TcpStream) {
        let Ok(request) = Request::read(&mut stream) else {
            return;
        };
        match request.path.as_str() {
            "/getCaseCount" => {
                let count = self.cases.len().to_string();
                let script = Script::new().send([Frame::text(count)]);
                let _ = request.talk(stream, None, script);
            }
            "/updateReports" => {
                self.report().updated = Some(request.value("agent"));
                let _ = request.talk(stream, None, Script::new());
            }
            "/runCase" => {
                let number = request.value("case").parse().unwrap_or(0);
                let case = usize::checked_sub(number, 1).and_then(|at| self.cases.get(at));
                match case {
                    Some(case) => self.run_case(number, case, &request, stream),
                    None => {
                        let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\n\r\n");
                    }
                }
            }
            _ => {
                let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\n\r\n");
            }
        }
    }

    fn run_case(&self, number: usize, case: &Case, request: &Request, stream: TcpStream) {
        let agreed = case
            .deflate
            .map(|parameters| parameters.answer(&request.offers));
        let result = match &agreed {
            None => request.talk(stream, None, (case.script)(Parameters::default())),
            Some(Some((answer, agreed))) => {
                let inflater = agreed.inflater();
                request.talk(stream, Some((answer, inflater)), (case.script)(*agreed))
            }
            Some(None) => {
                let _ = request.talk(stream, None, Script::new());
                self.report().not_offered.push(format!("{case:?}"));
                return;
            }
        };
        let mut report = self.report();
        match result {
            Ok(()) => report.passed.push(number),
            Err(what) => report.failures.push(Failure {
                number,
                case: format!("{case:?}"),
                what,
            }),
        }
    }
}

/// A client's handshake.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) path: String,
    query: String,
    key: String,
    pub(super) offers: Vec<Extension>,
    unread: Vec<u8>,
}

impl Request {
    /// Reads the request and checks it (§4.1).
    pub(super) fn read(stream: &mut TcpStream) -> Result<Self, String> {
        let broken = |error: io::Error| format!("the handshake: {error}");
        stream.set_nodelay(true).map_err(broken)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(broken)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(broken)?;
        let (head, unread) = read_head(stream).map_err(broken)?;
        let field = |name: &str| fields(&head, name).join(", ");
        let target = head.strip_prefix("GET ");
        let target = target.and_then(|rest| rest.split(' ').next());
        let key = field("sec-websocket-key");
        let good = head.lines().next().is_some_and(|line| line.ends_with(" HTTP/1.1"))
            && field("upgrade").eq_ignore_ascii_case("websocket")
            && field("connection").to_lowercase().contains("upgrade")
            && field("sec-websocket-version") == "13"
            && !field("host").is_empty()
            // 16 bytes in Base64.
            && key.len() == 24;
        let Some(target) = target.filter(|_| good) else {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            return Err(format!("the client's handshake (§4.1):\n{head}"));
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Ok(Self {
            path: path.to_owned(),
            query: query.to_owned(),
            key,
            offers: Extension::parse(&field("sec-websocket-extensions")),
            unread,
        })
    }

    fn value(&self, name: &str) -> String {
        let pairs = self
            .query
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(found, _)| *found == name);
        values
            .next()
            .map(|(_, value)| value.to_owned())
            .unwrap_or_default()
    }

    /// Accepts it with the negotiated extension, and plays a script.
    pub(super) fn talk(
        &self,
        mut stream: TcpStream,
        agreed: Option<(&str, super::inflate::Inflater)>,
        script: Script,
    ) -> Result<(), String> {
        let mut response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\n",
            derive_accept_key(self.key.as_bytes())
        );
        let inflater = agreed.map(|(answer, inflater)| {
            response.push_str(&format!("Sec-WebSocket-Extensions: {answer}\r\n"));
            inflater
        });
        response.push_str("\r\n");
        stream
            .write_all(response.as_bytes())
            .map_err(|error| format!("the handshake: {error}"))?;
        let mut wire = Wire::new(stream, Role::Server, self.unread.clone(), inflater);
        let result = run(&mut wire, Role::Server, script);
        let _ = wire.stream.shutdown(Shutdown::Both);
        result
    }
}
