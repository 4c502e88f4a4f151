#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;

use tokio::net::TcpListener;

/// For the tests of the recipes: serves on a thread of its own, at a free port of the loopback interface.
///
/// # Errors
/// The server ended before it listened.
pub fn start<S, F>(serve: S) -> io::Result<SocketAddr>
where
    S: FnOnce(TcpListener) -> F + Send + 'static,
    F: Future<Output = io::Result<()>>,
{
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            sender
                .send(listener.local_addr()?)
                .map_err(io::Error::other)?;
            serve(listener).await
        })
    });
    receiver.recv().map_err(io::Error::other)
}
