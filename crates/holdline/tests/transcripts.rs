//! What the book shows of the inspector: each command of its chapters is run, and must print what stands there.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use std::fs;
use std::path::Path;
use std::process::Command;

/// A command, and the lines below it.
struct Transcript {
    chapter: String,
    command: String,
    printed: String,
}

/// All commands of a chapter that give bytes by `printf` to the inspector. What was redirected to a file, or came from a
/// server, cannot be run again.
fn transcripts(chapter: &Path) -> Vec<Transcript> {
    let text = fs::read_to_string(chapter).unwrap();
    let mut found = Vec::new();
    for block in text.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for entry in format!("\n{block}").split("\n$ ").skip(1) {
            let mut lines = entry.lines();
            let mut command = lines.next().unwrap().to_owned();
            while command.ends_with('|') {
                command.push(' ');
                command += lines.next().unwrap().trim_start();
            }
            let printed: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
            if command.starts_with("printf ") && command.contains("| holdline decode ") {
                found.push(Transcript {
                    chapter: chapter.file_name().unwrap().to_string_lossy().into_owned(),
                    command,
                    printed: printed.join("\n"),
                });
            }
        }
    }
    found
}

#[test]
fn the_inspector_prints_what_the_book_shows() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut all = Vec::new();
    for entry in fs::read_dir(docs).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            all.extend(transcripts(&path));
        }
    }
    assert!(all.len() >= 25, "{} commands", all.len());
    let program = env!("CARGO_BIN_EXE_holdline");
    for Transcript {
        chapter,
        command,
        printed,
    } in all
    {
        let run = command.replace("holdline decode", "\"$HOLDLINE\" decode");
        // Both outputs in the order in which a terminal shows them.
        let output = Command::new("bash")
            .args(["-c", &format!("{{ {run}; }} 2>&1")])
            .env("HOLDLINE", program)
            .output()
            .unwrap();
        let came = String::from_utf8(output.stdout).unwrap();
        let lines = came.lines().filter(|line| !line.is_empty());
        let came: Vec<_> = lines.collect();
        assert_eq!(came.join("\n"), printed, "{chapter}: {command}");
    }
}
