//! `GET /` answered with `Hello, World!`, each server as its own documentation shows it.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;

use bytes::Bytes;
use holdline_http1::PreparedResponse;
use holdline_net::{ConnectionId, Handler, Output, Progress, Request, Responder};
use hyper::header::{CONTENT_TYPE, HeaderValue};

use crate::{ANY_PORT, announce, serve_holdline, serve_tokio};

pub(crate) fn holdline() -> io::Result<()> {
    let response = PreparedResponse::new(200, [("Content-Type", "text/plain")], HELLO);
    let response = response.map_err(io::Error::other)?;
    serve_holdline(|_| Hello(response.clone()))
}

/// It answers the same to everyone, as the others here do.
struct Hello(PreparedResponse);

impl Handler for Hello {
    type Stream = ();

    fn request(&mut self, _: &Request<'_>, responder: Responder<'_, ()>) {
        responder.respond_prepared(&mut self.0).expect("valid");
    }

    fn ready(&mut self, _: ConnectionId, (): &mut (), _: Output<'_>) -> Progress {
        Progress::Idle
    }
}

pub(crate) fn hyper() -> io::Result<()> {
    use hyper::{Response, server::conn::http1, service::service_fn};
    serve_tokio(async |listener| {
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let service = service_fn(async |_| {
                let body = http_body_util::Full::new(Bytes::from_static(HELLO));
                let mut response = Response::new(body);
                let kind = HeaderValue::from_static("text/plain");
                response.headers_mut().insert(CONTENT_TYPE, kind);
                Ok::<_, Infallible>(response)
            });
            let connection = http1::Builder::new()
                .pipeline_flush(true)
                .serve_connection(hyper_util::rt::TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    })
}

pub(crate) fn axum() -> io::Result<()> {
    use axum::{Router, routing::get, serve::ListenerExt};
    serve_tokio(async |listener| {
        let app = Router::new().route("/", get(async || "Hello, World!"));
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, app).await
    })
}

/// It serves with coroutines of its own, which are told to use one thread.
pub(crate) fn may_minihttp() -> io::Result<()> {
    use may_minihttp::{HttpServer, HttpService, Request, Response};

    #[derive(Clone)]
    struct Hello;

    impl HttpService for Hello {
        fn call(&mut self, _: Request<'_, '_, '_>, response: &mut Response<'_>) -> io::Result<()> {
            response.header("Content-Type: text/plain");
            response.body("Hello, World!");
            Ok(())
        }
    }

    may::config().set_workers(1);
    // It does not tell its port, so a free one is looked for first.
    let address = TcpListener::bind(ANY_PORT)?.local_addr()?;
    let server = HttpServer(Hello).start(address)?;
    announce(address)?;
    server.wait();
    Ok(())
}

/// One process without logs. It takes the place of this one, so that its time is counted as that of the others.
pub(crate) fn nginx() -> io::Result<()> {
    use std::{env, fs, os::unix::process::CommandExt, process::Command};

    let address = TcpListener::bind(ANY_PORT)?.local_addr()?;
    let folder = env::temp_dir().join("holdline-bench-nginx");
    fs::create_dir_all(&folder)?;
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {kind};\n"))
        .collect();
    let config = format!(
        "daemon off;\nmaster_process off;\npid pid;\nerror_log stderr crit;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\naccess_log off;\nkeepalive_requests 1000000000;\ndefault_type text/plain;\n{temporary}\
         server {{ listen {address}; location / {{ return 200 \"Hello, World!\"; }} }}\n}}\n"
    );
    fs::write(folder.join("nginx.conf"), config)?;
    announce(address)?;
    let mut nginx = Command::new("nginx");
    nginx
        .args(["-e", "stderr", "-c", "nginx.conf", "-p"])
        .arg(folder);
    Err(nginx.exec())
}

/// A file, since the answers that it can make without one come from its Ruby. One thread, no logs.
pub(crate) fn h2o() -> io::Result<()> {
    use std::{env, fs, os::unix::process::CommandExt, process::Command};

    let address = TcpListener::bind(ANY_PORT)?.local_addr()?;
    let folder = env::temp_dir().join("holdline-bench-h2o");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("index.txt"), HELLO)?;
    let config = format!(
        "num-threads: 1\nlisten:\n  host: {}\n  port: {}\nhosts:\n  default:\n    paths:\n      /:\n        \
         file.dir: {}\n        file.index: [index.txt]\n",
        address.ip(),
        address.port(),
        folder.display()
    );
    let path = folder.join("h2o.conf");
    fs::write(&path, config)?;
    announce(address)?;
    Err(Command::new("h2o").arg("-c").arg(path).exec())
}

const HELLO: &[u8] = b"Hello, World!";
