//! A secret that can be compared but not read.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The HMAC of a secret, under a key made just for it. To compare, we take the HMAC of what was shown under the same
/// key. So the time this takes reveals neither where the two differ nor how long the secret is.
pub(super) struct Secret {
    key: Hmac<Sha256>,
    tag: [u8; 32],
}

impl Secret {
    pub(super) fn new(secret: &str) -> Result<Self, String> {
        let mut key = [0; 64];
        getrandom::fill(&mut key).map_err(|error| format!("no random numbers: {error}"))?;
        let key = Hmac::<Sha256>::new_from_slice(&key).map_err(|error| error.to_string())?;
        let tag = key.clone().chain_update(secret).finalize();
        Ok(Self {
            key,
            tag: tag.into_bytes().into(),
        })
    }

    /// Whether `shown` is the secret.
    pub(super) fn is(&self, shown: &[u8]) -> bool {
        let shown = self.key.clone().chain_update(shown);
        // In constant time.
        shown.verify_slice(&self.tag).is_ok()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_secret_is_it() {
        let secret = Secret::new("open-sesame").unwrap();
        assert!(secret.is(b"open-sesame"));
        for other in [
            "",
            "open-sesam",
            "open-sesamee",
            "Open-sesame",
            "open-sesame\0",
        ] {
            assert!(!secret.is(other.as_bytes()), "{other:?}");
        }
        // The key differs, so a tag seen once says nothing about the next.
        assert_ne!(secret.tag, Secret::new("open-sesame").unwrap().tag);
    }

    #[test]
    fn it_is_not_shown_to_those_who_debug() {
        assert_eq!(
            format!("{:?}", Secret::new("open-sesame").unwrap()),
            "Secret"
        );
    }
}
