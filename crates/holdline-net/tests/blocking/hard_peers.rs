//! Each client of ten lines against each kind of hard server: it gets the right answer, or an error that says
//! what is wrong, within its deadline.

use std::error::Error;
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use holdline_net::blocking::event_source::{EventSource, Update};
use holdline_net::blocking::http::Client;
use holdline_net::blocking::websocket::{Options, WebSocket};
use holdline_net::blocking::{Tcp, Url};
use holdline_sse::Config;
use holdline_websocket::AcceptKey;

use crate::peer::{PATIENCE, peer, read_head, read_to_end, reset, trickle};

/// A whole call may take so long, however the bytes come.
const CALL: Duration = Duration::from_secs(3);
/// A read or write may wait so long, which is enough for a slow machine.
const WAIT: Duration = Duration::from_secs(2);

fn tcp() -> Tcp {
    Tcp {
        read_timeout: Some(WAIT),
        write_timeout: Some(WAIT),
        ..Tcp::default()
    }
}

fn http(address: &str) -> Result<String, Box<dyn Error>> {
    let url: Url = format!("http://{address}/").parse()?;
    let mut http = Client::new(tcp().connect(&url)?, url.authority());
    http.set_timeout(Some(CALL));
    http.request("POST", "/", (), &vec![b'x'; 8 << 20])?;
    let response = http.read_response()?;
    let body = http.read_body(1000)?;
    Ok(format!(
        "{} {}",
        response.status(),
        String::from_utf8_lossy(&body)
    ))
}

fn source(address: &str) -> Result<String, Box<dyn Error>> {
    let config = Config::post_json(format!("http://{address}/"), vec![b'x'; 8 << 20]);
    let mut source = EventSource::tcp(config, tcp())?;
    source.set_silence_limit(Some(CALL));
    loop {
        match source.read()? {
            Some(Update::Event(event)) => return Ok(event.data.to_owned()),
            Some(_) => {}
            None => return Ok("the end".to_owned()),
        }
    }
}

fn socket(address: &str) -> Result<String, Box<dyn Error>> {
    let url: Url = format!("ws://{address}/").parse()?;
    let mut options = Options::default();
    options.handshake_timeout = CALL;
    let stream = tcp().connect(&url)?;
    let mut websocket = WebSocket::connect_with(stream, url.authority(), "/", (), &[], options)?;
    Ok(format!("{:?}", websocket.read()?))
}

const REFUSAL: &[u8] =
    b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlong";

fn answers_early(mut stream: TcpStream) {
    read_head(&mut stream);
    stream.write_all(REFUSAL).unwrap();
    // It reads no more, and waits until the client is done.
    thread::sleep(WAIT);
}

fn answers_unasked(mut stream: TcpStream) {
    stream.write_all(REFUSAL).unwrap();
    read_to_end(&mut stream);
}

fn talks_nonsense(mut stream: TcpStream) {
    stream.write_all(b"220 mail.example ESMTP\r\n").unwrap();
    read_to_end(&mut stream);
}

fn stalls(mut stream: TcpStream) {
    read_head(&mut stream);
    read_to_end(&mut stream);
}

fn half_closes(mut stream: TcpStream) {
    read_head(&mut stream);
    stream.shutdown(Shutdown::Write).unwrap();
    read_to_end(&mut stream);
}

fn resets(mut stream: TcpStream) {
    read_head(&mut stream);
    reset(stream);
}

fn trickles_the_head(mut stream: TcpStream) {
    read_head(&mut stream);
    let mut sending = stream.try_clone().unwrap();
    let reading = thread::spawn(move || read_to_end(&mut stream));
    // It can fail only when the client has gone.
    sending.write_all(b"HTTP/1.1 403 No\r\nX: ").ok();
    trickle(&mut sending, b'x');
    reading.join().unwrap();
}

fn trickles_the_body(mut stream: TcpStream) {
    read_head(&mut stream);
    let mut sending = stream.try_clone().unwrap();
    let reading = thread::spawn(move || read_to_end(&mut stream));
    sending
        .write_all(b"HTTP/1.1 403 No\r\nContent-Length: 900\r\n\r\nno")
        .ok();
    trickle(&mut sending, b'.');
    reading.join().unwrap();
}

fn compresses(mut stream: TcpStream) {
    let head = read_head(&mut stream);
    let key = head
        .lines()
        .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    match key {
        Some(key) => {
            let accept = AcceptKey::new(key.as_bytes());
            let answer = format!(
                "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).unwrap();
            // RSV1, though no compression was agreed on.
            stream
                .write_all(b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00")
                .unwrap();
        }
        None => stream
            .write_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\
                  Content-Length: 4\r\n\r\n\x1f\x8bzz",
            )
            .unwrap(),
    }
    read_to_end(&mut stream);
}

type Run = fn(&str) -> Result<String, Box<dyn Error>>;
type Play = fn(TcpStream);

/// What the server does, and a part of what each client makes of it.
const TABLE: [(&str, Play, [&str; 3]); 9] = [
    ("answers early", answers_early, ["413 long", "413", "413"]),
    (
        "answers unasked",
        answers_unasked,
        ["413 long", "413", "413"],
    ),
    ("talks nonsense", talks_nonsense, ["broke a rule"; 3]),
    ("stalls", stalls, ["no answer within "; 3]),
    ("half-closes", half_closes, ["ended before the response"; 3]),
    ("resets", resets, ["the connection failed"; 3]),
    (
        "trickles the head",
        trickles_the_head,
        ["no answer within 3 s"; 3],
    ),
    (
        "trickles the body",
        trickles_the_body,
        ["no answer within 3 s", "403", "403"],
    ),
    (
        "compresses",
        compresses,
        ["200 \u{1f}\u{fffd}zz", "encoded", "reserved"],
    ),
];

#[test]
fn every_client_gets_a_right_answer_or_a_clear_error_from_every_server() {
    let clients: [(&str, Run); 3] = [("http", http), ("source", source), ("socket", socket)];
    let (sender, outcomes) = channel();
    let mut playing = Vec::new();
    let mut expected = Vec::new();
    for (server, play, parts) in TABLE {
        for ((client, run), part) in clients.into_iter().zip(parts) {
            let (address, thread) = peer(play);
            playing.push(thread);
            expected.push((format!("{client}: {server}"), part));
            let sender = sender.clone();
            let name = format!("{client}: {server}");
            thread::spawn(move || {
                let outcome = run(&address).unwrap_or_else(|error| error.to_string());
                sender.send((name, outcome)).unwrap();
            });
        }
    }
    let mut faults = Vec::new();
    for _ in 0..expected.len() {
        let (name, outcome) = outcomes.recv_timeout(PATIENCE).expect("a client hangs");
        let (_, part) = expected.iter().find(|(found, _)| *found == name).unwrap();
        if !outcome.contains(part)
            || outcome.contains("answer 4")
            || outcome.contains("unavailable")
        {
            faults.push(format!("{name}: {outcome:?} instead of {part:?}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    playing
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
}
