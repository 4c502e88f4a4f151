//! The page at `/` and its files, embedded in the binary. The client that they use is in [`client`](crate::client).

/// A file that is served unchanged.
#[derive(Debug)]
pub(crate) struct Asset {
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) body: &'static [u8],
}

/// The file at a path.
pub(crate) fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

/// The page that browsers get for `GET /stats`.
pub(crate) fn stats() -> &'static Asset {
    &STATS
}

/// The page that browsers get for `GET /channels/NAME`.
pub(crate) fn channel() -> &'static Asset {
    &CHANNEL
}

impl Asset {
    /// An entity tag: strong, since it is a hash of the bytes (FNV-1a, 64 bits).
    pub(crate) fn etag(&self) -> String {
        let hash = self
            .body
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        format!("\"{hash:016x}\"")
    }
}

/// Where the page may load from: only from this server. The forever frame's page has a policy of its own.
pub(crate) const CONTENT_SECURITY_POLICY: &str =
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'self'";

macro_rules! assets {
    ($($path:literal, $content_type:ident, $file:literal;)*) => {
        const ASSETS: &[Asset] = &[$(Asset {
            path: $path,
            content_type: $content_type,
            body: include_bytes!(concat!("pages/", $file)),
        }),*];
    };
}

static STATS: Asset = Asset {
    path: "/stats",
    content_type: HTML,
    body: include_bytes!("pages/stats.html"),
};

static CHANNEL: Asset = Asset {
    path: "/channels/",
    content_type: HTML,
    body: include_bytes!("pages/channel.html"),
};

pub(crate) const HTML: &str = "text/html; charset=utf-8";
pub(crate) const CSS: &str = "text/css; charset=utf-8";
pub(crate) const JS: &str = "text/javascript; charset=utf-8";
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
const SVG: &str = "image/svg+xml";

assets! {
    "/", HTML, "index.html";
    "/chat", HTML, "chat.html";
    "/favicon.svg", SVG, "favicon.svg";
    "/assets/base.css", CSS, "base.css";
    "/assets/demos.css", CSS, "demos.css";
    "/assets/panels.css", CSS, "panels.css";
    "/assets/app.js", JS, "app.js";
    "/assets/box.js", JS, "box.js";
    "/assets/chat.js", JS, "chat.js";
    "/assets/delays.js", JS, "delays.js";
    "/assets/dom.js", JS, "dom.js";
    "/assets/channel.css", CSS, "channel.css";
    "/assets/channel.js", JS, "channel.js";
    "/assets/explain.css", CSS, "explain.css";
    "/assets/illustrated.css", CSS, "illustrated.css";
    "/assets/illustrated.js", JS, "illustrated.js";
    "/assets/live.js", JS, "live.js";
    "/illustrated/live", HTML, "live.html";
    "/assets/im.css", CSS, "im.css";
    "/assets/im.js", JS, "im.js";
    "/assets/im-line.js", JS, "im-line.js";
    "/assets/im-login.js", JS, "im-login.js";
    "/assets/im-outbox.js", JS, "im-outbox.js";
    "/assets/im-talks.js", JS, "im-talks.js";
    "/assets/im-view.js", JS, "im-view.js";
    "/assets/notice.js", JS, "notice.js";
    "/assets/panels.js", JS, "panels.js";
    "/assets/presence.js", JS, "presence.js";
    "/assets/publish.js", JS, "publish.js";
    "/assets/plot.js", JS, "plot.js";
    "/assets/stats.css", CSS, "stats.css";
    "/assets/stats.js", JS, "stats.js";
    "/assets/subscription.js", JS, "subscription.js";
    "/assets/tabs.js", JS, "tabs.js";
    "/assets/theme.js", JS, "theme.js";
    "/assets/token.js", JS, "token.js";
    "/assets/tracker.js", JS, "tracker.js";
    "/assets/wire.js", JS, "wire.js";
    "/assets/history.js", JS, "history.js";
    "/assets/wire-meter.js", JS, "wire-meter.js";
    "/assets/wire-size.js", JS, "wire-size.js";
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// A file that was added to the folder but not to the list would be missing from the binary.
    #[test]
    fn every_file_of_the_folder_is_served() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pages");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let mut served: Vec<String> = super::ASSETS
            .iter()
            .map(|asset| match asset.path.rsplit('/').next() {
                Some("") | None => "index.html".to_owned(),
                Some(page @ ("chat" | "live")) => format!("{page}.html"),
                Some(name) => name.to_owned(),
            })
            .collect();
        // Served at paths where programs get JSON.
        served.extend(["channel.html".to_owned(), "stats.html".to_owned()]);
        served.sort();
        assert_eq!(files, served);
    }
}
