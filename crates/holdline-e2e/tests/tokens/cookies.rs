//! One token a request, and when the browser's own counts.

use super::{UPGRADE, ask, code, sign, start, status};

#[test]
fn a_request_shows_one_token_and_a_bad_one_is_never_followed_by_the_next() {
    let server = start(&["--anonymous-subscribe", "open"]);
    let good = sign(&["--subscribe", "a"]);
    let header = format!("Authorization: Bearer {good}\r\n");
    let cookie = format!("Cookie: holdline_token={good}\r\n");
    let bad = "Authorization: Bearer x\r\n";
    let query = format!("?token={good}");
    let host = format!("Cookie: __Host-holdline_token={good}\r\n");
    for (query, fields, expected) in [
        ("", header.clone(), 200),
        ("", format!("Authorization:  bEaReR   {good}  \r\n"), 200),
        (query.as_str(), String::new(), 200),
        ("", cookie.clone(), 200),
        ("", host.clone(), 200),
        (
            "",
            format!("Cookie: a=b; holdline_token={good}; c=d\r\n"),
            200,
        ),
        (
            "",
            format!("Cookie: a=b\r\nCookie: holdline_token={good}\r\n"),
            200,
        ),
        // In several places: the first in line counts, for good and bad.
        ("?token=x", header.clone(), 200),
        (
            "?token=x",
            format!("{header}Cookie: holdline_token=x\r\n"),
            200,
        ),
        (
            &query,
            "Cookie: holdline_token=x; holdline_token=y\r\n".to_owned(),
            200,
        ),
        (&query, bad.to_owned(), 401),
        (&query, "Authorization: Bearer\r\n".to_owned(), 401),
        (&query, "Authorization: \r\n".to_owned(), 401),
        ("", format!("{bad}{cookie}"), 401),
        ("?token=x", cookie.clone(), 401),
        ("?token=", cookie.clone(), 401),
        (
            "",
            format!("Cookie: __Host-holdline_token=x; holdline_token={good}\r\n"),
            401,
        ),
        (
            "",
            format!("Cookie: __Host-holdline_token={good}; holdline_token=x\r\n"),
            200,
        ),
        ("", format!("Authorization: Bearer {good} {good}\r\n"), 401),
        ("", format!("Authorization: Bearer {good},{good}\r\n"), 401),
        ("", format!("Authorization: {good}\r\n"), 401),
        // What a proxy in front asks for is no token.
        ("", format!("Authorization: Basic dTpw\r\n{cookie}"), 200),
        (&query, "Authorization: Basic dTpw\r\n".to_owned(), 200),
        ("", "Authorization: Basic dTpw\r\n".to_owned(), 401),
        // Twice is once too often, whether good or bad.
        ("", format!("{header}{header}"), 400),
        ("", format!("{header}Authorization: Basic dTpw\r\n"), 400),
        (
            "",
            format!("Cookie: holdline_token={good}; holdline_token={good}\r\n"),
            400,
        ),
        ("", format!("{cookie}{cookie}"), 400),
        ("", format!("{host}{host}"), 400),
        (&format!("{query}&token={good}"), String::new(), 400),
        (&format!("?Token={good}"), String::new(), 400),
        // A cookie has its very name.
        ("", format!("Cookie: Holdline_token={good}\r\n"), 401),
        ("", format!("Cookie: xholdline_token={good}\r\n"), 401),
        ("", format!("Cookie: holdline_token=\"{good}\"\r\n"), 401),
        ("", format!("Cookie: holdline_token={good} x\r\n"), 401),
    ] {
        let line = format!("GET /channels/a/poll{query}");
        let answer = ask(&server, &line, &fields);
        assert_eq!(
            answer.head.status, expected,
            "{line} {fields:?}: {answer:?}"
        );
        // No bad token is taken for none.
        if expected != 200 && !fields.contains("Basic") && !fields.contains("oken=e") {
            let line = format!("GET /channels/open/poll{query}");
            let got = status(&server, &line, &fields);
            assert!(
                got == expected || fields.starts_with("Authorization: ey"),
                "{fields:?}: {got}"
            );
        }
    }
}

