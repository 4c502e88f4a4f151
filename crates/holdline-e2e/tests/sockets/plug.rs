//! A client of a plug-in socket that knows nothing of this program, and a server for it.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;

use holdline_e2e::{Client, LIMIT, Server, narrow};
use serde_json::Value;

/// A server with plug-in sockets, and their address.
pub(crate) fn start(more: &[&str]) -> (Server, String) {
    let options = [&["--socket-listen", "127.0.0.1:0"], more].concat();
    let server = Server::start(&options).unwrap();
    let about = get(&server, "/channels/x");
    let url = about["transports"]["socket"].as_str().unwrap();
    let address = url.strip_prefix("tcp://").unwrap().to_owned();
    (server, address)
}

pub(crate) fn get(server: &Server, target: &str) -> Value {
    let mut client = Client::connect(server.address()).unwrap();
    let host = server.address();
    client
        .send(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
        .unwrap();
    client.answer("GET").unwrap().json().unwrap()
}

pub(crate) struct Plug {
    pub(crate) stream: TcpStream,
    pub(crate) reader: BufReader<TcpStream>,
}

impl Plug {
    pub(crate) fn connect(address: &str) -> Self {
        let stream = narrow(address.parse().unwrap(), 64 * 1024).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        Self { stream, reader }
    }

    /// A subscriber that was let in.
    pub(crate) fn open(address: &str, first: &Value) -> Self {
        let mut plug = Self::connect(address);
        plug.say(first);
        assert_eq!(plug.read()["event"], "holdline.open");
        plug
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub(crate) fn say(&mut self, message: &Value) {
        self.send(format!("{message}\0").as_bytes());
    }

    pub(crate) fn until_nul(&mut self) -> String {
        let mut got = Vec::new();
        self.reader.read_until(0, &mut got).unwrap();
        assert_eq!(got.pop(), Some(0), "it was closed");
        String::from_utf8(got).unwrap()
    }

    pub(crate) fn read(&mut self) -> Value {
        serde_json::from_str(&self.until_nul()).unwrap()
    }

    /// What comes until the server closes.
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        match self.reader.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
        String::from_utf8(rest).unwrap()
    }

    /// The error that is the last that the server says.
    pub(crate) fn refusal(&mut self) -> Value {
        let rest = self.rest();
        let last = rest.strip_suffix('\0').unwrap().rsplit('\0').next();
        let last: Value = serde_json::from_str(last.unwrap()).unwrap();
        assert_eq!(last["event"], "holdline.error");
        last
    }

    /// Its code.
    pub(crate) fn refused(&mut self) -> String {
        let refusal = self.refusal();
        refusal["error"]["code"].as_str().unwrap().to_owned()
    }
}
