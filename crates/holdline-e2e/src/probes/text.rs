//! Reading the list.

use anyhow::{Context, Result, bail, ensure};

use super::{Outcome, Probe};

const FILES: [(&str, &str); 9] = [
    ("lines.txt", include_str!("lines.txt")),
    ("request-line.txt", include_str!("request-line.txt")),
    ("fields.txt", include_str!("fields.txt")),
    ("host.txt", include_str!("host.txt")),
    ("length.txt", include_str!("length.txt")),
    ("coding.txt", include_str!("coding.txt")),
    ("chunks.txt", include_str!("chunks.txt")),
    ("extensions.txt", include_str!("extensions.txt")),
    ("connection.txt", include_str!("connection.txt")),
];

/// All probes.
///
/// # Errors
/// When a file of the list cannot be understood.
pub fn probes() -> Result<Vec<Probe>> {
    let mut all = Vec::new();
    for (file, text) in FILES {
        for block in text.split("\n\n").skip(1) {
            let name = block.lines().next().unwrap_or_default();
            all.push(probe(block).with_context(|| format!("{file}, {name:?}"))?);
        }
    }
    Ok(all)
}

fn probe(block: &str) -> Result<Probe> {
    let mut lines = block.lines();
    let name = lines.next().context("no name")?;
    let (mut section, mut sources) = (None, None);
    let (mut request, mut ends) = (Vec::new(), false);
    let (mut ours, mut program, mut allowed) = (None, None, Vec::new());
    for line in lines {
        let (sign, rest) = line.split_once(' ').unwrap_or((line, ""));
        match sign {
            "§" => section = Some(rest.to_owned()),
            "~" => sources = Some(rest.to_owned()),
            ">" => {
                request.extend(unescape(rest)?);
                request.extend_from_slice(b"\r\n");
            }
            ">>" => request.extend(unescape(rest)?),
            "eof" => ends = true,
            "<" => ours = Some(Outcome::parse(rest)?),
            "!" => program = Some(Outcome::parse(rest)?),
            "?" => {
                for outcome in rest.split("; ") {
                    allowed.push(Outcome::parse(outcome)?);
                }
            }
            _ => bail!("what is {line:?}?"),
        }
    }
    Ok(Probe {
        name: name.to_owned(),
        section: section.context("no section")?,
        sources: sources.context("no source")?,
        request,
        ends,
        ours: ours.context("no outcome")?,
        program,
        allowed,
    })
}

/// The bytes that a text with escapes stands for.
pub(super) fn unescape(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        ensure!(plain.is_ascii(), "not ASCII: {text:?}");
        bytes.extend_from_slice(plain.as_bytes());
        let sign = escape.bytes().next().context("a backslash at the end")?;
        rest = &escape[1..];
        match sign {
            b'r' => bytes.push(b'\r'),
            b'n' => bytes.push(b'\n'),
            b't' => bytes.push(b'\t'),
            b'0' => bytes.push(0),
            b'\\' => bytes.push(b'\\'),
            b'x' => {
                let (digits, behind) = rest.split_at_checked(2).context("\\x without digits")?;
                bytes.push(u8::from_str_radix(digits, 16)?);
                rest = behind;
            }
            b'{' => {
                let (inside, behind) = rest.split_once('}').context("no end of \\{")?;
                let (what, times) = inside.rsplit_once('*').context("no number in \\{")?;
                bytes.extend(unescape(what)?.repeat(times.parse()?));
                rest = behind;
            }
            _ => bail!("an unknown escape in {text:?}"),
        }
    }
    ensure!(rest.is_ascii(), "not ASCII: {text:?}");
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{probes, unescape};

    #[test]
    fn every_probe_has_a_name_of_its_own() {
        let all = probes().unwrap();
        let names: BTreeSet<_> = all.iter().map(|probe| &probe.name).collect();
        assert_eq!(names.len(), all.len());
        assert!(all.len() > 360, "{}", all.len());
    }

    #[test]
    fn escapes_stand_for_bytes() {
        let bytes = unescape(r"a\r\n\t\0\\\xff\{b\r*3}c").unwrap();
        assert_eq!(bytes, b"a\r\n\t\0\\\xffb\rb\rb\rc");
        for bad in [r"\", r"\q", r"\x1", r"\{a*2", r"\{a}", "é"] {
            assert!(unescape(bad).is_err(), "{bad}");
        }
    }
}
