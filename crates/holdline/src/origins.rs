//! Which pages may use a server: checks the `Origin` of a request, and makes the header fields that answer it.
//!
//! With `Origin` (RFC 6454 §7) a browser says which page a request comes from. It lets the page read the answer only
//! if `Access-Control-Allow-Origin` names that page (Fetch §3.2). These header fields never say `*`: an allowed page
//! is named by its own origin, which `XDomainRequest` requires as well. Credentials are allowed for pages that are
//! allowed by name, never for those allowed only by `*`.
//!
//! Requests for scripts and frames have no `Origin`. For these, and for anything else without it, `Sec-Fetch-Site`
//! (Fetch Metadata §2.3) says whether another site's page is asking, and `Referer` usually says which. Browsers send
//! `Sec-Fetch-Site` only to `https` and to this machine.

use holdline_http1::RequestHead;

/// The origins whose pages may use a server, in addition to its own.
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
    /// Nothing suggests a page of another site: the client is not a browser, or it is a plain GET from one.
    None,
    /// The server's own pages.
    Own(&'a str),
    /// An origin that is allowed by name.
    Named(&'a str),
    /// An origin that is allowed because all are: `*`.
    Any(&'a str),
    /// Any other origin, including `null`. Without `Origin`, a page of another site.
    Foreign,
}

impl Origins {
    /// Allows these origins, such as `https://app.example:8443`. Case does not matter; `*` means all but `null`.
    pub fn new(allowed: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            allowed: allowed.into_iter().map(Into::into).collect(),
        }
    }

    /// Decides where a request comes from, by the `Origin` field, or without it by `Sec-Fetch-Site`.
    ///
    /// `null` is foreign even with `*`: a sandboxed frame or a local file could be anyone's. An origin is the
    /// server's own if its host and port match `Host`. The scheme may differ, because a proxy in front may handle
    /// TLS.
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

    /// Whether the answer may be a script or a document that another page loads, such as JSONP, which a page can
    /// read without the browser's permission.
    ///
    /// If `Sec-Fetch-Site` says that the request comes from another site, this requires an allowed page in `Origin`
    /// or, without that, in `Referer`.
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
        // The origin in a URL ends where the path begins.
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
        // A page with an opaque origin (RFC 6454 §6.1), or something that is not an origin.
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
    /// Whether this page may use the server.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Own(_) | Self::Named(_) | Self::Any(_))
    }

    /// The header fields of any answer, including errors: `Access-Control-Allow-Origin` with this origin if it is
    /// allowed, `Access-Control-Allow-Credentials: true` if it is allowed by name, and `Vary: Origin` except for
    /// [`Origin::None`].
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

    /// What the answer to a preflight (Fetch §3.2.2) contains in addition to [`fields`](Self::fields): what an
    /// allowed origin may send with these methods, and that it need not ask again for 600 seconds.
    ///
    /// The header fields that may be sent are those of publishers and of event-stream clients written with
    /// `XMLHttpRequest` or `fetch`. A browser's own `EventSource` needs no preflight.
    #[must_use]
    pub fn preflight<'m>(&self, methods: &'m str) -> Option<[(&'static str, &'m str); 3]> {
        self.is_allowed().then_some([
            ("Access-Control-Allow-Methods", methods),
            (
                "Access-Control-Allow-Headers",
                "Authorization, Cache-Control, Content-Type, Idempotency-Key, Last-Event-ID, X-Requested-With",
            ),
            ("Access-Control-Max-Age", "600"),
        ])
    }
}

/// Whether `Sec-Fetch-Site` has one of these values.
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
    // A page with another scheme, such as an application's own, does not belong to the server.
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
