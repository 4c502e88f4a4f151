//! Text that could be taken for something else in JSON, in a script, or in a page.

/// What ends a string, a line of a script or the script itself, their neighbours, and what looks like an escape.
pub(crate) const IN_SCRIPTS: [&str; 20] = [
    "\r\n",
    "\n",
    "\0",
    "\u{feff}",
    "\u{2028}",
    "\u{2029}",
    "\u{2027}",
    "\u{202a}",
    "\u{e2}",
    "\"",
    "'",
    "\\",
    "\\u2028",
    "</script>",
    "<!--",
    "-->",
    "]]>",
    "&amp;",
    "*/",
    "`${x}`",
];
