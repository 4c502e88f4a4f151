//! `publish` and `subscribe` against a server that wants tokens.

use std::fs;

use crate::support::{holdline, run, serve, text};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const TRANSPORTS: [&str; 5] = ["poll", "long-poll", "xhr-stream", "sse", "websocket"];

/// What `holdline token` prints.
fn sign(arguments: &[&str]) -> String {
    let arguments = [&["token"], arguments].concat();
    let output = holdline(&arguments)
        .env("HOLDLINE_TOKEN_KEY", KEY)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).trim().to_owned()
}

/// A file with a token.
fn file(token: &str) -> (tempfile::NamedTempFile, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), format!("{token}\n")).unwrap();
    let argument = format!("@{}", file.path().display());
    (file, argument)
}

#[test]
fn a_subscriber_shows_its_token_over_each_transport() {
    let (_server, host) = serve("127.0.0.1:0", &["--token-key", KEY]);
    let url = format!("{host}/channels/a");
    let (_publisher, publisher) = file(&sign(&["--publish", "a"]));
    let output = run(&["publish", &url, "--token", &publisher, "one"], b"");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    let token = sign(&["--subscribe", "a", "--name", "ann"]);
    let (_reader, reader) = file(&token);
    let (_wrong, wrong) = file(&sign(&["--subscribe", "b"]));
    for transport in TRANSPORTS {
        let read = |more: &[&str]| {
            let arguments = ["subscribe", &url, "--transport", transport];
            let since = ["--since", "earliest", "--count", "1"];
            holdline(&[&arguments[..], &since, more].concat())
        };
        let output = read(&["--token", &reader]).output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{transport}: {said}");
        assert!(text(&output.stdout).contains("\"data\":\"one\""));
        assert!(!said.contains("command line"), "{said}");
        let output = read(&[]).env("HOLDLINE_TOKEN", &token).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{transport}");
        // No token, and one of another channel: both are final.
        for (more, status) in [(&[][..], "401"), (&["--token", &wrong], "403")] {
            let output = read(more).output().unwrap();
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{transport}: {said}");
            assert!(said.contains(status), "{transport}: {said}");
        }
    }
    // Everyone can see it in the list of processes.
    let shown = ["subscribe", &url, "--token", &token, "--since", "earliest"];
    let output = run(&[&shown[..], &["--count", "1"]].concat(), b"");
    let warning = text(&output.stderr);
    assert!(
        warning.contains("--token @FILE") && !warning.contains(&token),
        "{warning}"
    );
}

#[test]
fn the_help_says_which_tokens_are_meant() {
    let help = |command| text(&run(&[command, "--help"], b"").stdout).replace('\n', " ");
    let publish = help("publish");
    for words in ["--publish-token", "--token-key", "holdline token"] {
        assert!(publish.contains(words), "{publish}");
    }
    assert!(help("subscribe").contains("HOLDLINE_TOKEN"));
}
