//! Tokens, made as a user makes them.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::server::program;

/// A key for `--token-key`.
pub const TOKEN_KEY: &str = "0123456789abcdef0123456789abcdef";

/// What `holdline token` prints for these arguments, signed with [`TOKEN_KEY`].
///
/// # Errors
/// If it cannot be run, or refuses: what it says.
pub fn sign_token(arguments: &[&str]) -> Result<String> {
    let output = Command::new(program()?)
        .arg("token")
        .args(arguments)
        .env("HOLDLINE_TOKEN_KEY", TOKEN_KEY)
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?}: {errors}");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
