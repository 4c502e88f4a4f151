//! What the page of a mirror asks for, and by what it is known.

use std::fmt;

use holdline_http1::RequestHead;

/// What a page shows to have its connections tapped: 128 random bits.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct MirrorId(u128);

/// What a page asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    /// What it looks at.
    Watch,
    Request,
    Stream,
    WebSocket,
}

impl Part {
    /// By the end of the path.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        Some(match path.strip_prefix(PREFIX)? {
            "watch" => Self::Watch,
            "request" => Self::Request,
            "stream" => Self::Stream,
            "websocket" => Self::WebSocket,
            _ => return None,
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Watch => "watch",
            Self::Request => "request",
            Self::Stream => "stream",
            Self::WebSocket => "websocket",
        }
    }
}

impl MirrorId {
    /// The `mirror` of a query: 32 hexadecimal digits.
    pub(super) fn of(head: &RequestHead<'_>) -> Option<Self> {
        let mut pairs = head.query()?.split('&');
        let text = pairs.find_map(|pair| pair.strip_prefix("mirror="))?;
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let id = digits.then(|| u128::from_str_radix(text, 16))?;
        id.ok().map(Self)
    }

    pub(super) fn random() -> Option<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).ok()?;
        Some(Self(u128::from_ne_bytes(bytes)))
    }
}

impl fmt::Display for MirrorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The page.
pub(super) const PATH: &str = "/illustrated/live";
/// Below it is all that it asks for.
pub(crate) const PREFIX: &str = "/illustrated/live/";
