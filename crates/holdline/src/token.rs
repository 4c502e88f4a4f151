//! `holdline token`: signs a token.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use crate::access::{now, sign};
use crate::config::SignArguments;

/// Prints the token.
pub(crate) fn run(arguments: &SignArguments) -> Result<(), String> {
    let Some(source) = arguments.token_key.first() else {
        return Err("there is no --token-key to sign with".to_owned());
    };
    let claims = Claims::new(arguments, now())?;
    if claims.grant_nothing() {
        tracing::warn!("this token grants nothing: see --publish and --subscribe");
    }
    let kid = arguments.kid.as_ref().or(source.kid.as_ref());
    let token = sign(&source.read()?, kid, claims.aud, &claims)?;
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{token}").and_then(|()| out.flush());
    written.map_err(|error| format!("cannot write to standard output: {error}"))
}

/// What is not said is left out.
#[derive(Serialize)]
struct Claims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    iat: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    publish: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    subscribe: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    manage: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    presence: &'a [String],
}

impl<'a> Claims<'a> {
    fn new(arguments: &'a SignArguments, now: Duration) -> Result<Self, String> {
        let iat = now.as_secs();
        let end = |time: Duration| {
            let end = iat.checked_add(time.as_secs().max(1));
            end.ok_or_else(|| "--expires is beyond the end of time".to_owned())
        };
        Ok(Self {
            sub: arguments.name.as_deref(),
            aud: arguments.token_audience.as_deref(),
            iat,
            exp: arguments.expires.map(end).transpose()?,
            publish: &arguments.publish,
            subscribe: &arguments.subscribe,
            manage: &arguments.manage,
            presence: &arguments.presence,
        })
    }

    fn grant_nothing(&self) -> bool {
        let lists = [self.publish, self.subscribe, self.manage, self.presence];
        lists.into_iter().all(<[_]>::is_empty)
    }
}
