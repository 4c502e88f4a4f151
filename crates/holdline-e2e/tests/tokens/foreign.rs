//! Tokens of somebody else's library, and ours read by it: PyJWT, for Debian's Python.

use std::process::Command;

use serde_json::{Value, json};

use super::{KEY, ask, bearer, code, sign, start, status};

/// Prints what an expression of PyJWT gives, as JSON.
fn python(expression: &str, arguments: &[&str]) -> Value {
    let script =
        format!("import json, jwt, sys, time\na = sys.argv[1:]\nprint(json.dumps({expression}))");
    let output = Command::new("/usr/bin/python3")
        .args(["-c", &script])
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{expression}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

pub(super) fn encode(claims: &Value, algorithm: &str, headers: &Value) -> String {
    let claims = claims.to_string();
    let key = if algorithm == "none" { "" } else { KEY };
    let arguments = [claims.as_str(), key, algorithm, &headers.to_string()];
    let made = python(
        "jwt.encode(json.loads(a[0]), a[1] or None, algorithm=a[2], headers=json.loads(a[3]))",
        &arguments,
    );
    made.as_str().unwrap().to_owned()
}

pub(super) fn now() -> u64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

#[test]
fn a_token_of_ours_is_one_to_another_library() {
    let token = sign(&[
        "--name",
        "Zo\u{eb}",
        "--publish",
        "a",
        "room-*",
        "--subscribe",
        "b,c",
        "--manage",
        "d",
        "--presence",
        "*",
        "--expires",
        "1h",
        "--token-audience",
        "here",
        "--kid",
        "new",
    ]);
    let claims = python(
        "jwt.decode(a[0], a[1], algorithms=['HS256'], audience='here')",
        &[&token, KEY],
    );
    let issued = claims["iat"].as_u64().unwrap();
    assert!(now() - issued < 60, "{claims}");
    assert_eq!(
        claims,
        json!({
            "sub": "Zo\u{eb}", "aud": "here", "iat": issued, "exp": issued + 3600, "publish": ["a", "room-*"],
            "subscribe": ["b", "c"], "manage": ["d"], "presence": ["*"],
        })
    );
    let header = python("jwt.get_unverified_header(a[0])", &[&token]);
    assert_eq!(
        header,
        json!({ "alg": "HS256", "typ": "JWT", "kid": "new" })
    );
    let bare = sign(&["--subscribe", "a"]);
    let claims = python(
        "jwt.decode(a[0], a[1], algorithms=['HS256'])",
        &[&bare, KEY],
    );
    assert_eq!(claims.as_object().unwrap().len(), 2, "{claims}");
}

#[test]
fn a_token_of_another_library_is_one_to_us() {
    let server = start(&[]);
    let poll = |claims: Value, algorithm: &str, headers: Value| {
        let token = encode(&claims, algorithm, &headers);
        ask(&server, "GET /channels/a/poll", &bearer(&token))
    };
    for claims in [
        json!({ "subscribe": ["a"] }),
        json!({ "subscribe": ["*"], "sub": "ann", "iat": now(), "nbf": now(), "exp": now() + 60, "iss": "x", "jti": "1" }),
        json!({ "subscribe": ["a"], "exp": now() as f64 + 60.5 }),
        json!({ "subscribe": ["a"], "exp": now() - 20 }),
        json!({ "subscribe": ["a"], "exp": u64::MAX }),
    ] {
        let answer = poll(claims.clone(), "HS256", json!({}));
        assert_eq!(answer.head.status, 200, "{claims}: {answer:?}");
    }
    for (claims, algorithm, headers, says) in [
        (json!({ "subscribe": ["a"] }), "none", json!({}), "HS256"),
        (json!({ "subscribe": ["a"] }), "HS384", json!({}), "HS256"),
        (json!({ "subscribe": ["a"] }), "HS512", json!({}), "HS256"),
        (
            json!({ "subscribe": ["a"] }),
            "HS256",
            json!({ "kid": "other" }),
            "kid",
        ),
        (
            json!({ "subscribe": ["a"] }),
            "HS256",
            json!({ "crit": ["exp"] }),
            "crit",
        ),
        (
            json!({ "subscribe": ["a"], "exp": now() - 31 }),
            "HS256",
            json!({}),
            "expired",
        ),
        (
            json!({ "subscribe": ["a"], "nbf": now() + 300 }),
            "HS256",
            json!({}),
            "not good yet",
        ),
        (
            json!({ "subscribe": ["a"], "iat": now() + 300 }),
            "HS256",
            json!({}),
            "not good yet",
        ),
        (
            json!({ "subscribe": ["a"], "aud": "there" }),
            "HS256",
            json!({}),
            "audience",
        ),
        (json!({ "subscribe": "a" }), "HS256", json!({}), "token"),
        (
            json!({ "subscribe": ["a"], "sub": "a\u{2028}b" }),
            "HS256",
            json!({}),
            "claim",
        ),
    ] {
        let answer = poll(claims.clone(), algorithm, headers.clone());
        assert_eq!(answer.head.status, 401, "{claims} {headers}: {answer:?}");
        assert_eq!(code(&answer), "bad_token");
        assert!(
            answer.text().contains(says),
            "{claims} {headers}: {answer:?}"
        );
    }
}

#[test]
fn a_token_that_was_made_longer_than_it_may_be_is_not_read() {
    let server = start(&[]);
    for (length, expected) in [(2900, 200), (4000, 401)] {
        let claims = json!({ "subscribe": ["a"], "padding": "x".repeat(length) });
        let token = encode(&claims, "HS256", &json!({}));
        assert_eq!(
            status(&server, "GET /channels/a/poll", &bearer(&token)),
            expected
        );
    }
    let many: Vec<String> = (0..101).map(|i| format!("{i}")).collect();
    let token = encode(&json!({ "subscribe": many }), "HS256", &json!({}));
    assert_eq!(
        status(&server, "GET /channels/1/poll", &bearer(&token)),
        401
    );
}
