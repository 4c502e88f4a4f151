use holdline_http1::{BodyLength, ResponseHead, Version};

use super::{Error, copy};

/// The head of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    status: u16,
    version: Version,
    headers: Vec<(String, Vec<u8>)>,
    body: BodyLength,
}

impl Response {
    pub(super) fn new(head: &ResponseHead<'_>, body: BodyLength) -> Self {
        Self {
            status: head.status(),
            version: head.version(),
            headers: copy(head.headers()),
            body,
        }
    }

    /// The status code, 100 to 999.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the final response is still to come: a 1xx other than 101 (RFC 9110 §15.2).
    #[must_use]
    pub fn is_informational(&self) -> bool {
        self.status < 200 && self.status != 101
    }

    /// The version that the server speaks.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// How the end of the body is found.
    #[must_use]
    pub fn body(&self) -> BodyLength {
        self.body
    }

    /// The value of the first field line with this name, in any case. `Ok(None)`: there is none.
    ///
    /// # Errors
    ///
    /// [`Error::NotText`] when the value is not UTF-8: [`header_bytes`](Self::header_bytes) gives it.
    pub fn header(&self, name: &str) -> Result<Option<&str>, Error> {
        let value = self.header_bytes(name).map(std::str::from_utf8).transpose();
        value.map_err(|_| Error::NotText {
            name: name.to_owned(),
        })
    }

    /// The same, as the bytes that came.
    #[must_use]
    pub fn header_bytes(&self, name: &str) -> Option<&[u8]> {
        let mut fields = self.headers();
        let found = fields.find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    /// The field lines, in wire order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> + Clone {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}
