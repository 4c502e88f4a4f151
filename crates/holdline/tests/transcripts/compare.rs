//! Whether what a run printed is what a page shows. It must be the same, but for these:
//!
//! - a life of the server (16 hexadecimal digits) and a port of `127.0.0.1` stand for those of the run, each for the same one
//!   as far as the page goes;
//! - a date in the form of HTTP stands for any other;
//! - `(2047 blanks)` stands for so many, and for the blanks before it;
//! - `…` at the end of a line stands for its rest, and alone in a line for any lines;
//! - a line longer than a page is wide may be broken, also where a blank was;
//! - a word that varies (a note above the block) stands for any, a number for any number.

/// A line that is longer may be broken on the page.
const WIDTH: usize = 80;
/// A port stands behind it.
const HOST: &str = "127.0.0.1:";

/// What stands on a page for something that is another in each run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Lives and ports: on the page, and in this run.
    known: Vec<(String, String)>,
    /// Words of the page that are lives, too.
    pub(crate) lives: Vec<String>,
    pub(crate) varying: Vec<String>,
}

impl Names {
    /// What it is in this run.
    pub(crate) fn get(&self, page: &str) -> Option<&str> {
        let known = self.known.iter().find(|(name, _)| name == page);
        known.map(|(_, run)| &**run)
    }

    /// Says what it is from now on.
    pub(crate) fn set(&mut self, page: &str, run: &str) {
        self.known.retain(|(name, _)| name != page);
        self.known.push((page.to_owned(), run.to_owned()));
    }

    /// Whether one stands for the other. It does from now on, if neither is known.
    fn is(&mut self, page: &str, run: &str) -> bool {
        match self.get(page) {
            Some(known) => known == run,
            None => {
                let is_new = self.known.iter().all(|(_, other)| other != run);
                self.set(page, run);
                is_new
            }
        }
    }

    fn is_life(&self, word: &str) -> bool {
        let is_hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (word.len() == 16 && word.bytes().all(is_hexadecimal))
            || self.lives.iter().any(|life| life == word)
    }

    /// A command of the page with what its lives and ports are in this run.
    pub(crate) fn in_command(&self, command: &str) -> String {
        let (mut out, mut rest) = (String::new(), command);
        while !rest.is_empty() {
            let text = token(rest);
            let is_name = self.is_life(text) || out.ends_with(HOST);
            out.push_str(self.get(text).filter(|_| is_name).unwrap_or(text));
            rest = &rest[text.len()..];
        }
        out
    }
}

/// Which lines differ, the first of them.
pub(crate) fn compare(page: &[String], run: &str, names: &mut Names) -> Result<(), String> {
    let run = run.replace('\r', "");
    let mut run = run.trim_end_matches('\n').split('\n').peekable();
    if page.is_empty() {
        return match run.next() {
            None | Some("") => Ok(()),
            Some(line) => Err(format!("nothing is shown, and this came: {line}")),
        };
    }
    let mut page = page.iter().peekable();
    let mut known = names.clone();
    while let Some(shown) = page.next() {
        if shown == "…" {
            let Some(next) = page.peek() else {
                *names = known;
                return Ok(());
            };
            let is_next = |line: &str| {
                let rest = part(next, line, &mut known.clone());
                rest.is_some_and(|rest| rest.is_empty() || (rest != line && is_long(line)))
            };
            while run.next_if(|line| !is_next(line)).is_some() {}
            continue;
        }
        let Some(line) = run.next() else {
            return Err(format!("this did not come: {shown}"));
        };
        let differs = || format!("shown: {shown}\n came: {line}");
        let mut rest = part(shown, line, &mut known).ok_or_else(differs)?;
        while !rest.is_empty() {
            // A line that was broken goes on.
            if !is_long(line) {
                return Err(differs());
            }
            let more = page.next().ok_or_else(differs)?;
            let begin = rest.strip_prefix(' ').unwrap_or(rest);
            rest = part(more, begin, &mut known)
                .ok_or_else(|| format!("shown: {more}\n came: {begin}"))?;
        }
    }
    if let Some(line) = run.next() {
        return Err(format!("this is not shown: {line}"));
    }
    *names = known;
    Ok(())
}

fn is_long(line: &str) -> bool {
    line.chars().count() > WIDTH
}

/// If `line` begins with what `shown` stands for: its rest.
fn part<'l>(shown: &str, mut line: &'l str, names: &mut Names) -> Option<&'l str> {
    let mut at = 0;
    while at < shown.len() {
        let rest = &shown[at..];
        if rest == "…" {
            return Some("");
        }
        if let Some((number, length)) = blanks(rest) {
            let behind = line.trim_start_matches(' ');
            if line.len() - behind.len() != number {
                return None;
            }
            (at, line) = (at + length, behind);
            continue;
        }
        let (left, right) = (token(rest), token(line));
        if &rest[left.len()..] == "…" && right.starts_with(left) {
            return Some("");
        }
        let is_port = shown[..at].ends_with(HOST);
        if !is_same(left, right, is_port, names) {
            return None;
        }
        (at, line) = (at + left.len(), &line[right.len()..]);
    }
    Some(line)
}

