//! Connections that end in whatever state they are.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use rand::RngExt;

use crate::ground::{Ground, reset, with_host};
use crate::socket::{frame, handshake, header};

/// How a connection gets into a state: what is sent, and whether something is read before the end.
struct State {
    send: &'static [fn() -> Vec<u8>],
    reads: bool,
}

const STATES: &[State] = &[
    // Before a head, in it, after a whole one.
    State {
        send: &[],
        reads: false,
    },
    State {
        send: &[|| b"GET /hea".to_vec()],
        reads: false,
    },
    State {
        send: &[|| with_host("GET /health HTTP/1.1\r\nA: b")],
        reads: false,
    },
    State {
        send: &[|| with_host("GET / HTTP/1.1\r\n\r\n")],
        reads: false,
    },
    State {
        send: &[|| with_host("GET / HTTP/1.1\r\n\r\n").repeat(50)],
        reads: true,
    },
    // Before a body, in one, in a chunk, between chunks, in trailers, before the answer is read.
    State {
        send: &[|| post("Expect: 100-continue\r\nContent-Length: 9", "")],
        reads: true,
    },
    State {
        send: &[|| post("Content-Length: 90000", "half")],
        reads: false,
    },
    State {
        send: &[|| post("Content-Length: 90000", &"x".repeat(70_000))],
        reads: false,
    },
    State {
        send: &[|| post("Transfer-Encoding: chunked", "9\r\nhalf")],
        reads: false,
    },
    State {
        send: &[|| post("Transfer-Encoding: chunked", "4\r\nhalf\r\n")],
        reads: false,
    },
    State {
        send: &[|| post("Transfer-Encoding: chunked", "1\r\nx\r\n0\r\nA: b")],
        reads: false,
    },
    State {
        send: &[|| post("Content-Length: 4", "full")],
        reads: false,
    },
    // Refused at the head, and sent all the same.
    State {
        send: &[
            || post("Content-Length: 999999999", ""),
            || vec![b'x'; 1 << 20],
        ],
        reads: true,
    },
    // Held, and streaming.
    State {
        send: &[|| subscribe("long-poll")],
        reads: false,
    },
    State {
        send: &[|| subscribe("jsonp?callback=f")],
        reads: false,
    },
    State {
        send: &[|| subscribe("long-poll"), || subscribe("long-poll")],
        reads: false,
    },
    State {
        send: &[|| subscribe("sse")],
        reads: true,
    },
    State {
        send: &[|| subscribe("xhr-stream")],
        reads: true,
    },
    State {
        send: &[|| subscribe("iframe?callback=f")],
        reads: true,
    },
    State {
        send: &[|| subscribe("sse?since=earliest")],
        reads: false,
    },
    // In the upgrade, after it, in a frame, in a message, while closing.
    State {
        send: &[|| upgrade()[..90].to_vec()],
        reads: false,
    },
    State {
        send: &[upgrade],
        reads: false,
    },
    State {
        send: &[upgrade],
        reads: true,
    },
    State {
        send: &[upgrade, || vec![0x81]],
        reads: true,
    },
    State {
        send: &[upgrade, || header(0x81, 90_000), || vec![b'x'; 70_000]],
        reads: true,
    },
    State {
        send: &[upgrade, || frame(0x01, b"begun")],
        reads: true,
    },
    State {
        send: &[upgrade, || frame(0x81, b"whole").repeat(20)],
        reads: true,
    },
    State {
        send: &[upgrade, || frame(0x88, &1000_u16.to_be_bytes())],
        reads: false,
    },
    State {
        send: &[upgrade, || frame(0x88, b"")],
        reads: true,
    },
    State {
        send: &[upgrade, || frame(0x83, b"no such opcode")],
        reads: false,
    },
];

fn post(fields: &str, body: &str) -> Vec<u8> {
    with_host(&format!(
        "POST /channels/cut HTTP/1.1\r\n{fields}\r\n\r\n{body}"
    ))
}

fn subscribe(transport: &str) -> Vec<u8> {
    with_host(&format!("GET /channels/cut/{transport} HTTP/1.1\r\n\r\n"))
}

fn upgrade() -> Vec<u8> {
    handshake("/channels/cut/websocket", "").into_bytes()
}

/// Each state by each end: a reset, a close, half a close and then each of both.
pub(crate) fn everywhere(ground: &mut Ground) -> Result<()> {
    for _ in 0..4 * ground.scale {
        for state in STATES {
            for end in 0..4 {
                let mut stream = ground.connect()?;
                for send in state.send {
                    // It may have been closed meanwhile.
                    let _ = stream.write_all(&send());
                }
                if state.reads {
                    stream.set_read_timeout(Some(Duration::from_millis(300)))?;
                    // Any byte shows that the server has come so far; silence is an answer as well.
                    let _ = stream.read(&mut [0]);
                } else if ground.random.random_range(0..2) == 0 {
                    thread::sleep(Duration::from_millis(ground.random.random_range(0..3)));
                }
                leave(stream, end)?;
            }
        }
    }
    Ok(())
}

fn leave(stream: TcpStream, end: usize) -> Result<()> {
    if end >= 2 {
        // It may be closed already.
        let _ = stream.shutdown(Shutdown::Write);
        thread::sleep(Duration::from_millis(1));
    }
    if end.is_multiple_of(2) {
        reset(stream)?;
    }
    Ok(())
}
