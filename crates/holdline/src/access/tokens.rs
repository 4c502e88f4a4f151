//! Tokens that are signed: JSON Web Tokens (RFC 7519) with HS256 and nothing else.

mod claims;
mod header;
mod hs256;
mod sign;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};

use self::claims::Claims;
pub(super) use self::claims::{Grants, LEEWAY};
use self::header::Header;
pub(crate) use self::sign::sign;

/// The keys by which tokens are known, and what else is asked of one.
pub(super) struct Tokens {
    keys: Vec<(Option<String>, DecodingKey)>,
    validation: Validation,
}

/// Why a token is not taken. Reads on after "the token".
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Bad {
    TooLong,
    Malformed,
    Algorithm,
    Critical,
    UnknownKey,
    Signature,
    NotYet,
    Over,
    Audience,
    Claims(String),
}

impl Tokens {
    /// # Errors
    /// Two keys have the same name.
    pub(super) fn new(
        keys: Vec<(Option<String>, String)>,
        audience: Option<&str>,
    ) -> Result<Self, String> {
        let mut names = HashSet::new();
        for kid in keys.iter().filter_map(|(kid, _)| kid.as_deref()) {
            if !names.insert(kid) {
                return Err(format!("two token keys have the name {kid}"));
            }
        }
        hs256::install();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        // Its end is judged here, because streams and messages are judged by it, too, and at the same moment.
        validation.validate_exp = false;
        validation.required_spec_claims = HashSet::new();
        if let Some(audience) = audience {
            validation.set_audience(&[audience]);
            validation.required_spec_claims.insert("aud".to_owned());
        }
        let key = |(kid, key): (_, String)| (kid, DecodingKey::from_secret(key.as_bytes()));
        Ok(Self {
            keys: keys.into_iter().map(key).collect(),
            validation,
        })
    }

    /// What a token grants at `now`, since the epoch of Unix.
    pub(super) fn verify(&self, token: &[u8], now: Duration) -> Result<Grants, Bad> {
        if token.len() > MAX_TOKEN {
            return Err(Bad::TooLong);
        }
        let header = Header::of(token).ok_or(Bad::Malformed)?;
        if header.alg != "HS256" {
            return Err(Bad::Algorithm);
        }
        if header.crit.is_some() {
            return Err(Bad::Critical);
        }
        let kid = header.kid.as_deref();
        let is_meant = |of: &Option<String>| kid.is_none() || of.as_deref() == kid;
        let mut result = Err(Bad::UnknownKey);
        for (_, key) in self.keys.iter().filter(|(of, _)| is_meant(of)) {
            result =
                decode::<Claims>(token, key, &self.validation).map_err(|error| bad(error.kind()));
            if !matches!(result, Err(Bad::Signature)) {
                break;
            }
        }
        let grants = result?.claims.grants().map_err(Bad::Claims)?;
        if grants.ends.is_some_and(|ends| ends <= now) {
            return Err(Bad::Over);
        }
        if grants.issued > now.saturating_add(Duration::from_secs(LEEWAY)) {
            return Err(Bad::NotYet);
        }
        Ok(grants)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.keys.iter().map(|(kid, _)| kid);
        f.debug_list().entries(names).finish()
    }
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "is longer than 4096 bytes",
            Self::Malformed => {
                "is no JSON Web Token: three parts in base64url, joined by dots, two of them JSON"
            }
            Self::Algorithm => "is not signed with HS256, the one algorithm that is taken",
            Self::Critical => {
                "has a `crit` in its header, and nothing that it could mean is known here"
            }
            Self::UnknownKey => "names a key by `kid` that this server does not have",
            Self::Signature => "is not signed with a key of this server",
            Self::NotYet => "is not good yet (`nbf`, `iat`)",
            Self::Over => "has expired (`exp`)",
            Self::Audience => "is for another audience (`aud`), or says none where one is needed",
            Self::Claims(problem) => {
                return write!(f, "has a claim that is not what it should be: {problem}");
            }
        })
    }
}

fn bad(kind: &ErrorKind) -> Bad {
    match kind {
        ErrorKind::InvalidSignature => Bad::Signature,
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => Bad::Algorithm,
        ErrorKind::ImmatureSignature => Bad::NotYet,
        ErrorKind::InvalidAudience | ErrorKind::MissingRequiredClaim(_) => Bad::Audience,
        ErrorKind::InvalidClaimFormat(claim) => Bad::Claims(format!("`{claim}`")),
        _ => Bad::Malformed,
    }
}

/// Bytes of a token. Beyond this nothing of it is looked at.
const MAX_TOKEN: usize = 4096;