/// Whether one token stands for the other.
fn is_same(shown: &str, came: &str, is_port: bool, names: &mut Names) -> bool {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if is_a_date(shown) {
        is_a_date(came)
    } else if is_port || names.is_life(shown) {
        names.is(shown, came)
    } else if names.varying.iter().any(|word| word == shown) {
        !came.is_empty() && is_number(shown) == is_number(came)
    } else {
        shown == came
    }
}

/// With what a text begins: a date, a word, or another character.
fn token(text: &str) -> &str {
    if text.get(..DATE.len()).is_some_and(is_a_date) {
        return &text[..DATE.len()];
    }
    let is_inside = |c: char| c.is_ascii_alphanumeric();
    let end = text.find(|c| !is_inside(c)).unwrap_or(text.len());
    match end {
        0 => &text[..text.chars().next().map_or(0, char::len_utf8)],
        end => &text[..end],
    }
}

/// As HTTP has them. A letter stands for any, and so does 0 for digits.
const DATE: &[u8] = b"Aaa, 00 Aaa 0000 00:00:00 AAA";

fn is_a_date(text: &str) -> bool {
    text.len() == DATE.len()
        && DATE
            .iter()
            .zip(text.bytes())
            .all(|(form, byte)| match form {
                b'0' => byte.is_ascii_digit(),
                b'A' | b'a' => byte.is_ascii_alphabetic(),
                other => byte == *other,
            })
}

/// The number in `(2047 blanks)` at its beginning, behind blanks; and the length of all that.
fn blanks(text: &str) -> Option<(usize, usize)> {
    let counted = text.trim_start_matches(' ');
    let (number, _) = counted.strip_prefix('(')?.split_once(" blanks)")?;
    let length = text.len() - counted.len() + number.len() + "( blanks)".len();
    Some((number.parse().ok()?, length))
}

#[test]
fn what_may_be_another_may_be_and_nothing_else() {
    let page = "Date: Sat, 21 Nov 2026 13:08:00 GMT\n{\"id\":\"d74a4c4da674d16f-5\"}\nRetry-After: 6\n\nend";
    let run = "Date: Sun, 29 Nov 2026 08:00:59 GMT\r\n{\"id\":\"0123456789abcdef-5\"}\r\nRetry-After: 5\n\nend\n";
    let lines = |text: &str| text.split('\n').map(String::from).collect::<Vec<_>>();
    let compared = |page: &str, run: &str| {
        let mut names = Names::default();
        names.varying.push("6".into());
        compare(&lines(page), run, &mut names)
    };
    compared(page, run).unwrap();
    for (from, to) in [
        ("-5", "-6"),
        (": 5", ": x"),
        ("end", "end "),
        ("\n\nend", "\nend"),
        ("end\n", ""),
        ("end\n", "end\nand more"),
        ("Date: ", "Dat: "),
        ("29 Nov", "029 Nov"),
    ] {
        assert!(compared(page, &run.replace(from, to)).is_err(), "{from}");
    }
    // The same life again, or another one.
    let page = "a74a4c4da674d16f-5 b74a4c4da674d16f-5 a74a4c4da674d16f-6";
    let one = "0000000000000001";
    let two = "0000000000000002";
    compared(page, &format!("{one}-5 {two}-5 {one}-6")).unwrap();
    assert!(compared(page, &format!("{one}-5 {one}-5 {one}-6")).is_err());
    assert!(compared(page, &format!("{one}-5 {two}-5 {two}-6")).is_err());
    compared("a (3 blanks)b", "a   b").unwrap();
    assert!(compared("a (3 blanks)b", "a  b").is_err());
    compared(
        "on 127.0.0.1:8080/ 127.0.0.1:8080",
        "on 127.0.0.1:43/ 127.0.0.1:43",
    )
    .unwrap();
    assert!(
        compared(
            "on 127.0.0.1:8080/ 127.0.0.1:8080",
            "on 127.0.0.1:43/ 127.0.0.1:44"
        )
        .is_err()
    );
    // What is left out, and what is broken.
    compared("one\n…\nfour\nfi…", "one\ntwo\nthree\nfour\nfive six").unwrap();
    assert!(compared("one\n…\nfour\nfi…", "one\ntwo\nthree\nfour\nsix").is_err());
    let (left, right) = ("a".repeat(50), "b".repeat(50));
    compared(
        &format!("{left}\n{right}\nc"),
        &format!("{left} {right}\nc"),
    )
    .unwrap();
    assert!(compared(&format!("{left}\n{right}"), &format!("{left}-{right}")).is_err());
    assert!(
        compared("a\nb", "a b").is_err(),
        "a short line is not broken"
    );
}
