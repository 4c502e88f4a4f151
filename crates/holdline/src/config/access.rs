//! Options for access control.

use clap::Args;
use clap::builder::BoolishValueParser;

use super::secret::SecretSource;
use super::tokens::TokenArguments;
use crate::access::hosts;

/// These apply to the head of every request, whatever it asks for.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct AccessArguments {
    /// Origins whose pages may publish and read, in addition to the server's own: `https://example.com`, or `*` for
    /// all. May be given more than once. @FILE has one origin on each line, and is read again on SIGHUP.
    #[arg(
        long,
        env = "HOLDLINE_ALLOW_ORIGIN",
        value_delimiter = ',',
        value_parser = origin_or_file,
        value_name = "ORIGIN|@FILE"
    )]
    pub(crate) allow_origin: Vec<String>,
    /// Names by which clients reach this server on a loopback address, for example behind a proxy on the same
    /// machine: `push.example.com`. Addresses, `localhost` and the hosts of --allow-origin are always accepted. May
    /// be given more than once.
    #[arg(
        long,
        env = "HOLDLINE_ALLOW_HOST",
        value_delimiter = ',',
        value_parser = host,
        value_name = "HOST"
    )]
    pub(crate) allow_host: Vec<String>,
    /// Token that publishers must show, as `Authorization: Bearer TOKEN`. @FILE reads it from a file, and again on
    /// SIGHUP.
    #[arg(
        long,
        env = "HOLDLINE_PUBLISH_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN|@FILE"
    )]
    pub(crate) publish_token: Option<SecretSource>,
    #[command(flatten)]
    pub(crate) tokens: TokenArguments,
    /// Turn JSONP off. If a browser does not tell which site is asking (over http:// to another machine, or an old
    /// browser anywhere), any page can use JSONP to read a channel.
    #[arg(long, env = "HOLDLINE_NO_JSONP", value_parser = BoolishValueParser::new())]
    pub(crate) no_jsonp: bool,
    /// Turn off the pages: `/`, `/chat`, `/techniques`, `/illustrated`, `/explain`, that of a channel and that of
    /// `/stats`, with their files and the moving box.
    #[arg(long, env = "HOLDLINE_NO_PAGES", value_parser = BoolishValueParser::new())]
    pub(crate) no_pages: bool,
}

impl AccessArguments {
    /// The allowed origins, including those currently in files.
    pub(crate) fn origins(&self) -> Result<Vec<String>, String> {
        let mut origins = Vec::new();
        for given in &self.allow_origin {
            let Some(path) = given.strip_prefix('@') else {
                origins.push(given.clone());
                continue;
            };
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("the origins in {path} cannot be read: {error}"))?;
            for (number, line) in (1..).zip(text.lines()) {
                let line = line.trim();
                if !line.is_empty() && !line.starts_with('#') {
                    let origin = origin(line);
                    origins
                        .push(origin.map_err(|error| format!("{path}, line {number}: {error}"))?);
                }
            }
        }
        Ok(origins)
    }
}

/// Parses an origin or @FILE. A file is only read at the start, and again on SIGHUP.
fn origin_or_file(text: &str) -> Result<String, String> {
    match text.strip_prefix('@') {
        Some("") => Err("a path goes behind `@`".to_owned()),
        Some(_) => Ok(text.to_owned()),
        None => origin(text),
    }
}

/// Parses an origin as browsers write it (RFC 6454 §6.2): in lower case, without the default port of its scheme.
fn origin(text: &str) -> Result<String, String> {
    if text == "*" {
        return Ok(text.to_owned());
    }
    let text = text.to_ascii_lowercase();
    match text.split_once("://") {
        Some((scheme, host)) if !scheme.is_empty() && is_host_and_port(host) => {
            let implied = match scheme {
                "https" => ":443",
                "http" => ":80",
                _ => "",
            };
            let host = host.strip_suffix(implied).unwrap_or(host);
            Ok(format!("{scheme}://{host}"))
        }
        _ => Err("an origin is a scheme, a host and maybe a port: https://example.com:8443".into()),
    }
}

fn is_host_and_port(text: &str) -> bool {
    let separates =
        |c: char| matches!(c, '/' | '?' | '#' | '@' | '\\' | '*') || !c.is_ascii_graphic();
    !text.is_empty() && !text.starts_with(':') && !text.contains(separates)
}

fn host(text: &str) -> Result<String, String> {
    match hosts::is_plain(text) {
        true => Ok(text.to_ascii_lowercase()),
        false => Err("a host is a name without scheme, port and path: push.example.com".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_kept_as_browsers_write_it() {
        for (text, kept) in [
            ("*", "*"),
            ("https://App.example", "https://app.example"),
            ("https://app.example:443", "https://app.example"),
            ("http://app.example:80", "http://app.example"),
            ("http://app.example:443", "http://app.example:443"),
            ("http://[::1]:80", "http://[::1]"),
            ("chrome-extension://abc", "chrome-extension://abc"),
        ] {
            assert_eq!(origin(text).unwrap(), kept);
        }
        for text in [
            "",
            "null",
            "app.example",
            "https://",
            "https://:80",
            "https://app.example/",
            "https://user:pw@app.example",
            "https://*.example",
            "https://a b",
        ] {
            assert!(origin(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_host_is_a_name_alone() {
        assert_eq!(host("Push.Example.com").unwrap(), "push.example.com");
        for text in [
            "",
            "*",
            "a:80",
            "http://a",
            "a/",
            "a b",
            "$(a)",
            "caf\u{e9}",
        ] {
            assert!(host(text).is_err(), "{text}");
        }
    }
}
