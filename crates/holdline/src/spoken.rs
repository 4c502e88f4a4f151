//! What a client says over a WebSocket with the subprotocol `holdline.v2` or over a plug-in socket, and what it is
//! answered.
//!
//! It says `{"publish":NAME,"event":…,"data":…,"key":…,"ref":…}`, of which `publish` and `data` must be there. Each
//! such message has one answer, with the same `ref`. Anything else is told to be wrong, and changes nothing: a
//! member that is not known would otherwise be passed over in silence.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::idempotency_key::IdempotencyKey;
use crate::names;
use crate::reply::Reply;

/// Something to publish.
#[derive(Debug)]
pub(crate) struct Said<'a> {
    pub(crate) channel: Cow<'a, str>,
    pub(crate) event: Option<String>,
    pub(crate) data: Cow<'a, str>,
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) reference: Option<Reference>,
}

/// What the client calls one of its messages: a text or a number.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Reference {
    Text(Box<str>),
    Number(serde_json::Number),
}

/// What is wrong with what was said, and with which message, if that could be read.
#[derive(Debug)]
pub(crate) struct Mistake {
    pub(crate) reference: Option<Reference>,
    pub(crate) reply: Reply,
}

impl<'a> Said<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Mistake> {
        let members: Members<'a> =
            serde_json::from_str(text).map_err(|error| Mistake::of_json(text, &error))?;
        let reference = members.reference.clone();
        members
            .checked()
            .map_err(|reply| Mistake { reference, reply })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members<'a> {
    #[serde(borrow)]
    publish: Cow<'a, str>,
    event: Option<String>,
    #[serde(borrow)]
    data: Cow<'a, str>,
    key: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<Reference>,
}

/// Of a message that is wrong in another way.
#[derive(Deserialize)]
struct ReferenceOnly {
    #[serde(rename = "ref")]
    reference: Option<Reference>,
}

impl<'a> Members<'a> {
    fn checked(self) -> Result<Said<'a>, Reply> {
        if let Some(Reference::Text(text)) = &self.reference
            && text.len() > MAX_REFERENCE
        {
            let message = format!("`ref` is at most {MAX_REFERENCE} bytes");
            return Err(Reply::error(400, "bad_message", &message));
        }
        names::check_channel(&self.publish)
            .map_err(|error| Reply::error(400, "bad_channel", &error.to_string()))?;
        if let Some(event) = &self.event {
            names::parse_event(event)
                .map_err(|error| Reply::error(400, "bad_event", &error.to_string()))?;
        }
        let key = self.key.as_deref().map(str::as_bytes);
        let key = key.map(IdempotencyKey::parse).transpose();
        Ok(Said {
            channel: self.publish,
            event: self.event,
            data: self.data,
            key: key.map_err(|error| Reply::error(400, "bad_key", error))?,
            reference: self.reference,
        })
    }
}

impl Mistake {
    fn of_json(text: &str, error: &serde_json::Error) -> Self {
        let only: Result<ReferenceOnly, _> = serde_json::from_str(text);
        let reference = only.ok().and_then(|only| only.reference);
        let is_short = |reference: &Reference| match reference {
            Reference::Text(text) => text.len() <= MAX_REFERENCE,
            Reference::Number(_) => true,
        };
        let message = format!(
            "a message is {{\"publish\":NAME,\"event\":TYPE,\"data\":TEXT,\"key\":KEY,\"ref\":REF}}, of which \
             `publish` and `data` must be there: {error}"
        );
        Self {
            reference: reference.filter(is_short),
            reply: Reply::error(400, "bad_message", &message),
        }
    }
}

/// The answer to a message that was published. `published` is what a POST would be answered.
pub(crate) fn encode_ack(reference: Option<&Reference>, published: &[u8]) -> String {
    encode(names::ACK, reference, None, published)
}

/// The answer to a message that was not. It has what a POST would be answered, the status, and what would stand in
/// `Retry-After`.
pub(crate) fn encode_error(reference: Option<&Reference>, reply: &Reply) -> String {
    encode(names::ERROR, reference, Some(reply), &reply.body)
}

fn encode(
    event: &str,
    reference: Option<&Reference>,
    refused: Option<&Reply>,
    answer: &[u8],
) -> String {
    #[derive(Serialize)]
    struct Head<'a> {
        event: &'a str,
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<&'a Reference>,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    }
    let head = Head {
        event,
        reference,
        status: refused.map(|reply| reply.status),
        retry_after: refused.and_then(Reply::retry_after),
    };
    // Texts and numbers alone cannot fail to serialize, and JSON of this program is UTF-8.
    let mut text = serde_json::to_string(&head).unwrap_or_default();
    let answer = std::str::from_utf8(answer).unwrap_or_default();
    if let Some(members) = answer.strip_prefix('{') {
        text.pop();
        text.push(',');
        text.push_str(members);
    }
    text
}

