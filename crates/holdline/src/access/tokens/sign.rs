//! Signing a token.

use jsonwebtoken::{EncodingKey, Header, encode};
use serde::Serialize;

use super::{Tokens, hs256};
use crate::access::clock::now;

/// A token with these claims, signed with `key`. It is one that a server with this key takes.
///
/// # Errors
/// What is wrong with it, such as that it is too long.
pub(crate) fn sign(
    key: &str,
    kid: Option<&String>,
    audience: Option<&str>,
    claims: &impl Serialize,
) -> Result<String, String> {
    hs256::install();
    let header = Header {
        kid: kid.cloned(),
        ..Header::default()
    };
    let secret = EncodingKey::from_secret(key.as_bytes());
    let token = encode(&header, claims, &secret).map_err(|error| error.to_string())?;
    let server = Tokens::new(vec![(kid.cloned(), key.to_owned())], audience)?;
    match server.verify(token.as_bytes(), now()) {
        Ok(_) => Ok(token),
        Err(bad) => Err(format!("the token {bad}")),
    }
}
