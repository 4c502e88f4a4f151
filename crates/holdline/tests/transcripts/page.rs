//! What a page of the book shows: its blocks `console` and `sh`, the commands in them, and the lines below each.
//!
//! Directly above a block there may be notes, which nobody sees who reads the page:
//!
//! ```text
//! <!-- run server: --history 2 -->     from here on, another server with these options
//! <!-- run before: COMMAND -->         run first, to its end, which must be a good one
//! <!-- run beside: COMMAND -->         started first; goes on until there is another server
//! <!-- run during: COMMAND -->         run when the block's first command that does not end has printed something
//! <!-- run varies: 4179 6 -->          these words are others in each run; numbers stay numbers
//! <!-- run life: D -->                 this word stands for the life of the server that is there now
//! ```

use std::fs;
use std::path::Path;

/// One command, as it stands there, and what is below it.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) line: usize,
    pub(crate) command: String,
    pub(crate) printed: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Block {
    /// `console`, which shows what is printed; else `sh`, which does not.
    pub(crate) is_console: bool,
    pub(crate) notes: Vec<(String, String)>,
    pub(crate) commands: Vec<Shown>,
}

impl Block {
    /// The texts of the notes of one kind.
    pub(crate) fn notes<'b>(&'b self, kind: &'b str) -> impl Iterator<Item = &'b str> {
        let notes = self.notes.iter().filter(move |(other, _)| other == kind);
        notes.map(|(_, text)| &**text)
    }
}

const KINDS: [&str; 6] = ["server", "before", "beside", "during", "varies", "life"];

/// All blocks of the file at this path.
pub(crate) fn blocks(path: &Path) -> Vec<Block> {
    let text = fs::read_to_string(path).unwrap();
    let (mut blocks, mut notes) = (Vec::new(), Vec::new());
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        if let Some(note) = line.strip_prefix("<!-- run ") {
            let note = note.strip_suffix("-->").expect(line);
            let (kind, text) = note.split_once(':').expect(line);
            assert!(KINDS.contains(&kind), "{}:{number}: {kind}", path.display());
            notes.push((kind.to_owned(), text.trim().to_owned()));
            continue;
        }
        let Some(language) = line.strip_prefix("```").filter(|name| !name.is_empty()) else {
            assert!(notes.is_empty(), "{}:{number}: no block", path.display());
            continue;
        };
        let inside: Vec<_> = lines
            .by_ref()
            .take_while(|(_, line)| *line != "```")
            .collect();
        let commands = match language {
            "console" => shown(&inside),
            "sh" => hidden(&inside),
            _ => {
                assert!(notes.is_empty(), "{}:{number}: {language}", path.display());
                continue;
            }
        };
        assert!(
            !commands.is_empty(),
            "{}:{number}: no command",
            path.display()
        );
        blocks.push(Block {
            is_console: language == "console",
            notes: std::mem::take(&mut notes),
            commands,
        });
    }
    blocks
}

/// Of a block `console`: a command stands behind `$ `, or behind `# ` if it is root's and the first; one that ends with `\`
/// or a pipe goes on in the next line.
fn shown(lines: &[(usize, &str)]) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    let mut goes_on = false;
    for (number, line) in lines {
        if goes_on {
            let last = found.last_mut().unwrap();
            last.command.push('\n');
            last.command.push_str(line);
        } else if let Some(command) = line
            .strip_prefix("$ ")
            .or_else(|| line.strip_prefix("# ").filter(|_| found.is_empty()))
        {
            found.push(Shown {
                line: *number,
                command: command.to_owned(),
                printed: Vec::new(),
            });
        } else {
            let last = found.last_mut().expect("a block begins with a command");
            last.printed.push((*line).to_owned());
            continue;
        }
        goes_on = line.ends_with('\\') || line.ends_with('|');
    }
    for command in &mut found {
        // An empty line parts it from the next command.
        while command.printed.last().is_some_and(String::is_empty) {
            command.printed.pop();
        }
    }
    found
}

/// Of a block `sh`: each line is a command.
fn hidden(lines: &[(usize, &str)]) -> Vec<Shown> {
    let lines = lines.iter().filter(|(_, line)| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    });
    lines
        .map(|(line, command)| Shown {
            line: *line,
            command: (*command).to_owned(),
            printed: Vec::new(),
        })
        .collect()
}
