//! Posts the messages one after the other over one connection.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use holdline_net::blocking::http::{Client, Error};

use super::server::Server;
use super::stamp::{self, Stamp};
use super::tally::Tally;
use crate::config::BenchArguments;
use crate::report::server_says;

pub(super) struct Publisher<'a> {
    address: SocketAddr,
    authority: &'a str,
    target: String,
    headers: Vec<(&'static str, String)>,
    http: Option<Client<TcpStream>>,
    run: u32,
    size: usize,
    /// Messages tried so far.
    number: u64,
    pub(super) published: u64,
    pub(super) failed: u64,
    /// What went wrong, and how often.
    pub(super) tally: Tally,
    /// When the first and the last message were sent.
    pub(super) first: u64,
    pub(super) last: u64,
}

impl<'a> Publisher<'a> {
    pub(super) fn new(
        server: &'a Server,
        arguments: &BenchArguments,
        run: u32,
    ) -> Result<Self, String> {
        let mut headers = vec![("Content-Type", "text/plain; charset=utf-8".to_owned())];
        if let Some(token) = &arguments.token {
            headers.push(("Authorization", format!("Bearer {}", token.read()?)));
        }
        Ok(Self {
            address: server.address,
            authority: server.authority(),
            target: server.target(),
            headers,
            http: None,
            run,
            size: arguments.size,
            number: 0,
            published: 0,
            failed: 0,
            tally: Tally::new()?,
            first: 0,
            last: 0,
        })
    }

    /// Connects and asks for the server's health. The answer does not matter.
    pub(super) fn warm_up(&mut self) -> Result<(), String> {
        let answered = self.exchange("GET", "/health", b"");
        answered.map_err(|error| format!("no server answers at {}: {error}", self.address))?;
        Ok(())
    }

    /// Posts the next message, and counts it if that fails.
    pub(super) fn publish(&mut self) {
        let stamp = Stamp {
            number: self.number,
            sent: stamp::now(),
        };
        self.number += 1;
        if stamp.number == 0 {
            self.first = stamp.sent;
        }
        self.last = stamp.sent;
        let text = stamp.text(self.run, self.size);
        let target = self.target.clone();
        let trouble = match self.exchange("POST", &target, text.as_bytes()) {
            Ok((200..=299, _)) => {
                self.published += 1;
                return;
            }
            Ok((status, body)) => server_says(status, &body),
            Err(error) => error.to_string(),
        };
        self.failed += 1;
        self.tally.trouble(&format!("not published: {trouble}"), 1);
    }

    fn exchange(
        &mut self,
        method: &str,
        target: &str,
        body: &[u8],
    ) -> Result<(u16, Vec<u8>), Error> {
        let mut http = match self.http.take() {
            Some(http) => http,
            None => {
                let stream = TcpStream::connect_timeout(&self.address, TIME)?;
                stream.set_nodelay(true)?;
                Client::new(stream, self.authority)
            }
        };
        http.set_timeout(Some(TIME));
        http.request(method, target, &self.headers, body)?;
        let status = http.read_response()?.status();
        let body = http.read_body(MAX_ANSWER)?;
        self.http = Some(http).filter(Client::is_reusable);
        Ok((status, body))
    }
}

const MAX_ANSWER: usize = 1 << 20;
/// The timeout for each step of a request.
const TIME: Duration = Duration::from_secs(30);
