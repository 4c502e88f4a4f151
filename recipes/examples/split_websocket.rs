//! A WebSocket for several threads: one reads, and any number send, also while the reader waits.
//!
//!     cargo run -p holdline-recipes --example split_websocket -- ws://127.0.0.1:9002/
//!
//! Each line that is typed is sent; what comes is printed. Pongs go out by themselves.

use std::io::BufRead;
use std::{env, io, thread};

use holdline_net::blocking::websocket::{Error, OwnedMessage, Reader, Sender, connect};
use holdline_websocket::{CloseCode, MaskKeys};

fn main() -> Result<(), Error> {
    let url = env::args().nth(1);
    let url = url.unwrap_or_else(|| "ws://127.0.0.1:9002/".into());
    let (reader, sender) = connect(&url)?.split()?;
    thread::spawn(move || {
        if let Err(error) = send_lines(&sender, io::stdin().lock()) {
            eprintln!("{error}");
        }
    });
    receive(reader, |text| println!("{text}"))
}

/// Says goodbye at the end of the input. The reader goes on until the peer has said so, too.
fn send_lines<K: MaskKeys>(sender: &Sender<K>, lines: impl BufRead) -> Result<(), Error> {
    for line in lines.lines() {
        sender.send_text(&line?)?;
    }
    sender.send_close(CloseCode::NORMAL, "")
}

fn receive<K: MaskKeys>(mut reader: Reader<K>, mut said: impl FnMut(&str)) -> Result<(), Error> {
    while let Some(message) = reader.next_message()? {
        match message {
            OwnedMessage::Text(text) => said(&text),
            OwnedMessage::Binary(data) => said(&format!("{} bytes", data.len())),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use holdline_net::blocking::websocket::WebSocket;

    use super::*;

    #[test]
    fn all_that_two_threads_send_comes_back_while_a_third_one_reads() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("ws://{}/", listener.local_addr().unwrap());
        let echo = thread::spawn(move || {
            let mut websocket = WebSocket::accept(listener.accept().unwrap().0).unwrap();
            while let Some(message) = websocket.next_message().unwrap() {
                websocket.send(&message).unwrap();
            }
        });
        let (reader, sender) = connect(&url).unwrap().split().unwrap();
        let long = "x".repeat(100_000);
        let mut came = Vec::new();
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                for _ in 0..20 {
                    sender.send_text(&long).unwrap();
                }
            });
            scope.spawn(|| {
                for _ in 0..20 {
                    sender.send_text("short").unwrap();
                }
                other.join().unwrap();
                send_lines(&sender, &b"one\ntwo\n"[..]).unwrap();
            });
            receive(reader, |text| came.push(text.to_owned())).unwrap();
        });
        echo.join().unwrap();
        assert_eq!(came.iter().filter(|text| **text == long).count(), 20);
        assert_eq!(came.iter().filter(|text| *text == "short").count(), 20);
        assert_eq!(came[40..], ["one", "two"]);
    }
}
