//! A list of HTTP/1.1 requests, good and bad, with what a server may answer.
//!
//! The list is text, in `src/probes/`. Each probe is a name and lines that begin with a sign:
//!
//! ```text
//! a lone LF after a field
//! § RFC 9112 §2.2                        the section that it rests on
//! ~ Http11Probe X-1, llhttp              who else has it
//! > GET /echo HTTP/1.1                   a line that is sent, with CRLF
//! > Host: test\nX-Test: a
//! >> not ended                           the same without CRLF
//! eof                                    the client ends its stream here
//! < 400 close                            what we answer
//! ! 404 open                             what the program answers, when that is something else
//! ? 200 open; close                      what the section allows, too
//! ```
//!
//! Escapes are `\r`, `\n`, `\t`, `\0`, `\\`, `\xNN`, and `\{text*20}` for a text twenty times. An outcome is the
//! status of each response and what became of the connection. A status may be followed by `=` and the body, and by
//! fields that must be there (`+date`) or must not (`-content-length`).
//!
//! Whether the connection is still in step shows in a last good request, which goes out with the probe.

mod outcome;
mod text;

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;

pub use outcome::{Outcome, judge};
pub use text::probes;

use crate::wait::LIMIT;

/// One probe.
#[derive(Debug)]
pub struct Probe {
    /// What is special about it.
    pub name: String,
    /// The section that it rests on.
    pub section: String,
    /// Where else it is known.
    pub sources: String,
    /// What is sent.
    pub request: Vec<u8>,
    /// The client ends its stream behind it, and no good request follows.
    pub ends: bool,
    /// What we answer.
    pub ours: Outcome,
    /// What the program answers, if that is something else.
    program: Option<Outcome>,
    /// What else the section allows.
    pub allowed: Vec<Outcome>,
}

impl Probe {
    /// What the program answers.
    #[must_use]
    pub fn program(&self) -> &Outcome {
        self.program.as_ref().unwrap_or(&self.ours)
    }

    /// All that the client sends: the probe and, unless it ends its stream, a good request.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.request.clone();
        if !self.ends {
            bytes.extend_from_slice(outcome::LAST_REQUEST);
        }
        bytes
    }
}

/// Sends all probes to a server that echoes bodies at `/echo`, each over a connection of its own. Tells each one that
/// went otherwise than `expected` says, with its bytes and what came back.
#[must_use]
pub fn test(
    address: SocketAddr,
    probes: &[Probe],
    expected: impl Fn(&Probe) -> &Outcome,
) -> Vec<String> {
    let failure = |probe: &Probe| match ask(address, probe) {
        Ok(answer) => judge(probe, expected(probe), &answer).err(),
        Err(error) => Some(format!("{}: {error}", probe.name)),
    };
    probes.iter().filter_map(failure).collect()
}

/// Sends one probe and reads to the end of the connection.
fn ask(address: SocketAddr, probe: &Probe) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    let mut writing = stream.try_clone()?;
    let bytes = probe.bytes();
    let mut answer = Vec::new();
    thread::scope(|scope| {
        // A server may answer before it has read all, and what it does not want need not arrive.
        scope.spawn(move || {
            let _ = writing.write_all(&bytes);
            if probe.ends {
                let _ = writing.shutdown(Shutdown::Write);
            }
        });
        stream.read_to_end(&mut answer)
    })?;
    Ok(answer)
}

/// Panics with all failures, if there are any.
///
/// # Panics
/// When there are some.
pub fn assert_none(failures: &[String], probes: usize) {
    assert!(
        failures.is_empty(),
        "{} of {probes} probes:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}
