//! What a request asks for, parsed from the path of its target.

use holdline_http1::RequestHead;

use crate::client;
use crate::illustrated;
use crate::mirror::{self, Part};
use crate::pages::{self, Asset};
use crate::techniques::{self, Technique};
use crate::transport::Transport;

/// What a path names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Resource<'r> {
    /// `*`, which only OPTIONS may name.
    Server,
    File(&'static Asset),
    /// The client for browsers, which is there without the pages, too.
    Client(&'static Asset),
    Health,
    Stats,
    StatsStream,
    Metrics,
    /// Where a user's streams are ended.
    Disconnect,
    Echo,
    Box,
    /// A browser's own connections, explained as they are.
    Mirror(Part),
    /// Bytes that somebody pastes, explained.
    Explain,
    /// One of the pages about techniques asks.
    Technique(Technique<'r>),
    /// A channel name, still percent-encoded.
    Channel(&'r str),
    Presence(&'r str),
    /// One channel name or several, still percent-encoded.
    Subscribe(&'r str, Transport),
}

impl<'r> Resource<'r> {
    pub(crate) fn parse(head: &RequestHead<'r>) -> Option<Self> {
        let path = head.path();
        if head.target() == "*" {
            return Some(Self::Server);
        }
        if let Some(asset) = pages::find(path)
            .or_else(|| techniques::find(path))
            .or_else(|| illustrated::find(path))
        {
            return Some(Self::File(asset));
        }
        if let Some(asset) = client::find(path) {
            return Some(Self::Client(asset));
        }
        Some(match path {
            "/health" => Self::Health,
            "/stats" => Self::Stats,
            "/stats/sse" => Self::StatsStream,
            "/metrics" => Self::Metrics,
            "/disconnect" => Self::Disconnect,
            "/echo" => Self::Echo,
            "/demo/box" => Self::Box,
            "/explain" => Self::Explain,
            _ if path.starts_with(mirror::PREFIX) => Self::Mirror(Part::parse(path)?),
            _ if path.starts_with(techniques::PREFIX) => Self::Technique(Technique::parse(path)?),
            _ => {
                let mut segments = path.strip_prefix("/channels/")?.split('/');
                let names = segments.next()?;
                let resource = match segments.next() {
                    None => Self::Channel(names),
                    Some("presence") => Self::Presence(names),
                    Some(transport) => Self::Subscribe(names, transport.parse().ok()?),
                };
                if segments.next().is_some() {
                    return None;
                }
                resource
            }
        })
    }

    /// Whether the query of such a request means anything.
    pub(crate) fn has_query(&self) -> bool {
        self.needs_rights()
            || matches!(
                self,
                Self::Disconnect | Self::Technique(Technique::Meter | Technique::Im(_))
            )
    }

    /// Whether it is about channels, or lets the server work for others: what a token may be needed for.
    pub(crate) fn needs_rights(&self) -> bool {
        matches!(
            self,
            Self::Echo | Self::Box | Self::Channel(_) | Self::Presence(_) | Self::Subscribe(..)
        )
    }

    /// Whether pages load it as a script or frame. A browser sends cookies with it, whichever site the page is of.
    pub(crate) fn is_embedded(&self) -> bool {
        matches!(
            self,
            Self::Subscribe(_, Transport::Jsonp | Transport::Iframe)
        )
    }

    /// The methods it allows, as listed in `Allow`.
    pub(crate) fn allow(&self) -> &'static str {
        match self {
            // What there is of methods at all.
            Self::Server | Self::Channel(_) => "GET, HEAD, POST, DELETE, OPTIONS",
            Self::Disconnect => "POST, OPTIONS",
            Self::Box | Self::Explain | Self::Technique(Technique::Im(_)) => {
                "GET, HEAD, POST, OPTIONS"
            }
            // A handshake is a GET, and a HEAD of it would be useless.
            Self::Echo => "GET, POST, OPTIONS",
            Self::Subscribe(_, Transport::WebSocket) | Self::Mirror(Part::WebSocket) => {
                "GET, OPTIONS"
            }
            _ => "GET, HEAD, OPTIONS",
        }
    }

    pub(crate) fn allows(&self, method: &str) -> bool {
        let allowed = match self {
            Self::Server => "OPTIONS",
            _ => self.allow(),
        };
        allowed.split(", ").any(|allowed| allowed == method)
    }
}

/// The methods of RFC 9110 §9.3 and RFC 5789, without CONNECT: this is not a proxy. Any other method is not
/// implemented here at all (501), which is different from not being allowed for a resource (405).
pub(crate) const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH",
];
