//! The program, the event loop, and the blocking server.

use std::net::TcpListener;
use std::thread;

use holdline_e2e::Server;
use holdline_e2e::probes::{Probe, assert_none, probes, test};
use holdline_http1::ServerConfig;
use holdline_net::blocking::http;
use holdline_net::{Config, ConnectionId, Handler, Output, Progress, Request, Responder};

#[test]
fn program() {
    let server = Server::start(&["--heartbeat", "1h"]).unwrap();
    let probes = probes().unwrap();
    let failures = test(server.address(), &probes, Probe::program);
    assert_none(&failures, probes.len());
}

/// Every method is fine, but there are no tunnels.
pub(crate) fn status(method: &str) -> u16 {
    if method == "CONNECT" { 405 } else { 200 }
}

/// Sends back every body.
struct Echo;

impl Handler for Echo {
    type Stream = ();

    fn request(&mut self, request: &Request<'_>, responder: Responder<'_, ()>) {
        let status = status(request.head.method());
        // A connection that breaks is the client's affair.
        let _ = responder.respond(status, (), request.body);
    }

    fn ready(&mut self, _: ConnectionId, (): &mut (), _: Output<'_>) -> Progress {
        Progress::Idle
    }
}

#[test]
fn event_loop() {
    let server = holdline_net::Server::bind("127.0.0.1:0".parse().unwrap(), Config::default());
    let server = server.unwrap();
    let address = server.local_addr().unwrap();
    let handle = server.handle();
    let running = thread::spawn(move || server.run(|_| Echo).unwrap());
    let probes = probes().unwrap();
    let failures = test(address, &probes, |probe| &probe.ours);
    handle.stop();
    running.join().unwrap();
    assert_none(&failures, probes.len());
}

#[test]
fn blocking_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let mut config = ServerConfig::default();
                config.limits.max_body = 1 << 20;
                let mut server = http::Server::with_config(stream, config);
                if let Err(error) = answer(&mut server) {
                    // The client is told what was wrong, and the connection ends.
                    let _ = server.refuse(&error);
                }
            });
        }
    });
    let probes = probes().unwrap();
    let failures = test(address, &probes, |probe| &probe.ours);
    assert_none(&failures, probes.len());
}

fn answer(server: &mut http::Server<std::net::TcpStream>) -> Result<(), http::Error> {
    while let Some(request) = server.read_request()? {
        let body = server.read_body(1 << 20)?;
        server.respond(status(request.as_ref().method()), (), &body)?;
    }
    Ok(())
}