/// Bytes of a `ref`.
const MAX_REFERENCE: usize = 255;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_is_to_be_published_is_read() {
        let text = r#" {"ref":7,"data":"x\n\u00e9","publish":"caf\u00e9%","event":"e","key":"k"} "#;
        let said = Said::parse(text).unwrap();
        assert_eq!((&*said.channel, &*said.data), ("caf\u{e9}%", "x\n\u{e9}"));
        assert_eq!(said.event.as_deref(), Some("e"));
        assert_eq!(said.key.unwrap().as_str(), "k");
        assert_eq!(said.reference, Some(Reference::Number(7.into())));
        let text = r#"{"publish":"a","data":"","event":null,"key":null,"ref":null}"#;
        let said = Said::parse(text).unwrap();
        assert!(said.event.is_none() && said.key.is_none() && said.reference.is_none());
        // What needs no copy is none.
        assert!(matches!(said.data, Cow::Borrowed("")));
    }

    #[test]
    fn what_is_wrong_is_told_with_the_ref_that_it_has() {
        let long = "r".repeat(256);
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for (text, code, reference) in [
            ("", "bad_message", Value::Null),
            ("hello", "bad_message", Value::Null),
            ("[]", "bad_message", Value::Null),
            (r#"{"ref":"r"}"#, "bad_message", json!("r")),
            (r#"{"ref":1.5,"publish":"a"}"#, "bad_message", json!(1.5)),
            (
                r#"{"ref":"r","publish":"a","data":7}"#,
                "bad_message",
                json!("r"),
            ),
            (
                r#"{"ref":"r","publish":"a","data":null}"#,
                "bad_message",
                json!("r"),
            ),
            (
                r#"{"ref":"r","publish":"a","data":"","Key":"k"}"#,
                "bad_message",
                json!("r"),
            ),
            (
                r#"{"ref":"r","publish":"a","data":"","data":""}"#,
                "bad_message",
                json!("r"),
            ),
            (
                r#"{"ref":["r"],"publish":"a","data":""}"#,
                "bad_message",
                Value::Null,
            ),
            (
                r#"{"publish":"a","data":""} {}"#,
                "bad_message",
                Value::Null,
            ),
            (
                &format!(r#"{{"ref":"{long}","publish":"a"}}"#),
                "bad_message",
                Value::Null,
            ),
            (
                &format!(r#"{{"ref":{deep},"publish":"a","data":""}}"#),
                "bad_message",
                Value::Null,
            ),
            (
                r#"{"ref":"r","publish":"a,b","data":""}"#,
                "bad_channel",
                json!("r"),
            ),
            (
                r#"{"ref":"r","publish":"","data":""}"#,
                "bad_channel",
                json!("r"),
            ),
            (
                r#"{"ref":"r","publish":"holdline.x","data":""}"#,
                "bad_channel",
                json!("r"),
            ),
            (
                r#"{"ref":"r","publish":"a","data":"","event":"holdline.x"}"#,
                "bad_event",
                json!("r"),
            ),
            (
                r#"{"ref":"r","publish":"a","data":"","event":""}"#,
                "bad_event",
                json!("r"),
            ),
            (
                r#"{"ref":"r","publish":"a","data":"","key":"a b"}"#,
                "bad_key",
                json!("r"),
            ),
        ] {
            let mistake = Said::parse(text).unwrap_err();
            let start = &text[..text.len().min(60)];
            assert_eq!(mistake.reply.code, Some(code), "{start}");
            let told = serde_json::to_value(&mistake.reference).unwrap();
            assert_eq!(told, reference, "{start}");
        }
        let text = format!(r#"{{"ref":"{long}","publish":"a","data":""}}"#);
        let mistake = Said::parse(&text);
        assert_eq!(mistake.unwrap_err().reply.code, Some("bad_message"));
    }

    #[test]
    fn an_answer_is_what_a_post_is_answered_with_the_ref() {
        let text = Reference::Text("r\"1".into());
        let ack = encode_ack(Some(&text), br#"{"id":"1-2","receivers":3}"#);
        assert_eq!(
            ack,
            r#"{"event":"holdline.ack","ref":"r\"1","id":"1-2","receivers":3}"#
        );
        let number = Reference::Number(7.into());
        let reply = Reply::unavailable("busy", "later");
        let error = encode_error(Some(&number), &reply);
        let expected = json!({
            "event": "holdline.error", "ref": 7, "status": 503, "retry_after": 1,
            "error": {"code": "busy", "message": "later"},
        });
        assert_eq!(serde_json::from_str::<Value>(&error).unwrap(), expected);
        assert!(!encode_ack(None, b"{}").contains("ref"));
    }
}
