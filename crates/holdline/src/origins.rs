//! Which pages may use a server: the `Origin` of a request, and the fields that answer it.
//!
//! A browser says with `Origin` (RFC 6454 §7) which page a request comes from, and lets the page
//! read the answer only if `Access-Control-Allow-Origin` names that page (Fetch §3.2). These
//! fields never say `*` and never allow credentials: an allowed page is named as itself, which is
//! also what `XDomainRequest` asks for, and answers do not depend on cookies.

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

/// Where a request comes from, by its `Origin` field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin<'a> {
    /// No `Origin`: no browser, or a plain GET of one.
    None,
    /// The server's own pages, or an origin that is allowed.
    Allowed(&'a str),
    /// Any other, `null` among them.
    Foreign,
}

impl Origins {
    /// Allows these: `https://app.example:8443`, in any case of letters; `*` is all but `null`.
    pub fn new(allowed: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            allowed: allowed.into_iter().map(Into::into).collect(),
        }
    }

    /// Judges the `Origin` field of a request.
    ///
    /// `null` is foreign even to `*`: a sandboxed frame or a local file could be anyone's. An
    /// origin is the server's own when its host and port are those of `Host`; the scheme may
    /// differ, since a proxy in front may speak TLS.
    #[must_use]
    pub fn judge<'a>(&self, head: &RequestHead<'a>) -> Origin<'a> {
        let Some(value) = head.headers().get("origin") else {
            return Origin::None;
        };
        let Ok(origin) = std::str::from_utf8(value) else {
            return Origin::Foreign;
        };
        if origin == "null" {
            return Origin::Foreign;
        }
        let listed = |allowed: &String| allowed == "*" || allowed.eq_ignore_ascii_case(origin);
        if self.allowed.iter().any(listed) || is_own(origin, head) {
            Origin::Allowed(origin)
        } else {
            Origin::Foreign
        }
    }
}

impl Origin<'_> {
    /// The fields of any answer, also of an error: `Access-Control-Allow-Origin` with the very
    /// origin, if it is allowed, and `Vary: Origin`, if there was one.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let vary = ("Vary", "Origin".to_owned());
        match self {
            Self::None => Vec::new(),
            Self::Allowed(origin) => {
                vec![("Access-Control-Allow-Origin", (*origin).to_owned()), vary]
            }
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
        matches!(self, Self::Allowed(_)).then_some([
            ("Access-Control-Allow-Methods", methods),
            (
                "Access-Control-Allow-Headers",
                "Authorization, Cache-Control, Content-Type, Last-Event-ID, X-Requested-With",
            ),
            ("Access-Control-Max-Age", "600"),
        ])
    }
}

fn is_own(origin: &str, head: &RequestHead<'_>) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let default_port = if scheme.eq_ignore_ascii_case("https") {
        ":443"
    } else {
        ":80"
    };
    let bare = |text: &str| {
        text.strip_suffix(default_port)
            .unwrap_or(text)
            .to_ascii_lowercase()
    };
    head.host()
        .is_some_and(|host| bare(host) == bare(authority))
}
