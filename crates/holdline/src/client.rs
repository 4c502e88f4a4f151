//! The client for browsers, `/holdline.js`, put together from its parts. It is served without their comments and
//! without what is in front of each line: half of the bytes.

use std::sync::LazyLock;

use crate::pages::{Asset, JS};

/// The client, its types, or the transports that plug into it.
pub(crate) fn find(path: &str) -> Option<&'static Asset> {
    FILES.iter().find(|file| file.path == path)
}

static FILES: LazyLock<[Asset; 5]> = LazyLock::new(|| {
    let script = |path, text: &str| Asset {
        path,
        content_type: JS,
        body: bare(text).leak().as_bytes(),
    };
    let types = |path, text: &'static str| Asset {
        path,
        content_type: "text/plain; charset=utf-8",
        body: text.as_bytes(),
    };
    [
        script("/holdline.js", CLIENT),
        script("/holdline.mjs", include_str!("client/holdline.mjs")),
        script("/holdline-comet.js", include_str!("client/comet.js")),
        types("/holdline.d.ts", include_str!("client/holdline.d.ts")),
        types("/holdline.d.mts", include_str!("client/holdline.d.mts")),
    ]
});

/// A script for pages, and what Node and bundlers take for a module of the old kind.
const CLIENT: &str = concat!(
    "//! Holdline's client: docs and types are in holdline.d.ts.\n(() => {\n\"use strict\";\n",
    include_str!("client/common.js"),
    include_str!("client/transports.js"),
    include_str!("client/session.js"),
    include_str!("client/connect.js"),
    include_str!("client/publish.js"),
    "if (!globalThis.holdline?.connect) globalThis.holdline = { connect, publish, transports };\n\
     if (typeof module === \"object\") module.exports = { connect, publish, transports };\n})();\n",
);

/// A script without the lines that are only comment, and without blanks in front of the others. No line of a client's
/// part may begin with `*` or `//` and be code.
fn bare(script: &str) -> String {
    let mut bare = String::with_capacity(script.len());
    for line in script.lines().map(str::trim) {
        let comment = (line.starts_with("//") && !line.starts_with("//!"))
            || line.starts_with("/*")
            || line.starts_with('*');
        if !line.is_empty() && !comment {
            bare.push_str(line);
            bare.push('\n');
        }
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_blanks_are_left_out_and_nothing_else() {
        let script = "//! Kept.\n// gone\n\n/** Gone,\n *  too. */\nconst url = \"http://a\"; // kept\n  \tgo();\r\n";
        assert_eq!(
            bare(script),
            "//! Kept.\nconst url = \"http://a\"; // kept\ngo();\n"
        );
    }

    #[test]
    fn no_line_of_the_client_would_be_left_out_by_mistake() {
        for text in [CLIENT, include_str!("client/comet.js")] {
            let mut comment = false;
            for line in text.lines().map(str::trim) {
                // A block is whole lines.
                assert!(!line.starts_with('*') || comment, "{line}");
                assert!(
                    line.starts_with("/*") || comment || !line.contains("*/"),
                    "{line}"
                );
                comment = (comment || line.starts_with("/*")) && !line.contains("*/");
                assert!(
                    !line.contains('`') || line.matches('`').count() % 2 == 0,
                    "{line}"
                );
            }
        }
    }
}