#[test]
fn a_cookie_is_taken_from_our_own_pages_and_those_allowed_by_name() {
    let server = start(&["--allow-origin", "https://app.example"]);
    let star = start(&["--allow-origin", "*"]);
    let token = sign(&["--subscribe", "a", "--publish", "a"]);
    let cookie = format!("Cookie: holdline_token={token}\r\n");
    let own = format!("Origin: http://{}\r\n", server.address());
    for (fields, expected) in [
        ("", 200),
        (&*own, 200),
        ("Origin: https://app.example\r\n", 200),
        ("Origin: https://evil.example\r\n", 403),
        ("Origin: null\r\n", 403),
        ("Sec-Fetch-Site: same-origin\r\n", 200),
        ("Sec-Fetch-Site: none\r\n", 200),
        ("Sec-Fetch-Site: same-site\r\n", 403),
        ("Sec-Fetch-Site: cross-site\r\n", 403),
        ("Sec-Fetch-Site: \r\n", 403),
        (
            "Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n",
            403,
        ),
        (
            "Origin: https://app.example\r\nSec-Fetch-Site: cross-site\r\n",
            403,
        ),
        (
            "Origin: https://app.example\r\nSec-Fetch-Site: same-site\r\n",
            403,
        ),
    ] {
        for line in [
            "GET /channels/a/poll",
            "GET /channels/a/sse",
            "GET /channels/a/presence",
        ] {
            let all = format!("{cookie}{fields}");
            assert_eq!(status(&server, line, &all), expected, "{line} {fields:?}");
        }
        let post = format!("{cookie}{fields}Content-Length: 2\r\n\r\nhi");
        assert_eq!(
            status(&server, "POST /channels/a", &post),
            expected,
            "{fields:?}"
        );
        let socket = format!("{cookie}{fields}{UPGRADE}");
        let upgraded = if expected == 200 { 101 } else { expected };
        assert_eq!(
            status(&server, "GET /channels/a/websocket", &socket),
            upgraded,
            "{fields:?}"
        );
        // A token that a page has on purpose is another matter.
        if !fields.contains("evil") && !fields.contains("null") {
            let shown = format!("Authorization: Bearer {token}\r\n{fields}");
            assert_eq!(
                status(&server, "GET /channels/a/poll", &shown),
                200,
                "{fields:?}"
            );
        }
    }
    let any = format!("{cookie}Origin: https://app.example\r\n");
    let answer = ask(&star, "GET /channels/a/poll", &any);
    assert_eq!(
        (answer.head.status, code(&answer).as_str()),
        (403, "foreign_origin")
    );
}

#[test]
fn scripts_and_frames_take_a_token_of_the_query_and_never_a_cookie() {
    let server = start(&[]);
    let token = sign(&["--subscribe", "a"]);
    let cookie = format!("Cookie: __Host-holdline_token={token}; holdline_token={token}\r\n");
    let other = "Sec-Fetch-Site: cross-site\r\nReferer: https://evil.example/\r\n";
    for line in [
        "GET /channels/a/jsonp?callback=f&wait=0",
        "GET /channels/a/iframe?callback=f",
    ] {
        let with_token = format!("{line}&token={token}");
        for (line, fields, expected) in [
            (line, cookie.as_str(), 401),
            (
                line,
                &format!("{cookie}Sec-Fetch-Site: same-origin\r\n"),
                401,
            ),
            (line, other, 403),
            (line, &format!("{cookie}{other}"), 403),
            (&with_token, "", 200),
            (&with_token, "Sec-Fetch-Site: same-origin\r\n", 200),
            (&with_token, other, 200),
            (&with_token, "Sec-Fetch-Site: same-site\r\n", 200),
            (&format!("{line}&token=x"), other, 401),
            // A header is no part of what a page of another site was given.
            (
                line,
                &format!("{other}Authorization: Bearer {token}\r\n"),
                403,
            ),
        ] {
            assert_eq!(status(&server, line, fields), expected, "{line} {fields:?}");
        }
    }
    let answer = ask(
        &server,
        &format!("GET /channels/a/jsonp?callback=f&wait=0&token={token}"),
        other,
    );
    assert_eq!(
        answer.head.get("Cross-Origin-Resource-Policy"),
        None,
        "{answer:?}"
    );
    assert_eq!(answer.head.get("Referrer-Policy"), Some("no-referrer"));
    let answer = ask(&server, &format!("GET /channels/a/poll?token={token}"), "");
    assert_eq!(
        answer.head.get("Cross-Origin-Resource-Policy"),
        Some("same-origin")
    );
    // Where there are no tokens, what stands for one in the query opens nothing.
    let open = holdline_e2e::Server::start(&[]).unwrap();
    let line = format!("GET /channels/a/jsonp?callback=f&wait=0&token={token}");
    assert_eq!(status(&open, &line, other), 403);
}
