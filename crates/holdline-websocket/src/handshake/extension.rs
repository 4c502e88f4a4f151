//! `Sec-WebSocket-Extensions` (RFC 6455 §9.1).

use alloc::{borrow::Cow, string::String, vec::Vec};

use super::token::{is_token, is_token_byte};

/// One extension in an offer or an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension<'h> {
    /// Its registered name, such as `permessage-deflate`.
    pub name: &'h str,
    /// Its parameters, in their order.
    pub parameters: Vec<ExtensionParameter<'h>>,
}

/// A parameter of an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionParameter<'h> {
    /// Its name.
    pub name: &'h str,
    /// Its value without quotes, if it has one. Always a token.
    pub value: Option<Cow<'h, str>>,
}

/// A line that does not follow the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Sec-WebSocket-Extensions is not a list of extensions (RFC 6455 §9.1)")]
pub struct MalformedExtensions;

/// Reads one line of `Sec-WebSocket-Extensions`. Several lines are one list (§9.1).
///
/// ```
/// use holdline_websocket::handshake::parse_extensions;
///
/// let list = parse_extensions(b"permessage-deflate; client_max_window_bits=\"12\", x-other").unwrap();
/// assert_eq!(list[0].parameters[0].value.as_deref(), Some("12"));
/// assert_eq!(list[1].name, "x-other");
/// ```
///
/// # Errors
///
/// [`MalformedExtensions`], and so is a quoted value that is not a token inside its quotes: "the value after
/// quoted-string unescaping MUST conform to the 'token' ABNF".
pub fn parse_extensions(line: &[u8]) -> Result<Vec<Extension<'_>>, MalformedExtensions> {
    let mut rest = Cursor(core::str::from_utf8(line).map_err(|_| MalformedExtensions)?);
    let mut list = Vec::new();
    loop {
        rest.skip_space();
        if rest.take(',') {
            // RFC 9110 §5.6.1.2: empty elements are skipped.
            continue;
        }
        if rest.0.is_empty() {
            return Ok(list);
        }
        let name = rest.token()?;
        let mut parameters = Vec::new();
        rest.skip_space();
        while rest.take(';') {
            rest.skip_space();
            parameters.push(rest.parameter()?);
            rest.skip_space();
        }
        list.push(Extension { name, parameters });
        if !rest.take(',') && !rest.0.is_empty() {
            return Err(MalformedExtensions);
        }
    }
}

/// What is left of the line.
struct Cursor<'h>(&'h str);

impl<'h> Cursor<'h> {
    fn skip_space(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t']);
    }

    fn take(&mut self, wanted: char) -> bool {
        let rest = self.0.strip_prefix(wanted);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn token(&mut self) -> Result<&'h str, MalformedExtensions> {
        let is_token = |c: char| u8::try_from(c).is_ok_and(is_token_byte);
        let end = self.0.find(|c| !is_token(c)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at_checked(end).ok_or(MalformedExtensions)?;
        self.0 = rest;
        if token.is_empty() {
            return Err(MalformedExtensions);
        }
        Ok(token)
    }

    fn parameter(&mut self) -> Result<ExtensionParameter<'h>, MalformedExtensions> {
        let name = self.token()?;
        self.skip_space();
        if !self.take('=') {
            return Ok(ExtensionParameter { name, value: None });
        }
        self.skip_space();
        let value = if self.take('"') {
            self.quoted()?
        } else {
            Cow::Borrowed(self.token()?)
        };
        if !is_token(&value) {
            return Err(MalformedExtensions);
        }
        Ok(ExtensionParameter {
            name,
            value: Some(value),
        })
    }

    /// The rest of a quoted string; a backslash makes the next character plain.
    fn quoted(&mut self) -> Result<Cow<'h, str>, MalformedExtensions> {
        let all = self.0;
        let mut unescaped: Option<String> = None;
        let mut characters = all.char_indices();
        while let Some((at, character)) = characters.next() {
            let plain = match character {
                '"' => {
                    let (text, rest) = all.split_at_checked(at).ok_or(MalformedExtensions)?;
                    self.0 = rest;
                    self.take('"');
                    return Ok(unescaped.map_or(Cow::Borrowed(text), Cow::Owned));
                }
                '\\' => {
                    let before = all.get(..at).unwrap_or_default();
                    unescaped.get_or_insert_with(|| before.into());
                    characters.next().ok_or(MalformedExtensions)?.1
                }
                other => other,
            };
            if let Some(text) = &mut unescaped {
                text.push(plain);
            }
        }
        Err(MalformedExtensions)
    }
}
