//! Text that could be taken for something else in an event stream.

/// Line ends of all kinds, what other people take for line ends, what a line may begin with, and what is long in UTF-8.
pub(crate) const IN_STREAMS: [&str; 18] = [
    "\r",
    "\n",
    "\r\n",
    "\n\n",
    "\r\r",
    "\n\r",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\0",
    "\u{feff}",
    " ",
    ":",
    "data: x",
    "\nid: 1\n",
    "\nevent: x\n\n",
    "\t",
    "\u{1f980}",
];
