//! Which pages may use a server: the `Origin` of a request, and the fields that answer it.
//!
//! A browser says with `Origin` (RFC 6454 §7) which page a request comes from, and lets the page
//! read the answer only if `Access-Control-Allow-Origin` names that page (Fetch §3.2). These
//! fields never say `*`: an allowed page is named as itself, which is also what `XDomainRequest`
//! asks for. Credentials are allowed to pages that are allowed by name, never to those of `*`.
//!
//! Scripts and frames have no `Origin`. Of them, and of whatever else comes without it, browsers
//! tell with `Sec-Fetch-Site` (Fetch Metadata §2.3) whether another site's page asks, and mostly
//! with `Referer` which. They send the former to `https` and to this machine only.

use holdline_http1::RequestHead;

/// The origins whose pages may use a server, beside its own.
///
/// ```
/// use holdline::origins::Origins;
///
/// let origins = Origins::new(["https://app.example"]);
/// # let _ = origins;
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Origins {
    allowed: Vec<String>,
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Origin<'a> {
    /// Nothing says that a page of another site asks: no browser, or a plain GET of one.
    None,
    /// The server's own pages.
    Own(&'a str),
    /// An origin that is allowed by its name.
    Named(&'a str),
    /// An origin that is allowed since all are: `*`.
    Any(&'a str),
    /// Any other, `null` among them. Without `Origin`, a page of another site.
    Foreign,
}

impl Origins {
    /// Allows these: `https://app.example:8443`, in any case of letters; `*` is all but `null`.
    pub fn new(allowed: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            allowed: allowed.into_iter().map(Into::into).collect(),
        }
    }

    /// Judges where a request comes from, by the `Origin` field, and without one by `Sec-Fetch-Site`.
    ///
    /// `null` is foreign even to `*`: a sandboxed frame or a local file could be anyone's. An
    /// origin is the server's own when its host and port are those of `Host`; the scheme may
    /// differ, since a proxy in front may speak TLS.
    #[must_use]
    pub fn judge<'a>(&self, head: &RequestHead<'a>) -> Origin<'a> {
        let mut values = head.headers().get_all("origin");
        match (values.next(), values.next()) {
            (None, _) if is_site(head, &["cross-site"]) => Origin::Foreign,
            (None, _) => Origin::None,
            (Some(origin), None) => self.judge_origin(origin, head),
            // No browser sends two.
            (Some(_), Some(_)) => Origin::Foreign,
        }
    }

    /// Whether the answer may be a script or a document that another page loads: JSONP, say, which
    /// needs no leave of the browser to be read.
    ///
    /// A request that comes from another site by its `Sec-Fetch-Site` is answered only if its
    /// `Origin`, or without one its `Referer`, is of an allowed page.
    #[must_use]
    pub fn may_embed(&self, head: &RequestHead<'_>) -> bool {
        if !is_site(head, &["cross-site", "same-site"]) {
            return true;
        }
        if head.headers().get("origin").is_some() {
            return self.judge(head).is_allowed();
        }
        let mut values = head.headers().get_all("referer");
        let (Some(referer), None) = (values.next(), values.next()) else {
            return false;
        };
        // The origin of a URL ends where its path begins.
        let mut slashes = referer
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'/');
        let end = slashes.nth(2).map_or(referer.len(), |(at, _)| at);
        self.judge_origin(&referer[..end], head).is_allowed()
    }

    fn judge_origin<'a>(&self, origin: &'a [u8], head: &RequestHead<'_>) -> Origin<'a> {
        let Ok(origin) = std::str::from_utf8(origin) else {
            return Origin::Foreign;
        };
        // A page with an opaque origin (RFC 6454 §6.1), and what is no origin at all.
        if !origin.contains("://") {
            return Origin::Foreign;
        }
        let listed = |allowed: &String| allowed.eq_ignore_ascii_case(origin);
        if self.allowed.iter().any(listed) {
            Origin::Named(origin)
        } else if is_own(origin, head) {
            Origin::Own(origin)
        } else if self.allowed.iter().any(|allowed| allowed == "*") {
            Origin::Any(origin)
        } else {
            Origin::Foreign
        }
    }
}

impl Origin<'_> {
    /// Whether it is a page that may use the server.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Own(_) | Self::Named(_) | Self::Any(_))
    }

    /// The fields of any answer, also of an error: `Access-Control-Allow-Origin` with the very
    /// origin, if it is allowed, `Access-Control-Allow-Credentials: true`, if it is allowed by
    /// name, and `Vary: Origin`, if there was one.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let vary = ("Vary", "Origin".to_owned());
        let allow = |origin: &str| ("Access-Control-Allow-Origin", origin.to_owned());
        match self {
            Self::None => Vec::new(),
            Self::Named(origin) => {
                let credentials = ("Access-Control-Allow-Credentials", "true".to_owned());
                vec![allow(origin), credentials, vary]
            }
            Self::Own(origin) | Self::Any(origin) => vec![allow(origin), vary],
            Self::Foreign => vec![vary],
        }
    }

    /// What the answer to a preflight (Fetch §3.2.2) has beside [`fields`](Self::fields): what an
    /// allowed origin may send with these methods, and 600 seconds in which it need not ask again.
    ///
    /// The fields that may be sent are those of publishers and of event-stream clients that are
    /// written with `XMLHttpRequest` or `fetch`; a browser's own `EventSource` asks nothing.
    #[must_use]
    pub fn preflight<'m>(&self, methods: &'m str) -> Option<[(&'static str, &'m str); 3]> {
        self.is_allowed().then_some([
            ("Access-Control-Allow-Methods", methods),
            (
                "Access-Control-Allow-Headers",
                "Authorization, Cache-Control, Content-Type, Last-Event-ID, X-Requested-With",
            ),
            ("Access-Control-Max-Age", "600"),
        ])
    }
}

/// Whether `Sec-Fetch-Site` says one of these.
fn is_site(head: &RequestHead<'_>, sites: &[&str]) -> bool {
    let mut values = head.headers().get_all("sec-fetch-site");
    values.any(|value| {
        sites
            .iter()
            .any(|site| value.eq_ignore_ascii_case(site.as_bytes()))
    })
}

fn is_own(origin: &str, head: &RequestHead<'_>) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    // A page of another scheme, such as an application's own, is not the server's.
    let default_port = match scheme {
        _ if scheme.eq_ignore_ascii_case("https") => ":443",
        _ if scheme.eq_ignore_ascii_case("http") => ":80",
        _ => return false,
    };
    let bare = |text: &str| {
        text.strip_suffix(default_port)
            .unwrap_or(text)
            .to_ascii_lowercase()
    };
    head.host()
        .is_some_and(|host| bare(host) == bare(authority))
}
