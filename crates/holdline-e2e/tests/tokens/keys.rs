//! Keys: which are refused, and how they are changed.

use std::fs;
use std::process::Command;

use holdline_e2e::{Server, program, wait_for};

use super::{KEY, bearer, sign, status};

const NEW: &str = "fedcba9876543210fedcba9876543210";

/// What the program says when it does not start.
fn refusal(arguments: &[&str]) -> String {
    let output = Command::new(program().unwrap())
        .args(["--listen", "127.0.0.1:0"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_cannot_work_is_refused_at_the_start_without_showing_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let short = folder.path().join("short");
    fs::write(&short, "0123456789abcdef0123456789abcde\n").unwrap();
    let short = format!("@{}", short.display());
    let long = folder.path().join("long");
    fs::write(&long, KEY).unwrap();
    let (one, other) = (
        format!("k=@{}", long.display()),
        format!("k=@{}", long.display()),
    );
    for (arguments, says) in [
        (
            vec!["--token-key", "0123456789abcdef0123456789abcde"],
            "32 or more",
        ),
        (vec!["--token-key", ""], "token"),
        (vec!["--token-key", &short], "32 or more"),
        (vec!["--token-key", "@"], "path"),
        (vec!["--token-key", "@/nowhere/key"], "cannot be read"),
        (
            vec!["--token-key", &one, "--token-key", &other],
            "two token keys",
        ),
        (vec!["--token-audience", "x"], "--token-key"),
        (vec!["--anonymous-subscribe", "a"], "--token-key"),
        (
            vec!["--token-key", KEY, "--anonymous-subscribe", "a*b"],
            "pattern",
        ),
    ] {
        let said = refusal(&arguments);
        assert!(said.contains(says), "{arguments:?}: {said}");
        assert!(!said.contains("0123456789"), "{said}");
    }
    // On the command line everybody can read it.
    let server = Server::start(&["--token-key", KEY]).unwrap();
    wait_for("the warning", || {
        server
            .log()
            .contains("the secret of --token-key")
            .then_some(())
    });
    assert!(!server.log().contains(KEY));
}

#[test]
fn a_token_that_no_server_would_take_is_not_signed() {
    for (arguments, says) in [
        (&["--publish", "a*b"][..], "pattern"),
        (&["--name", "a\u{202e}b"], "member"),
        (&["--expires", "0s"], "more than zero"),
        (&["--kid", "a b"], "name of a key"),
        (&["--subscribe", &"x".repeat(4000)], "4096"),
    ] {
        let output = Command::new(program().unwrap())
            .arg("token")
            .args(["--token-key", KEY])
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && said.contains(says),
            "{arguments:?}: {said}"
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_key_that_changes_in_its_file_is_read_again_and_a_bad_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["old", "new"].map(|name| folder.path().join(name));
    fs::write(&old, format!("{KEY}\n")).unwrap();
    fs::write(&new, format!("{NEW}\n")).unwrap();
    let [by_old, by_new] =
        [("old", &old), ("new", &new)].map(|(kid, path)| format!("{kid}=@{}", path.display()));
    let server = Server::start(&["--token-key", &by_old, "--token-key", &by_new]).unwrap();
    let poll = |token: &str| status(&server, "GET /channels/a/poll", &bearer(token));
    let claims = ["--subscribe", "a"];
    let of = |key: &str| sign(&[&["--token-key", key][..], &claims[..]].concat());
    let (of_old, of_new) = (of(&by_old), of(&by_new));
    let unnamed = sign(&claims);
    let crossed = sign(&[&["--kid", "new"][..], &claims[..]].concat());
    let unknown = sign(&[&["--kid", "none"][..], &claims[..]].concat());
    assert_eq!(
        [&of_old, &of_new, &unnamed, &crossed, &unknown].map(|token| poll(token)),
        [200, 200, 200, 401, 401]
    );

    // Half of a key that is being written.
    fs::write(&old, "fedcba98").unwrap();
    wait_for("the log to tell of it", || {
        server.log().contains("nothing changes").then_some(())
    });
    assert_eq!([&of_old, &of_new].map(|token| poll(token)), [200, 200]);

    fs::write(&old, "another key that is long enough!".replace(' ', "-")).unwrap();
    wait_for("the old tokens to end", || {
        (poll(&of_old) == 401).then_some(())
    });
    assert_eq!([&of_new, &unnamed].map(|token| poll(token)), [200, 401]);
    assert_eq!(poll(&of(&by_old)), 200);
}
