//! The example `tls`, against servers over TLS with a certificate made here.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

use holdline_http1::ResponseBody;
use holdline_net::blocking::http::{Client, Server};
use holdline_net::blocking::websocket::WebSocket;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::examples::tls::{Tls, connect, listen, talk, trusting};
use crate::peer::{PATIENCE, SHORT};

type Served = StreamOwned<ServerConnection, TcpStream>;

/// A server over TLS for one connection: its address, and a client that trusts it.
fn serve(play: impl FnOnce(Served) + Send + 'static) -> (String, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate], key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let tcp = listener.accept().unwrap().0;
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        let session = ServerConnection::new(Arc::new(config)).unwrap();
        play(StreamOwned::new(session, tcp));
    });
    (address, trusting(roots))
}

#[test]
fn a_websocket_over_tls_sends_what_is_queued_while_it_is_read() {
    let (address, trust) = serve(|stream| {
        let mut websocket = WebSocket::accept(stream).unwrap();
        while let Some(message) = websocket.next_message().unwrap() {
            websocket.send(&message).unwrap();
        }
    });
    let websocket = connect(&format!("wss://{address}/"), trust).unwrap();
    let (sender, outgoing) = channel();
    sender.send("one".to_owned()).unwrap();
    let mut left = Some(sender);
    let mut seen = Vec::new();
    talk(websocket, &outgoing, |text| {
        seen.push(text.to_owned());
        // The second goes into the queue while the thread reads.
        match text {
            "one" => left.as_ref().unwrap().send("two".repeat(100_000)).unwrap(),
            _ => left = None,
        }
    })
    .unwrap();
    assert_eq!(seen, ["one".to_owned(), "two".repeat(100_000)]);
}

#[test]
fn an_event_stream_over_tls_is_read() {
    let (address, trust) = serve(|stream| {
        let mut http = Server::new(stream);
        http.read_request().unwrap().unwrap();
        let kind = [("Content-Type", "text/event-stream")];
        http.send_response(200, kind, ResponseBody::Streamed)
            .unwrap();
        http.send_data(b"data: one\n\ndata: two\n\n").unwrap();
        http.send_end().unwrap();
    });
    let mut seen = Vec::new();
    listen(&format!("https://{address}/"), trust, |text| {
        seen.push(text.to_owned())
    })
    .unwrap();
    assert_eq!(seen, ["one", "two"]);
}

#[test]
fn a_stranger_s_certificate_is_refused_at_once() {
    let (address, _) = serve(|mut stream| {
        // The client's alert.
        assert!(std::io::Read::read(&mut stream, &mut [0]).is_err());
    });
    let error = connect(
        &format!("wss://{address}/"),
        trusting(RootCertStore::empty()),
    );
    assert!(error.unwrap_err().to_string().contains("certificate"));
}

#[test]
fn a_413_in_the_middle_of_an_upload_is_read_over_tls() {
    let (over, is_over) = channel::<()>();
    let (address, trust) = serve(move |stream| {
        let mut http = Server::new(stream);
        http.read_request().unwrap().unwrap();
        http.respond(413, (), b"long").unwrap();
        is_over.recv_timeout(PATIENCE).unwrap();
    });
    let url = format!("https://{address}/").parse().unwrap();
    let tls = Tls::open(&url, &trust).unwrap();
    tls.tcp.set_write_timeout(Some(SHORT)).unwrap();
    let mut http = Client::new(tls, url.authority());
    http.request("POST", "/", (), &vec![b'x'; 16 << 20])
        .unwrap();
    assert_eq!(http.read_response().unwrap().status(), 413);
    assert_eq!(http.read_body(100).unwrap(), b"long");
    over.send(()).unwrap();
}
