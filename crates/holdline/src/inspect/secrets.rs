//! Stars for what nobody else should see: values of some fields, what follows `token=`, and the password of a URL.
//!
//! The bytes keep their number, so that offsets are right.

mod field;
mod token;
mod userinfo;

use self::field::Field;
use self::token::Token;
use self::userinfo::Userinfo;

/// A message, of which any piece may come next.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    field: Field,
    token: Token,
    userinfo: Userinfo,
}

impl Secrets {
    /// Of the first head, shows the values of these fields alone. Their names are in lower case.
    pub(crate) fn except(shown: &'static [&'static str]) -> Self {
        Self {
            field: Field::except(shown),
            ..Self::default()
        }
    }

    /// Puts stars in place of secrets.
    pub(super) fn hide(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            // All of them follow what comes.
            let secrets = [
                self.field.take(*byte),
                self.token.take(*byte),
                self.userinfo.take(*byte),
            ];
            // No secret has a control character: what is wrong with the bytes stays to be seen.
            if secrets.contains(&true) && !byte.is_ascii_control() {
                *byte = b'*';
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> String {
        hidden_by(Secrets::default, text)
    }

    /// However it is cut.
    fn hidden_by(secrets: impl Fn() -> Secrets, text: &str) -> String {
        let mut whole = text.as_bytes().to_vec();
        secrets().hide(&mut whole);
        for length in 1..text.len() {
            let mut cut = text.as_bytes().to_vec();
            let mut secrets = secrets();
            cut.chunks_mut(length).for_each(|piece| secrets.hide(piece));
            assert_eq!(cut, whole, "{length}");
        }
        String::from_utf8(whole).unwrap()
    }

    #[test]
    fn values_of_secret_fields_are_stars() {
        assert_eq!(
            hidden(
                "GET / HTTP/1.1\r\nHost: a\r\nAUTHORIZATION: Bearer abc\r\ncookie:a=b; c=d\r\n e\r\nX: y\r\n\r\n"
            ),
            "GET / HTTP/1.1\r\nHost: a\r\nAUTHORIZATION: ****** ***\r\ncookie:**** ***\r\n *\r\nX: y\r\n\r\n"
        );
        assert_eq!(
            hidden(
                "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nSet-Cookie2: a=b\r\nProxy-Authorization:x\r\n\r\n"
            ),
            "HTTP/1.1 200 OK\r\nSet-Cookie: ***\r\nSet-Cookie2: a=b\r\nProxy-Authorization:*\r\n\r\n"
        );
    }

    #[test]
    fn fields_whose_names_tell_of_a_secret_are_stars() {
        assert_eq!(
            hidden(
                "GET / HTTP/1.1\r\nX-API-Key: abc\r\nX-Auth-Token: abc\r\nClient.Secret: abc\r\n\
                 Sec-WebSocket-Key: abc\r\nIdempotency-Key: abc\r\n\r\n{\"token\": 1}\r\nno token: 1"
            ),
            "GET / HTTP/1.1\r\nX-API-Key: ***\r\nX-Auth-Token: ***\r\nClient.Secret: ***\r\n\
             Sec-WebSocket-Key: abc\r\nIdempotency-Key: abc\r\n\r\n{\"token\": 1}\r\nno token: 1"
        );
    }

    #[test]
    fn a_token_among_subprotocols_is_stars() {
        assert_eq!(
            hidden(
                "Sec-WebSocket-Protocol: chat, Bearer, eyJ.x\r\nX: bearer, a\r\n\
                 sec-websocket-protocol: chat, base64url.bearer.abc\r\nSec-WebSocket-Protocol: chat, b\r\n"
            ),
            "Sec-WebSocket-Protocol: chat, Bearer, *****\r\nX: bearer, a\r\n\
             sec-websocket-protocol: chat, base64url.bearer****\r\nSec-WebSocket-Protocol: chat, b\r\n"
        );
    }

    #[test]
    fn of_the_first_head_what_is_not_named_can_be_stars() {
        let long = "x".repeat(100);
        let text = format!(
            "\r\nGET http://a:1/ HTTP/1.1\r\nHost: a:1\r\nX-Auth-User: ann\r\n{long}: b\r\nid: 1\r\n: c\r\n\r\n\
             {{\"a\":\"b\"}}\r\nCookie: d\r\n"
        );
        let expected = text
            .replace("ann", "***")
            .replace(": b", ": *")
            .replace(": d", ": *");
        let secrets = || Secrets::except(&["host", "id", ""]);
        assert_eq!(hidden_by(secrets, &text), expected);
    }

    #[test]
    fn tokens_are_stars_wherever_they_stand() {
        assert_eq!(
            hidden(
                "GET /a?Token=abc&since=1 HTTP/1.1\r\nReferer: http://a/?access_token=x.y-z\r\nX: totoken=,token=\r\n\r\ntoken=abc"
            ),
            "GET /a?Token=***&since=1 HTTP/1.1\r\nReferer: http://a/?access_token=*****\r\nX: totoken=*******\r\n\r\ntoken=***"
        );
    }

    #[test]
    fn a_token_goes_on_behind_what_a_query_may_have() {
        for (text, expected) in [
            (
                "GET /?token=abc'A,B;C&d HTTP",
                "GET /?token=*********&d HTTP",
            ),
            ("GET /?%74oken=abc&d HTTP", "GET /?%74oken=***&d HTTP"),
            ("GET /?to%6B%65n=abc HTTP", "GET /?to%6B%65n=*** HTTP"),
            (
                "GET /?to=%2F%3Ftoken%3Dabc HTTP",
                "GET /?to=%2F%3Ftoken%3D*** HTTP",
            ),
            ("GET /?%7token=abc HTTP", "GET /?%7token=*** HTTP"),
            ("GET /?%token=abc HTTP", "GET /?%token=*** HTTP"),
            ("GET /?%%74oken=abc HTTP", "GET /?%%74oken=*** HTTP"),
            ("<a href=\"/?token=abc\">", "<a href=\"/?token=***\">"),
            ("GET /?token=a\0b\x7f HTTP", "GET /?token=*\0*\x7f HTTP"),
            ("Cookie: a\x01b\r\n", "Cookie: *\x01*\r\n"),
        ] {
            assert_eq!(hidden(text), expected);
        }
    }

    #[test]
    fn the_password_of_a_url_is_stars() {
        for (text, expected) in [
            (
                "GET http://ann:pass@h:80/ HTTP",
                "GET http://ann:****@h:80/ HTTP",
            ),
            (
                "Location: https://ann:1234567@h/\r\n",
                "Location: https://ann:12345**@h/\r\n",
            ),
            ("x http://h:8080/a:b@c", "x http://h:8080/a:b@c"),
            ("x http://[::a]:80/ b", "x http://[::a]:80/ b"),
            ("ws://a:80; ws://b:80, c", "ws://a:80; ws://b:80, c"),
            ("http://ann:1,pass@h/ b", "http://ann:1,****@h/ b"),
            ("http://ann:1;'2)@h", "http://ann:1;'**@h"),
            ("'http://a:80'); b", "'http://a:80'); b"),
            ("http://a:80\\n b", "http://a:80\\n b"),
            (
                "http://a:80,http://ann:pass@h",
                "http://a:80,*****//ann:****@h",
            ),
            ("http://a://ann:pass@h", "http://a://ann:****@h"),
            ("x http:/ann:pass@h", "x http:/ann:pass@h"),
        ] {
            assert_eq!(hidden(text), expected);
        }
    }
}
