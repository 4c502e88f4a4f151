//! What is said to who may not do what it asks for.

use std::fmt;

use crate::reply::Reply;

/// Why somebody may not do something.
#[derive(Debug)]
pub(crate) enum Lack {
    /// There is a publish token, and it was not shown.
    PublishToken,
    /// Tokens are needed, and none was shown.
    Token,
    /// The token that was shown is good, but for something else.
    Right {
        right: &'static str,
        /// Which channel it is missing for: of several, the first.
        channel: String,
    },
    /// The token has ended since it was shown.
    Over,
}

impl Lack {
    /// The same for a WebSocket that is closed, where there is room for 123 bytes (RFC 6455 §5.5).
    pub(crate) fn close_reason(&self) -> String {
        let mut reason = self.to_string();
        if reason.len() > MAX_REASON {
            // What is cut is the end of the channel's name.
            let mut end = MAX_REASON - CUT.len();
            while !reason.is_char_boundary(end) {
                end -= 1;
            }
            reason.truncate(end);
            reason.push_str(CUT);
        }
        reason
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PublishToken => f.write_str("this needs the publish token"),
            Self::Token => f.write_str("this needs a token"),
            Self::Right { right, channel } => {
                write!(
                    f,
                    "the token does not grant {right} for the channel {channel}"
                )
            }
            Self::Over => f.write_str("the token has ended"),
        }
    }
}

impl From<Lack> for Reply {
    fn from(lack: Lack) -> Self {
        let challenge = match lack {
            Lack::PublishToken => "Bearer realm=\"publish\"",
            Lack::Token => "Bearer realm=\"holdline\"",
            Lack::Right { .. } => return Self::error(403, "forbidden", &lack.to_string()),
            Lack::Over => return bad_token("has ended"),
        };
        let message = format!("{lack}, as `Authorization: Bearer TOKEN`");
        Self::error(401, "unauthorized", &message).with("WWW-Authenticate", challenge)
    }
}

/// What is answered to a token that is not taken. `why` reads on after "the token".
pub(crate) fn bad_token(why: &str) -> Reply {
    let challenge = "Bearer realm=\"holdline\", error=\"invalid_token\"";
    Reply::error(401, "bad_token", &format!("the token {why}")).with("WWW-Authenticate", challenge)
}

const MAX_REASON: usize = 123;
const CUT: &str = "…";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_for_a_close_has_room_whatever_the_channel_is_called() {
        for name in ["n", "ü", "\u{1f980}"] {
            for length in 1..=128 / name.len() {
                let lack = Lack::Right {
                    right: "`publish`",
                    channel: name.repeat(length),
                };
                let reason = lack.close_reason();
                assert!(reason.len() <= 123, "{}: {reason}", reason.len());
                let start = "the token does not grant `publish` for the channel ";
                assert!(reason.starts_with(start), "{reason}");
                let whole = lack.to_string();
                match whole.len() <= 123 {
                    true => assert_eq!(reason, whole),
                    false => assert!(whole.starts_with(reason.strip_suffix(CUT).unwrap())),
                }
            }
        }
    }
}
