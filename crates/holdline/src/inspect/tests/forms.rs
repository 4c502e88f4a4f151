//! The width of a terminal, and the page for a browser.

use super::*;

fn every_part() -> Vec<(Case, Vec<u8>)> {
    let frames = [
        masked(0x01, b"Hello, "),
        masked(0x89, b"\0\x1b[31m"),
        masked(0x80, "<b>wörld</b>, how are you?".as_bytes()),
        masked(0x88, b"\x03\xe8bye"),
    ];
    vec![
        (
            REQUESTS,
            b"PUT /a?b=c HTTP/1.1\r\nHost: a\r\nX: <c>\r\nTransfer-Encoding: chunked\r\n\r\n\
              c;a\r\nHello, world\r\n0\r\nX: 1\r\n\r\n"
                .to_vec(),
        ),
        (
            EVENTS,
            b": hi\nid: 7\nevent: averyveryverylongeventtypewithoutanyspaceinit\ndata: <i>\n\n"
                .to_vec(),
        ),
        (FRAMES, frames.concat()),
        (UNMASKED, b"\x83\x00".to_vec()),
    ]
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for (case, bytes) in every_part() {
        for width in [60, 80, 100] {
            let (output, _) = case.styled(&bytes, Style::text(false, width), BLOCK);
            assert_eq!(
                super::explain::shown(&output),
                super::explain::shown(&case.clone().explained().once(&bytes, BLOCK).0)
            );
            for line in output.lines() {
                // A row of masked bytes also has them unmasked.
                let least = if line.len() > 70 && width < 80 {
                    80
                } else {
                    width
                };
                assert!(line.chars().count() <= least, "{width}: {line}");
            }
        }
    }
}

#[test]
fn a_page_shows_each_byte_and_no_markup_of_the_input() {
    for (case, bytes) in every_part() {
        let (page, _) = case.styled(&bytes, Style::Html, BLOCK);
        for piece in [1, 3] {
            assert_eq!(case.styled(&bytes, Style::Html, piece).0, page);
        }
        let mut shown = Vec::new();
        for part in page.split("<code class=\"x-hex\">").skip(1) {
            let (hex, _) = part.split_once("</code>").unwrap();
            let digits = hex.split_whitespace();
            shown.extend(digits.map(|byte| u8::from_str_radix(byte, 16).unwrap()));
        }
        let reserved = bytes == b"\x83\x00";
        assert_eq!(
            shown,
            if reserved { &bytes[..1] } else { &bytes[..] },
            "{page}"
        );
        assert!(!page.contains("<b>") && !page.contains("<i>") && !page.contains("<c>"));
        assert!(!page.contains(|c: char| c.is_control() && c != '\n'));
        for element in ["details", "summary", "div", "table", "p", "code"] {
            let opened = page.matches(&format!("<{element}")).count();
            assert_eq!(
                opened,
                page.matches(&format!("</{element}>")).count(),
                "{element}"
            );
        }
    }
}

#[test]
fn sections_are_links_and_masks_are_undone_byte_by_byte() {
    let (page, _) = FRAMES.styled(&masked(0x81, b"Hello"), Style::Html, BLOCK);
    assert!(page.contains(
        "<a href=\"https://www.rfc-editor.org/rfc/rfc6455#section-5.2\">RFC 6455 §5.2</a>"
    ));
    assert!(page.contains(
        "<tr><td>0</td><td>7f  01111111</td><td>37  00110111</td><td>48  01001000</td><td>H</td></tr>"
    ));
}

#[test]
fn rows_that_repeat_stand_there_once() {
    let mut frame = b"\x82\x7e\x10\x00".to_vec();
    frame.extend([b'z'; 4096]);
    let (page, _) = UNMASKED.styled(&frame, Style::Html, BLOCK);
    assert!(page.contains("<i>511 times more</i>"));
    assert!(page.len() < 10_000, "{}", page.len());
}
