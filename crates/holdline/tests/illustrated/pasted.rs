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
    let answer = server.ask("POST /explain", "Content-Length: 2000000\r\n", "");
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

/// A browser without a script shows what it gets.
#[test]
fn a_browser_whose_form_is_refused_gets_the_page_with_the_reason() {
    let server = Server::start();
    let browser = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n";
    let too_long = format!("Content-Length: 2000000\r\n{browser}");
    let foreign = format!("Origin: http://evil.example\r\n{browser}");
    for (answer, status, words) in [
        (
            server.ask("POST /explain", &too_long, ""),
            413,
            "the body may have at most 1048576 bytes",
        ),
        (
            post(&server, &foreign, "bytes=x"),
            403,
            "pages of this origin may not do this",
        ),
    ] {
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        assert!(answer.contains("Content-Type: text/html"), "{answer}");
        let (_, problem) = answer.split_once("id=\"problem\"").expect(&answer);
        assert!(problem.contains(words), "{problem}");
        assert!(
            answer.contains("<textarea") && answer.ends_with("</html>\n"),
            "{answer}"
        );
    }
    // Elsewhere an error is JSON for everybody.
    let answer = server.ask("POST /channels/a", &foreign, "");
    assert!(
        answer.contains("Content-Type: application/json"),
        "{answer}"
    );
}
