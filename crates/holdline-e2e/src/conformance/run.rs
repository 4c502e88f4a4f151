//! Runs one case on one connection.

use std::net::Shutdown;
use std::time::Duration;

use super::frame::{Frame, Role};
use super::wire::{Item, RESET, Wire};
use super::{Ending, Script, Step};

/// Plays the script. The error says what was expected and what was seen.
pub(super) fn run(wire: &mut Wire, role: Role, script: Script) -> Result<(), String> {
    let Script { steps, ending } = script;
    let fails = matches!(ending, Ending::Fails(_));
    for (number, step) in steps.into_iter().enumerate() {
        let at = format!("step {}", number + 1);
        match step {
            Step::Send(frames, cut) => {
                // A peer that has failed the connection need not accept the rest. How it reacts is checked below.
                if let Err(error) = wire.send(&frames, cut)
                    && !fails
                {
                    return Err(format!("{at}: sending: {error}"));
                }
            }
            Step::Expect(item) => {
                expect(wire, &item, false).map_err(|error| format!("{at}: {error}"))?;
            }
            Step::ExpectCompressed(item) => {
                expect(wire, &item, true).map_err(|error| format!("{at}: {error}"))?;
            }
        }
    }
    let (code, lingers) = match ending {
        Ending::Clean => {
            let frame = Frame::close_with(1000, "");
            wire.send(&[frame], super::Cut::Whole)
                .map_err(|error| format!("sending the Close: {error}"))?;
            (Some(1000), false)
        }
        Ending::Answers(code) => (code, true),
        Ending::Fails(code) => (Some(code), false),
    };
    expect(wire, &Item::Close(code), false)?;
    match role {
        // "The server MUST close the underlying TCP connection immediately" (§7.1.1), without being
        // asked: this side is still open.
        Role::Client => expect(wire, &Item::End, false),
        Role::Server => {
            if lingers {
                stays(wire)?;
            }
            let _ = wire.stream.shutdown(Shutdown::Write);
            match expect(wire, &Item::End, false) {
                // A client that has failed the connection may simply be gone, whatever is still on its way.
                Err(error) if fails && error.contains(RESET) => Ok(()),
                other => other,
            }
        }
    }
}

/// "the client SHOULD wait for the server to close the connection" (§7.1.1).
fn stays(wire: &Wire) -> Result<(), String> {
    let before = wire.stream.read_timeout().ok().flatten();
    let set = |time| wire.stream.set_read_timeout(time);
    set(Some(Duration::from_millis(50))).map_err(|error| error.to_string())?;
    let stays = match wire.stream.peek(&mut [0]) {
        Ok(0) => Err("the client did not wait for the server's end of the connection".into()),
        Ok(_) => Err("the client sends after its Close".into()),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    set(before).map_err(|error| error.to_string())?;
    stays
}

fn expect(wire: &mut Wire, expected: &Item, compressed: bool) -> Result<(), String> {
    let (seen, was_compressed) = match wire.next() {
        Ok(seen) => seen,
        Err(error) => return Err(format!("expected {expected:?}, but {error}")),
    };
    if seen != *expected {
        return Err(format!(
            "expected {expected:?}\n     seen {seen:?}{}",
            first_difference(expected, &seen)
        ));
    }
    if compressed && !was_compressed {
        return Err(format!("expected {expected:?} compressed"));
    }
    Ok(())
}

/// The position of the first difference between two long messages.
fn first_difference(expected: &Item, seen: &Item) -> String {
    let (Item::Text(expected) | Item::Binary(expected), Item::Text(seen) | Item::Binary(seen)) =
        (expected, seen)
    else {
        return String::new();
    };
    let at = expected.iter().zip(seen).take_while(|(a, b)| a == b);
    format!("\n     which differ at byte {}", at.count())
}
