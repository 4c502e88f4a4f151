//! What a publisher gives a message so that it can send it again and have it published once.

use holdline_http1::RequestHead;

use crate::reply::Reply;

/// 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct IdempotencyKey(Box<str>);

impl IdempotencyKey {
    pub(crate) fn parse(text: &[u8]) -> Result<Self, &'static str> {
        let is_good = (1..=MAX).contains(&text.len()) && text.iter().all(u8::is_ascii_graphic);
        match std::str::from_utf8(text) {
            Ok(text) if is_good => Ok(Self(text.into())),
            _ => Err(FORM),
        }
    }

    /// The one of a request, in its field `Idempotency-Key`.
    pub(crate) fn of(head: &RequestHead<'_>) -> Result<Option<Self>, Reply> {
        let mut values = head.headers().get_all("idempotency-key");
        let (value, more) = (values.next(), values.next());
        let key = match more {
            Some(_) => Err("Idempotency-Key is repeated: a message has one key"),
            None => value.map(Self::parse).transpose(),
        };
        key.map_err(|message| Reply::error(400, "bad_key", message))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

const MAX: usize = 255;
const FORM: &str = "an idempotency key is 1 to 255 visible ASCII characters";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii_of_limited_length() {
        let (longest, too_long) = ("k".repeat(255), "k".repeat(256));
        for good in ["a", "!~", "8d2c-\"quoted\"", &longest] {
            let key = IdempotencyKey::parse(good.as_bytes()).unwrap();
            assert_eq!(key.as_str(), good);
        }
        for bad in [
            "",
            " ",
            "a b",
            "a\t",
            "caf\u{e9}",
            "\u{7f}",
            "\0",
            &too_long,
        ] {
            assert!(IdempotencyKey::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(IdempotencyKey::parse(b"\xff").is_err());
    }
}
