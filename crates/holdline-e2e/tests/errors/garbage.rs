//! Whatever comes, what goes out is HTTP, errors are JSON, and the server lives.

use std::io::{ErrorKind, Read};
use std::net::Shutdown;
use std::thread;

use holdline_e2e::{Client, Response, Server, garbage, mutated};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{check_date, check_error, check_health};

/// Whatever comes, what goes out is HTTP, errors are JSON, and the server lives.
#[test]
fn garbage_and_mutated_requests() {
    let server = Server::start(&[]).unwrap();
    thread::scope(|scope| {
        for seed in 0..4 {
            let server = &server;
            scope.spawn(move || {
                let mut random = StdRng::seed_from_u64(seed);
                for round in 0..250 {
                    let bytes = if round % 5 == 0 {
                        garbage(&mut random)
                    } else {
                        mutated(&mut random)
                    };
                    send_anything(server, &mut random, &bytes);
                }
            });
        }
    });
    check_health(&server);
}

fn send_anything(server: &Server, random: &mut StdRng, bytes: &[u8]) {
    let mut client = Client::connect(server.address()).unwrap();
    let cut = random.random_range(0..=bytes.len());
    for piece in [&bytes[..cut], &bytes[cut..]] {
        // It may have been closed meanwhile.
        let _ = client.send(piece);
    }
    let _ = client.socket().shutdown(Shutdown::Write);
    let shown = String::from_utf8_lossy(bytes).into_owned();
    loop {
        // What it was an answer to, only the server knows: a mutation can make `HEAD` as well.
        let head = match client.head() {
            Ok(None) => return,
            Ok(Some(head)) => head,
            Err(error) => panic!("{error} after {shown:?}"),
        };
        match head.status {
            101 => return drop(client.rest()),
            100 => continue,
            _ => check_date(&head),
        }
        let mut body = Vec::new();
        let read = client
            .body(&head, "GET")
            .and_then(|mut it| it.read_to_end(&mut body));
        match read {
            Ok(_) if head.status >= 400 => check_error(&shown, &Response { head, body }),
            Ok(_) => {}
            // A stream whose client has left.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return,
            Err(error) => panic!("{error} after {shown:?}"),
        }
    }
}
