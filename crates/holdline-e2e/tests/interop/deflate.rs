//! yawc, which compresses.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::SinkExt;
use holdline_e2e::{CutProxy, LIMIT, testsuite_client};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use yawc::close::CloseCode;
use yawc::{Frame, OpCode, Options, WebSocket};

use super::{Echo, messages};

#[tokio::test]
async fn client_with_the_program() {
    client(Echo::program()).await;
}

#[tokio::test]
async fn client_with_the_blocking_server() {
    client(Echo::blocking()).await;
}

async fn client(server: Echo) {
    // Nothing tells whether yawc agreed on compression, but the number of bytes does.
    let proxy = CutProxy::start(server.address).unwrap();
    let url = format!("ws://{}{}", proxy.address(), server.path);
    let socket = WebSocket::connect(url.parse().unwrap())
        .with_options(options())
        .await
        .unwrap();
    let sent = exchange_all(socket, "a client of yawc").await;
    assert_compressed(proxy.bytes(), sent);
}

#[tokio::test]
async fn server_with_the_blocking_client() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (done, mut results) = unbounded_channel();
    let router = Router::new().fallback(suite).with_state(done);
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let proxy = CutProxy::start(address).unwrap();
    let mut client = testsuite_client(proxy.address(), "e2e").unwrap();
    let sent = tokio::time::timeout(LIMIT, results.recv()).await.unwrap();
    let status = tokio::task::spawn_blocking(move || client.wait("the client to end").unwrap());
    assert!(status.await.unwrap().success());
    assert_compressed(proxy.bytes(), sent.unwrap());
    serving.abort();
}

/// The server of a test suite with one case.
async fn suite(State(done): State<UnboundedSender<usize>>, mut request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let (response, upgrade) = WebSocket::upgrade_with_options(&mut request, options()).unwrap();
    tokio::spawn(async move {
        let mut socket = upgrade.await.unwrap();
        match path.as_str() {
            "/getCaseCount" => {
                socket.send(Frame::text("1")).await.unwrap();
                close(socket).await;
            }
            "/runCase" => {
                let sent = exchange_all(socket, "a server of yawc").await;
                done.send(sent).unwrap();
            }
            _ => close(socket).await,
        }
    });
    response.map(Body::new)
}

fn options() -> Options {
    Options::default()
        .with_limits(17 << 20, 34 << 20)
        .with_low_latency_compression()
        .with_utf8()
        .with_no_delay()
}

/// Returns how many bytes the messages had.
async fn exchange_all<S>(socket: WebSocket<S>, role: &str) -> usize
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut socket = socket.into_streaming();
    let mut sent = 0;
    for message in messages(role) {
        sent += message.data.len();
        let fragments = message.fragments();
        for (at, fragment) in fragments.iter().enumerate() {
            let frame = match (at, message.is_text) {
                (0, true) => Frame::text(fragment.to_vec()),
                (0, false) => Frame::binary(fragment.to_vec()),
                _ => Frame::continuation(fragment.to_vec()),
            };
            let frame = frame.with_fin(at + 1 == fragments.len());
            socket.send(frame).await.unwrap();
        }
        let mut is_text = None;
        let mut data = Vec::new();
        loop {
            let frame = tokio::time::timeout(LIMIT, socket.next_frame()).await;
            let (opcode, last, payload) = frame.unwrap().unwrap().into_parts();
            match opcode {
                OpCode::Text => is_text = Some(true),
                OpCode::Binary => is_text = Some(false),
                OpCode::Continuation => {}
                other => panic!("{other:?}"),
            }
            data.extend_from_slice(&payload);
            if last {
                break;
            }
        }
        message.check(is_text.unwrap(), &data);
    }
    socket
        .send(Frame::close(CloseCode::Normal, ""))
        .await
        .unwrap();
    let answer = tokio::time::timeout(LIMIT, socket.next_frame()).await;
    let answer = answer.unwrap().unwrap();
    assert_eq!(answer.close_code(), Some(CloseCode::Normal));
    sent
}

async fn close<S>(mut socket: WebSocket<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    socket
        .send(Frame::close(CloseCode::Normal, ""))
        .await
        .unwrap();
    let _ = socket.next_frame().await;
}

/// Three quarters of what is sent can be compressed to nearly nothing, and it passes twice.
fn assert_compressed(bytes: u64, sent: usize) {
    let plain = 2 * sent as u64;
    assert!(
        bytes < plain / 2,
        "{bytes} bytes for {plain} of payload: nothing was compressed"
    );
}
