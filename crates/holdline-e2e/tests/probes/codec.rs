//! The state of a connection, without sockets.

use bytes::BytesMut;
use holdline_e2e::probes::{Outcome, Probe, assert_none, judge, probes};
use holdline_http1::{Buffer, Event, ServerConfig, ServerConnection};

use crate::servers::status;

#[test]
fn codec() {
    passes(|_| usize::MAX, |probe| &probe.ours);
}

#[test]
fn codec_byte_by_byte() {
    passes(
        |length| if length < 10_000 { 1 } else { 997 },
        |probe| match &*probe.name {
            // The body comes after the head, so it is asked for.
            "Expect: 100-continue, with the body at once" => &probe.allowed[0],
            _ => &probe.ours,
        },
    );
}

fn passes(piece: fn(usize) -> usize, expected: fn(&Probe) -> &Outcome) {
    let probes = probes().unwrap();
    let failures: Vec<String> = probes
        .iter()
        .filter_map(|probe| {
            let bytes = probe.bytes();
            let mut server = Echo::new();
            for piece in bytes.chunks(piece(bytes.len())) {
                server.take(piece);
            }
            judge(probe, expected(probe), &server.finish(probe)).err()
        })
        .collect();
    assert_none(&failures, probes.len());
}

/// A server that sends back what it gets.
struct Echo {
    http: ServerConnection,
    buffer: Buffer,
    /// What is not taken yet.
    pending: Vec<u8>,
    status: u16,
    body: Vec<u8>,
    out: BytesMut,
    is_over: bool,
}

impl Echo {
    fn new() -> Self {
        let mut config = ServerConfig::default();
        config.limits.max_body = 1 << 20;
        Self {
            http: ServerConnection::new(config),
            buffer: Buffer::new(),
            pending: Vec::new(),
            status: 200,
            body: Vec::new(),
            out: BytesMut::new(),
            is_over: false,
        }
    }

    fn take(&mut self, piece: &[u8]) {
        self.pending.extend_from_slice(piece);
        while !self.is_over && self.step() {
            self.is_over = self.http.should_close();
        }
        self.http.poll_transmit(&mut self.out);
    }

    /// Whether there may be more.
    fn step(&mut self) -> bool {
        let mut input = &self.pending[..];
        let event = match self.http.receive(&mut input, &mut self.buffer) {
            Ok(event) => event,
            Err(error) => {
                self.refuse(error.status());
                return false;
            }
        };
        let mut is_complete = false;
        let more = match event {
            Some(Event::Data(data)) => {
                self.body.extend_from_slice(data);
                true
            }
            Some(Event::End { .. }) => {
                is_complete = true;
                true
            }
            Some(Event::Request { head, .. }) => {
                self.status = status(head.method());
                true
            }
            _ => false,
        };
        let taken = self.pending.len() - input.len();
        self.pending.drain(..taken);
        if is_complete {
            let body = std::mem::take(&mut self.body);
            let fields = [("Date", "Sun, 06 Nov 1994 08:49:37 GMT")];
            self.http
                .respond(self.status, fields, &body, &mut self.out)
                .unwrap();
        }
        more
    }

    fn refuse(&mut self, status: u16) {
        self.is_over = true;
        if self.http.can_respond() {
            self.http.respond(status, (), b"", &mut self.out).unwrap();
        }
    }

    fn finish(mut self, probe: &Probe) -> Vec<u8> {
        if probe.ends
            && !self.is_over
            && let Err(error) = self.http.receive_eof()
        {
            self.refuse(error.status());
        }
        self.out.to_vec()
    }
}
