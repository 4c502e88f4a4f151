//! The tester itself: it must see what is wrong with a server, and the book must count the list right.

use holdline_e2e::probes::{judge, probes};

const GOOD: &str = "HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 0\r\n\r\n";
/// The answer to the good request behind the probe.
const LAST: &str = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nstill in step";

/// What a server says to a good request and to the one behind it, and what is wrong with that.
const ANSWERS: &[(&[&str], &str)] = &[
    (&[], "[], and the connection is closed"),
    (&[GOOD], "[200], and the connection is closed"),
    (&[LAST], "[], and the connection is in step"),
    (
        &[GOOD, GOOD, LAST],
        "[200, 200], and the connection is in step",
    ),
    (
        &["HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n", LAST],
        "[400], and the connection is in step",
    ),
    (
        &["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", LAST],
        "date there: false",
    ),
    (
        &["HTTP/1.1 200 OK\r\nDate: today\r\n\r\n", LAST],
        "a body without a length",
    ),
    (&[GOOD, "garbage\r\n", LAST], "no status line"),
    (
        &[GOOD, "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nstill"],
        "the connection ended inside a response",
    ),
];

#[test]
fn sees_what_is_wrong() {
    let probes = probes().unwrap();
    let find = |name: &str| probes.iter().find(|probe| probe.name == name).unwrap();
    let good = find("a good request");
    let judged = |answer: &[&str]| judge(good, &good.ours, answer.concat().as_bytes());
    judged(&[GOOD, LAST]).unwrap();
    for (answer, wrong) in ANSWERS {
        let told = judged(answer).unwrap_err();
        assert!(told.contains(wrong), "{told}");
        assert!(told.contains(r"GET / HTTP/1.1\r\nHost: test\r\n"), "{told}");
    }
    let body = find("a body with its length");
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhallo";
    let told = judge(body, &body.ours, [answer, LAST].concat().as_bytes()).unwrap_err();
    assert!(told.contains("another body"), "{told}");
}

/// The rows of the book on other people's probes: a name, and how many of ours are theirs, too.
#[test]
fn the_book_counts_them() {
    let book = include_str!("../../../../docs/conformance.md");
    let probes = probes().unwrap();
    let has = |sources: &str, name: &str| {
        let mut words = sources.split([',', ' ']);
        words.any(|word| word == name)
    };
    for name in ["Http11Probe", "garden", "llhttp", "h11", "desync", "RFC"] {
        let count = probes.iter().filter(|probe| has(&probe.sources, name));
        let row = format!("| `{name}` | {} |", count.count());
        assert!(book.contains(&row), "the book has no {row}");
    }
    let sentence = format!("{} probes", probes.len());
    assert!(book.contains(&sentence), "the book does not say {sentence}");
}
