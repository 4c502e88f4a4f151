//! The pages and their files. Each page is made of the same beginning and end, with its own title and text between
//! them; its technique is a script of its own, which the page runs and shows.

use crate::pages::{Asset, CSS, HTML, JS, TEXT};

/// The file at a path.
pub(crate) fn find(path: &str) -> Option<&'static Asset> {
    let files = PAGES.iter().chain(FILES);
    files.into_iter().find(|asset| asset.path == path)
}

macro_rules! pages {
    ($($name:literal, $title:literal;)*) => {
        const PAGES: &[Asset] = &[$(Asset {
            path: concat!("/techniques/", $name),
            content_type: HTML,
            body: concat!(
                include_str!("pages/top.html"),
                "<title>", $title, " · Holdline</title>\n",
                include_str!("pages/middle.html"),
                "<h1>", $title, "</h1>\n",
                include_str!(concat!("pages/", $name, ".html")),
                include_str!("pages/bottom.html"),
            ).as_bytes(),
        }),*];
    };
}

macro_rules! files {
    ($($path:literal, $content_type:ident, $file:literal;)*) => {
        const FILES: &[Asset] = &[$(Asset {
            path: concat!("/techniques", $path),
            content_type: $content_type,
            body: include_bytes!($file),
        }),*];
    };
}

pages! {
    "short-poll", "Short poll";
    "iframe-reload", "Iframe polling: one frame, reloaded";
    "iframe-each", "Iframe polling: a frame for each request";
    "iframe-recursive", "Iframe polling: the recursive frame";
    "long-poll", "Long poll";
    "jsonp", "JSONP long poll";
    "script-poll", "Script-tag polling";
    "forever-frame", "The forever frame";
    "xhr-stream", "XHR streaming";
    "fetch-stream", "Fetch streaming";
    "event-source", "Server-sent events";
    "event-source-polyfill", "EventSource by polyfill";
    "websocket", "WebSocket";
    "piggyback", "Piggyback, or reverse Ajax";
    "im-stream", "A web IM that streams";
    "im-poll", "A web IM that polls";
}

files! {
    "", HTML, "pages/index.html";
    "/techniques.css", CSS, "pages/techniques.css";
    "/list.css", CSS, "pages/list.css";
    "/frame.js", JS, "pages/frame.js";
    "/requests.js", JS, "pages/requests.js";
    "/timeline.js", JS, "pages/timeline.js";
    "/code/short-poll.js", JS, "pages/short-poll.js";
    "/code/iframe-reload.js", JS, "pages/iframe-reload.js";
    "/code/iframe-each.js", JS, "pages/iframe-each.js";
    "/code/iframe-recursive.js", JS, "pages/iframe-recursive.js";
    "/code/long-poll.js", JS, "pages/long-poll.js";
    "/code/jsonp.js", JS, "pages/jsonp.js";
    "/code/script-poll.js", JS, "pages/script-poll.js";
    "/code/forever-frame.js", JS, "pages/forever-frame.js";
    "/code/xhr-stream.js", JS, "pages/xhr-stream.js";
    "/code/fetch-stream.js", JS, "pages/fetch-stream.js";
    "/code/event-source.js", JS, "pages/event-source.js";
    "/code/event-source-polyfill.js", JS, "pages/event-source-polyfill.js";
    "/code/websocket.js", JS, "pages/websocket.js";
    "/code/piggyback.js", JS, "pages/piggyback.js";
    "/code/im-stream.js", JS, "pages/im-stream.js";
    "/code/im-poll.js", JS, "pages/im-poll.js";
    "/traces/four-events.txt", TEXT, "traces/four-events.txt";
    "/traces/htmlfile.txt", TEXT, "traces/htmlfile.txt";
    "/traces/xdomainrequest.txt", TEXT, "traces/xdomainrequest.txt";
    "/traces/hixie76.txt", TEXT, "traces/hixie76.txt";
    "/traces/plug-in-socket.txt", TEXT, "traces/plug-in-socket.txt";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// A file that was added to the folder and not to the lists would be missing in the binary.
    #[test]
    fn every_file_is_served() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/techniques");
        let names = ["pages", "traces"].into_iter().flat_map(|name| {
            let entries = std::fs::read_dir(folder.join(name)).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap())
        });
        let files: BTreeSet<String> = names.collect();
        let name = |asset: &Asset| asset.path.rsplit('/').next().unwrap().to_owned();
        let mut served: BTreeSet<String> = FILES.iter().map(name).collect();
        served.remove("techniques");
        served.extend(PAGES.iter().map(|page| name(page) + ".html"));
        served.extend(["top.html", "middle.html", "bottom.html", "index.html"].map(str::to_owned));
        assert_eq!(files, served);
    }

    #[test]
    fn every_page_has_its_script() {
        for page in PAGES {
            let name = page.path.strip_prefix("/techniques/").unwrap();
            let code = format!("/techniques/code/{name}.js");
            assert!(find(&code).is_some(), "{code}");
        }
    }
}
