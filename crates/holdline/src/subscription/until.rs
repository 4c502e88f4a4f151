//! A stream that is to last for so long, below the time after which some proxy would cut it.

use std::time::Duration;

use bytes::BytesMut;
use holdline_comet::Cursor;
use holdline_http1::SendError;
use holdline_net::Body;

use super::body::BodyFormat;
use crate::message::{Message, Wire};

#[derive(Debug)]
pub(crate) struct Until<F> {
    pub(crate) format: F,
    /// In the hub's time.
    pub(crate) until: Duration,
}

impl<F: BodyFormat> BodyFormat for Until<F> {
    fn begin(&self, out: &mut BytesMut) {
        self.format.begin(out);
    }

    fn own(&self, event: &str, cursor: Cursor, json: &str, out: &mut BytesMut) {
        self.format.own(event, cursor, json, out);
    }

    fn told(&mut self, event: &str, data: &str, json: &str, out: &mut BytesMut) {
        self.format.told(event, data, json, out);
    }

    fn wire(&self) -> Wire {
        self.format.wire()
    }

    fn message(&mut self, message: &Message, body: &mut Body<'_>) -> Result<(), SendError> {
        self.format.message(message, body)
    }

    fn heartbeat(&self) -> &'static [u8] {
        self.format.heartbeat()
    }

    fn end(&self, out: &mut BytesMut) {
        self.format.end(out);
    }

    fn is_full(&self) -> bool {
        self.format.is_full()
    }

    fn until(&self) -> Option<Duration> {
        Some(self.until)
    }
}
