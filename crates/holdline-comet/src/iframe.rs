//! The forever frame: an endless HTML page in a hidden `<iframe>`.
//!
//! A browser runs each `<script>` as soon as it has arrived, so every message is a script
//! that calls a function of the page around the frame. This worked long before XHR could
//! read a growing response. The page and the frame must be of the same origin.
//!
//! Each message leaves a `<script>` element in the frame's document. A server should end
//! the page after some megabytes; the page around it sees the frame's `load` event and
//! loads it again from its last cursor.
//!
//! Send it as [`CONTENT_TYPE`] with `X-Content-Type-Options: nosniff` and, so that no other
//! site can frame it, `X-Frame-Options: SAMEORIGIN`.

use bytes::{BufMut, BytesMut};

use crate::jsonp::{CallbackError, CallbackName};
use crate::script::{self, Escaped};

/// The media type of the page.
pub const CONTENT_TYPE: &str = "text/html; charset=utf-8";

/// White space: keeps proxies and the client's own watchdog from giving up.
pub const HEARTBEAT: &[u8] = b"\n";

/// An endless page that calls `parent.F(…)` for each message.
///
/// ```
/// use bytes::BytesMut;
/// use holdline_comet::iframe::Page;
///
/// let page = Page::new("receive".parse()?)?;
/// let mut out = BytesMut::new();
/// page.message(br#"{"data":"</script>"}"#, &mut out);
/// assert_eq!(
///     out,
///     "<script>parent.receive({\"data\":\"\\u003c/script\\u003e\"})</script>\n"
/// );
/// # Ok::<(), holdline_comet::jsonp::CallbackError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Page {
    callback: CallbackName,
}

impl Page {
    /// A page that calls the function `callback` of the page around it.
    ///
    /// # Errors
    /// [`CallbackError::NotIdentifier`] when the name is more than a single identifier. The
    /// scripts run with the rights of the server's own site, and whoever links to the page
    /// chooses the name: `opener.document.forms[0].submit` must not get through.
    pub fn new(callback: CallbackName) -> Result<Self, CallbackError> {
        if callback.is_identifier() {
            Ok(Self { callback })
        } else {
            Err(CallbackError::NotIdentifier)
        }
    }

    /// The function's name.
    pub const fn callback(&self) -> &CallbackName {
        &self.callback
    }

    /// Appends the beginning of the page, padded to 2 KiB, because browsers hold back up to
    /// 1 KiB before they run anything.
    pub fn begin(&self, out: &mut BytesMut) {
        out.put_slice(HEAD);
        out.put_bytes(b' ', BEGIN_LEN - HEAD.len() - 1);
        out.put_u8(b'\n');
    }

    /// Appends the beginning of a page that ends at once: then nothing is held back, and it needs no padding.
    pub fn begin_short(&self, out: &mut BytesMut) {
        out.put_slice(HEAD);
    }

    /// Appends one message, a JSON value in UTF-8, which is escaped on the way.
    pub fn message(&self, json: &[u8], out: &mut BytesMut) {
        self.script(out, |out| script::encode(json, out));
    }

    /// Appends one message that was escaped once for many receivers.
    pub fn prepared(&self, json: &Escaped, out: &mut BytesMut) {
        self.script(out, |out| out.put_slice(json.bytes()));
    }

    /// Appends the end of the page.
    pub fn end(&self, out: &mut BytesMut) {
        out.put_slice(b"</body></html>\n");
    }

    fn script(&self, out: &mut BytesMut, argument: impl FnOnce(&mut BytesMut)) {
        out.put_slice(b"<script>parent.");
        out.put_slice(self.callback.as_str().as_bytes());
        out.put_u8(b'(');
        argument(out);
        out.put_slice(b")</script>\n");
    }
}

/// The charset is named before the padding, within the first 1024 bytes, as HTML requires.
const HEAD: &[u8] = b"<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">\
    <meta name=\"referrer\" content=\"no-referrer\"><title>stream</title></head><body>\n";
const BEGIN_LEN: usize = 2048;

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use bytes::Bytes;

    use super::*;

    fn page() -> Page {
        Page::new("receive".parse().unwrap()).unwrap()
    }

    #[test]
    fn the_beginning_is_long_enough_to_be_shown() {
        let mut out = BytesMut::new();
        page().begin(&mut out);
        assert_eq!(out.len(), 2048);
        assert!(out.starts_with(b"<!DOCTYPE html>"));
        assert!(out.ends_with(b" \n"));
        let mut short = BytesMut::new();
        page().begin_short(&mut short);
        assert!(short.len() < 200 && out.starts_with(&short));
    }

    #[test]
    fn paths_are_refused() {
        for name in ["a.b", "a[0]"] {
            assert_eq!(
                Page::new(name.parse().unwrap()).unwrap_err(),
                CallbackError::NotIdentifier
            );
        }
    }

    #[test]
    fn no_message_leaves_its_script() {
        let json = br#""</script><script>alert(1)</script><!-- &lt; ""#;
        let (mut out, mut prepared) = (BytesMut::new(), BytesMut::new());
        page().message(json, &mut out);
        page().prepared(&Escaped::new(&Bytes::from_static(json)), &mut prepared);
        assert_eq!(out, prepared);
        let text = String::from_utf8(out.to_vec()).unwrap();
        assert_eq!(text.matches('<').count(), 2);
        assert!(text.starts_with("<script>parent.receive(\""));
        assert!(text.ends_with("\")</script>\n"));
    }

    #[test]
    fn the_end_closes_what_the_beginning_opened() {
        let mut out = BytesMut::new();
        page().end(&mut out);
        assert_eq!(out, "</body></html>\n");
    }
}
