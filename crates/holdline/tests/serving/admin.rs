//! `--admin` and `--admin-token`.

use std::fs;

use crate::support::*;

#[test]
fn stats_and_metrics_are_there_and_only_there() {
    let arguments = [&LISTEN[..], &["--admin", "127.0.0.1:0"]].concat();
    let server = Server::spawn(&mut holdline("", &arguments), 2);
    assert!(
        server.lines[1].starts_with("Holdline is watched on http://127.0.0.1:"),
        "{:?}",
        server.lines
    );
    let admin = address_in(&server.lines[1]);
    for path in ["/stats", "/metrics"] {
        is(&get(connect(&admin), path, ""), 200);
        let elsewhere = get(server.connect(), path, "");
        is(&elsewhere, 404);
        assert!(elsewhere.contains("--admin"), "{elsewhere}");
    }
    is(&get(server.connect(), "/stats/sse", ""), 404);
    is(&get(server.connect(), "/health", ""), 200);
    is(&get(connect(&admin), "/health", ""), 200);
    for path in ["/", "/channels/a/poll", "/echo", "/holdline.js"] {
        is(&get(connect(&admin), path, ""), 404);
    }
    is(
        &request(connect(&admin), "POST", "/channels/a", "", "x"),
        404,
    );
}

/// Without the option, nothing changes.
#[test]
fn without_it_the_server_is_watched_where_it_serves() {
    let server = Server::start(&[]);
    for path in ["/stats", "/metrics", "/health"] {
        is(&get(server.connect(), path, ""), 200);
    }
}

#[test]
fn a_full_server_can_be_watched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin");
    let admin = format!("unix:{}", path.display());
    let arguments = [&LISTEN[..], &["--admin", &admin, "--max-connections", "1"]].concat();
    let server = Server::spawn(&mut holdline("", &arguments), 2);
    let mut first = server.connect();
    websocket(&mut first, "/channels/a/websocket");
    is(&get(server.connect(), "/channels/a/poll", ""), 503);
    // More silent connections than the reserve has room for.
    let _silent: Vec<_> = (0..300).map(|_| server.connect()).collect();
    for path_of in ["/health", "/stats", "/metrics"] {
        is(&get(connect_unix(&path), path_of, ""), 200);
    }
}

#[test]
fn no_page_may_read_what_is_watched_and_no_made_up_name_leads_there() {
    let arguments = [
        &LISTEN[..],
        &["--admin", "127.0.0.1:0", "--allow-origin", "*"],
    ]
    .concat();
    let server = Server::spawn(&mut holdline("", &arguments), 2);
    let admin = address_in(&server.lines[1]);
    for origin in ["https://page.example", &*format!("http://{admin}")] {
        let fields = format!("Host: {admin}\r\nOrigin: {origin}\r\n");
        for method in ["GET", "OPTIONS"] {
            let answer = request(connect(&admin), method, "/stats", &fields, "");
            assert!(!answer.contains("Access-Control"), "{answer}");
        }
        let mut stream = connect(&admin);
        let head = format!("GET /stats/sse HTTP/1.1\r\n{fields}\r\n");
        std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
        let answer = read_until(&mut stream, "\r\n\r\n");
        is(&answer, 200);
        assert!(!answer.contains("Access-Control"), "{answer}");
    }
    is(
        &get(connect(&admin), "/stats", "Host: rebound.example\r\n"),
        403,
    );
}

#[test]
fn an_admin_address_that_others_can_reach_needs_a_token() {
    let refused = ends("", &[&LISTEN[..], &["--admin", "0.0.0.0:0"]].concat());
    assert_eq!(refused.status.code(), Some(1));
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(
        why.contains("--admin-token") && why.contains("loopback"),
        "{why}"
    );

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, "open-sesame\n").unwrap();
    let token = format!("@{}", file.display());
    // The token is required on a loopback address, too, which is where the tests listen.
    let options = ["--admin", "127.0.0.1:0", "--admin-token", &token];
    let arguments = [&LISTEN[..], &options].concat();
    let server = Server::spawn(&mut holdline("", &arguments), 2);
    let admin = address_in(&server.lines[1]);
    for fields in [
        "",
        "Authorization: Bearer open-sesam\r\n",
        "Authorization: Bearer open-sesamee\r\n",
        "Authorization: Basic open-sesame\r\n",
    ] {
        for path in ["/stats", "/metrics", "/stats/sse"] {
            let answer = get(connect(&admin), path, fields);
            is(&answer, 401);
            assert!(answer.contains("WWW-Authenticate: Bearer"), "{answer}");
        }
    }
    is(&get(connect(&admin), "/health", ""), 200);
    let shown = "Authorization: Bearer open-sesame\r\n";
    is(&get(connect(&admin), "/stats", shown), 200);
    is(&get(connect(&admin), "/metrics", shown), 200);
}
