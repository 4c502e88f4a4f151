//! `/explain` explains what is posted to it.

use crate::Server;

fn post(server: &Server, fields: &str, body: &str) -> String {
    let fields = format!(
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n{fields}",
        body.len()
    );
    server.ask("POST /explain", &fields, body)
}

#[test]
fn what_is_posted_is_explained_on_the_page() {
    let server = Server::start();
    let page = server.get("/explain");
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("<textarea") && page.ends_with("</html>\n"));
    // Else a browser says that the form comes from nowhere, which is refused.
    assert!(page.contains("Referrer-Policy: same-origin"), "{page}");
    let page = post(
        &server,
        "",
        "kind=auto&form=auto&bytes=81+85+37+fa+21+3d+7f+9f+4d+51+58&answer=",
    );
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    for words in [
        "Content-Security-Policy: default-src 'self'",
        "Cache-Control: no-store",
        "Read as WebSocket frames of a client",
        "text message of 5 bytes: &quot;Hello&quot;",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let page = post(&server, "", "bytes=");
    assert!(
        page.starts_with("HTTP/1.1 400") && page.contains("there are no bytes"),
        "{page}"
    );
}

#[test]
fn what_is_too_long_or_comes_from_another_site_is_refused() {
    let server = Server::start();
    let long = format!("bytes={}", "hello, ".repeat(10_000));
    let page = post(&server, "", &long);
    assert!(
        page.starts_with("HTTP/1.1 400") && page.contains("at most 65536"),
        "{page}"
    );
    let answer = server.ask("POST /explain", "Content-Length: 1000000\r\n", "");
    assert!(
        answer.starts_with("HTTP/1.1 413") && answer.contains("body_too_large"),
        "{answer}"
    );
    let answer = post(&server, "Origin: http://evil.example\r\n", "bytes=x");
    assert!(
        answer.starts_with("HTTP/1.1 403") && answer.contains("foreign_origin"),
        "{answer}"
    );
}
