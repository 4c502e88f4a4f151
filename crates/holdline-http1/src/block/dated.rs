//! The date that a server owes.

use super::sealed::Sealed;
use super::{Fields, HeaderBlock, Writer};
use crate::error::SendError;

/// Fields of a response, with a `Date` before them unless they have one themselves: a gateway passes on the one of the
/// server behind it (RFC 9110 §6.6.1).
///
/// ```
/// use holdline_http1::{Dated, HeaderBlock};
/// # use bytes::BytesMut;
/// # use holdline_http1::{Buffer, ServerConfig, ServerConnection};
/// # let mut http = ServerConnection::new(ServerConfig::default());
/// # let mut input = &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..];
/// # let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
/// # while http.receive(&mut input, &mut buffer)?.is_some() {}
///
/// let now = HeaderBlock::new([("Date", "Sun, 29 Nov 2026 12:00:00 GMT")])?; // once a second, say
/// let fields = [("date", "Sun, 29 Nov 2026 11:59:59 GMT"), ("Age", "1")];
/// http.respond(200, Dated::new(&now, fields), b"", &mut out)?;
/// assert!(out.starts_with(b"HTTP/1.1 200 OK\r\ndate: Sun, 29 Nov 2026 11:59:59 GMT\r\nAge: 1\r\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Dated<'a, F> {
    date: &'a HeaderBlock,
    fields: F,
}

impl<'a, F: Fields> Dated<'a, F> {
    /// `date` is the field line of now.
    pub const fn new(date: &'a HeaderBlock, fields: F) -> Self {
        Self { date, fields }
    }
}

impl<F: Fields> Fields for Dated<'_, F> {}
impl<F: Fields> Sealed for Dated<'_, F> {
    #[inline]
    fn append(&self, writer: &mut Writer<'_>) -> Result<(), SendError> {
        let start = writer.out.len();
        self.date.append(writer)?;
        writer.seen.date = false;
        self.fields.append(writer)?;
        if writer.seen.date {
            writer.take_out(start, self.date.as_bytes().len());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;

    fn written(fields: impl Fields) -> BytesMut {
        let mut out = BytesMut::from("before ");
        let mut writer = Writer::head(&mut out);
        writer.write(&fields).expect("good fields");
        out
    }

    #[test]
    fn a_date_of_the_callers_is_the_only_one() {
        let now = HeaderBlock::new([("Date", "now")]).expect("a good field");
        let own = HeaderBlock::new([("A", "a"), ("DATE", "own")]).expect("good fields");
        for (fields, expected) in [
            (written(Dated::new(&now, ())), "before Date: now\r\n"),
            (
                written(Dated::new(&now, [("Vary", "a"), ("Dates", "b")])),
                "before Date: now\r\nVary: a\r\nDates: b\r\n",
            ),
            (
                written(Dated::new(&now, [("A", "a"), ("date", "own")])),
                "before A: a\r\ndate: own\r\n",
            ),
            (
                written(Dated::new(&now, (&own, [("B", "b")]))),
                "before A: a\r\nDATE: own\r\nB: b\r\n",
            ),
            (
                written((Dated::new(&now, &own), [("B", "b")])),
                "before A: a\r\nDATE: own\r\nB: b\r\n",
            ),
        ] {
            assert_eq!(fields, expected);
        }
    }
}
