//! A server that answers what a test says, and keeps what it was asked.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use holdline_e2e::wait_for;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: String,
    pub(crate) at: Instant,
}

impl Asked {
    /// The value of a field, `None` without it.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (field, value) = line.split_once(": ")?;
            field.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The connection is closed without an answer.
    Nothing,
    /// Status, more fields (each with CR and LF) and the body, then the end.
    Whole(u16, &'static str, String),
    /// The same, but the connection stays open.
    Endless(&'static str, String),
}

impl Answer {
    pub(crate) fn error(status: u16, fields: &'static str, code: &str) -> Self {
        let body = format!(r#"{{"error":{{"code":"{code}","message":"it is {code}"}}}}"#);
        Self::Whole(status, fields, body)
    }
}

/// Answers one request after the other by `script`, which is given its number and what was asked.
#[derive(Debug)]
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Scripted {
    pub(crate) fn start(script: impl Fn(usize, &Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (all, script) = (Arc::clone(&asked), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (all, script) = (Arc::clone(&all), Arc::clone(&script));
                thread::spawn(move || {
                    let mut stream = stream;
                    let Ok(asked) = read(&mut stream) else { return };
                    let answer = {
                        let mut all = all.lock().unwrap();
                        all.push(asked.clone());
                        script(all.len() - 1, &asked)
                    };
                    // The client may have gone.
                    let _ = write(stream, answer);
                });
            }
        });
        Self { address, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Waits for so many requests, and that no more come for a moment.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Asked> {
        wait_for(&format!("{count} requests"), || {
            (self.asked().len() >= count).then_some(())
        });
        thread::sleep(Duration::from_millis(300));
        self.asked()
    }
}

fn read(stream: &mut TcpStream) -> io::Result<Asked> {
    let (mut bytes, mut block) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let asked = Asked {
                head: head.to_owned(),
                body: body.to_owned(),
                at: Instant::now(),
            };
            let length = asked
                .field("content-length")
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return Ok(asked);
            }
        }
        match stream.read(&mut block)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => bytes.extend_from_slice(&block[..count]),
        }
    }
}

fn write(mut stream: TcpStream, answer: Answer) -> io::Result<()> {
    match answer {
        Answer::Nothing => Ok(()),
        Answer::Whole(status, fields, body) => {
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n{fields}\r\n{body}"
            )
        }
        Answer::Endless(fields, body) => {
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nConnection: close\r\n{fields}\r\n{body}"
            )?;
            // Until the client goes.
            io::copy(&mut stream, &mut io::sink()).map(drop)
        }
    }
}
