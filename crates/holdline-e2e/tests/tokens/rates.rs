//! `--max-publish-rate` counts the `sub` of a token, whatever connections it comes over.

use holdline_e2e::Response;
use serde_json::json;

use super::publishing::{open, say};
use super::{ask, bearer, code, sign, start};

#[test]
fn a_user_is_one_over_all_connections_and_tokens() {
    let server = start(&[
        "--max-publish-rate",
        "6/min:2",
        "--publish-token",
        "open-sesame",
    ]);
    let publish = |token: &str| -> Response {
        let fields = format!("{}Content-Length: 1\r\n\r\nx", bearer(token));
        ask(&server, "POST /channels/a", &fields)
    };
    let ann = sign(&["--publish", "*", "--subscribe", "*", "--name", "ann"]);
    let phone = sign(&["--publish", "a", "--name", "ann"]);
    assert_eq!(publish(&ann).head.status, 200);
    assert_eq!(publish(&phone).head.status, 200);
    for token in [&ann, &phone] {
        let refused = publish(token);
        assert_eq!(refused.head.status, 429);
        assert_eq!(code(&refused), "too_many_messages");
        assert_eq!(refused.head.get("Retry-After"), Some("10"));
        let message = refused.json().unwrap()["error"]["message"].to_string();
        assert!(message.contains("by the `sub` of this token"), "{message}");
    }
    let mut socket = open(&server, &ann);
    let told = say(&mut socket, &json!({"publish": "b", "data": "x", "ref": 1}));
    assert_eq!((&told["status"], &told["ref"]), (&json!(429), &json!(1)));
    // Somebody else, and those who have no name, over connections of their own.
    let bob = sign(&["--publish", "*", "--name", "bob"]);
    let nobody = sign(&["--publish", "*"]);
    for token in [&*bob, &bob, &nobody, &nobody, &nobody, "open-sesame"] {
        assert_eq!(publish(token).head.status, 200);
    }
    assert_eq!(publish(&bob).head.status, 429);
}
