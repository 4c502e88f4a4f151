//! The grammar of `Sec-WebSocket-Extensions`.

use std::borrow::Cow;

use holdline_websocket::handshake::{MalformedExtensions, parse_extensions};

fn shown(line: &str) -> Option<String> {
    let list = parse_extensions(line.as_bytes()).ok()?;
    let mut out = String::new();
    for extension in list {
        out += extension.name;
        for parameter in extension.parameters {
            out += "|";
            out += parameter.name;
            if let Some(value) = parameter.value {
                out += "=";
                out += &value;
            }
        }
        out += " ";
    }
    Some(out)
}

#[test]
pub(crate) fn lists_with_and_without_parameters() {
    for (line, expected) in [
        ("", ""),
        (" , ,", ""),
        ("foo", "foo "),
        ("foo, bar; baz=2", "foo bar|baz=2 "),
        ("a;b;c=d ; e = f,g", "a|b|c=d|e=f g "),
        ("a; b=\"x\"", "a|b=x "),
        ("a; b=\"x\\y\\z\", c", "a|b=xyz c "),
        (
            "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
            "permessage-deflate|client_max_window_bits|server_max_window_bits=10 ",
        ),
    ] {
        assert_eq!(shown(line).as_deref(), Some(expected), "{line}");
    }
}

#[test]
pub(crate) fn malformed_lists() {
    for line in [
        ";a",
        "a;",
        "a;;b",
        "a b",
        "a;b=",
        "a;=b",
        "a;b=\"",
        "a;b=\"\"",
        "a;b=\"x y\"",
        "a;b=\"x\\",
        "a;b=\"x\"y",
        "a/b",
        "a;b=\"x,y\"",
        "\u{e9}",
    ] {
        assert_eq!(shown(line), None, "{line}");
    }
    assert_eq!(parse_extensions(b"a\xff"), Err(MalformedExtensions));
}

#[test]
fn values_borrow_unless_escaped() {
    let list = parse_extensions(b"a; b=\"x\"; c=\"\\x\"").unwrap();
    let [b, c] = &list[0].parameters[..] else {
        panic!("{list:?}");
    };
    assert!(matches!(b.value, Some(Cow::Borrowed("x"))));
    assert!(matches!(&c.value, Some(Cow::Owned(x)) if x == "x"));
}
