//! Limits that cannot work are refused at the start, with what would.

use std::process::Command;

use holdline_e2e::{Server, program};

/// What the program says, which must refuse these options.
fn refusal(options: &[&str]) -> String {
    let output = Command::new(program().unwrap())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(options)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{options:?}: {said}");
    said
}

#[test]
fn totals_that_cannot_hold_a_message_are_refused_with_what_could() {
    for (option, least) in [
        ("--delivery-total", 8_000_000),
        ("--max-upload-total", 4_065_536),
    ] {
        let too_little = (least - 1).to_string();
        let said = refusal(&["--max-message", "2000000", option, &too_little]);
        assert!(said.contains(option), "{said}");
        assert!(said.contains(&format!("give at least {least}")), "{said}");
        let enough = least.to_string();
        Server::start(&["--max-message", "2000000", option, &enough]).unwrap();
    }
}

#[test]
fn a_rate_at_which_nobody_could_publish_or_that_is_none_is_refused() {
    for (rate, says) in [
        ("0/s", "without this option there is no limit"),
        ("10/s:0", "without this option there is no limit"),
        ("10", "as in 10/s or 600/min"),
        ("10/day", "as in 10/s or 600/min"),
        ("2000000/s", "more than 1000000"),
    ] {
        let said = refusal(&["--max-publish-rate", rate]);
        assert!(said.contains("--max-publish-rate"), "{said}");
        assert!(said.contains(says), "{rate}: {said}");
    }
    Server::start(&["--max-publish-rate", "600/min:20"]).unwrap();
}

#[test]
fn limits_of_an_address_that_mean_nothing_are_refused() {
    assert!(
        refusal(&["--max-connections-per-address", "0"]).contains("--max-connections-per-address")
    );
    assert!(refusal(&["--trusted-proxy", "proxy.example"]).contains("--trusted-proxy"));
}
