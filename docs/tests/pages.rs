//! What the pages for readers say beside their Rust blocks: links, commands, options, versions.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A Markdown file: where it is, and its lines with whether they are code.
struct Page {
    path: PathBuf,
    lines: Vec<(String, Place)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Prose,
    /// With the word behind the fence.
    Code(String),
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All pages of the repository.
fn pages() -> Vec<Page> {
    let root = root();
    let mut folders = vec![root.clone(), root.join("docs")];
    for name in ["fuzz", "recipes", "benches", "crates/holdline/examples"] {
        folders.push(root.join(name));
    }
    for entry in fs::read_dir(root.join("crates")).expect("the crates") {
        folders.push(entry.expect("an entry").path());
    }
    let mut pages = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(Page::read(path));
            }
        }
    }
    assert!(pages.len() >= 25, "{} pages", pages.len());
    pages
}

impl Page {
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).expect("UTF-8");
        let mut place = Place::Prose;
        let mut lines = Vec::new();
        for line in text.lines() {
            let fence = line.trim_start().strip_prefix("```");
            match (fence, &place) {
                (Some(language), Place::Prose) => place = Place::Code(language.to_owned()),
                (Some(_), Place::Code(_)) => place = Place::Prose,
                (None, _) => lines.push((line.to_owned(), place.clone())),
            }
        }
        assert_eq!(place, Place::Prose, "a fence is open in {}", path.display());
        Self { path, lines }
    }

    fn prose(&self) -> impl Iterator<Item = &str> {
        let lines = self.lines.iter();
        let prose = lines.filter(|(_, place)| *place == Place::Prose);
        prose.map(|(line, _)| &**line)
    }

    /// The lines of blocks that are commands: all of `sh`, and those of `console` behind a `$`.
    fn commands(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|(line, place)| match place {
            Place::Code(language) if language == "sh" => Some(&**line),
            Place::Code(language) if language == "console" => line.strip_prefix("$ "),
            _ => None,
        })
    }

    /// What a link to a heading of this page ends with.
    fn anchors(&self) -> BTreeSet<String> {
        let titles = self
            .prose()
            .filter(|line| line.starts_with('#'))
            .map(|line| line.trim_start_matches('#').trim().to_lowercase());
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        titles
            .map(|title| {
                let title: String = title.chars().filter(kept).collect();
                title.replace(' ', "-")
            })
            .collect()
    }

    fn name(&self) -> String {
        let path = self.path.strip_prefix(root()).unwrap_or(&self.path);
        path.display().to_string()
    }
}

/// Where the links of a line lead: `[text](target)`, and `[text]: target`.
fn targets(line: &str) -> Vec<String> {
    // What stands between backticks is no link.
    let text: String = line.split('`').step_by(2).collect::<Vec<_>>().join("x");
    let inline = text.split("](").skip(1);
    let mut targets: Vec<String> = inline
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.to_owned())
        .collect();
    if text.starts_with('[')
        && let Some((_, target)) = text.split_once("]: ")
    {
        targets.push(target.to_owned());
    }
    targets
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let mut lacking = Vec::new();
    let mut seen = 0;
    for page in &pages {
        for target in page.prose().flat_map(targets) {
            if target.starts_with("https://") || target.starts_with("crate::") {
                continue;
            }
            seen += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let folder = page.path.parent().expect("a folder");
            let path = match file {
                "" => page.path.clone(),
                file => folder.join(file),
            };
            let known =
                path.exists() && (anchor.is_empty() || Page::read(path).anchors().contains(anchor));
            if !known {
                lacking.push(format!("{}: {target}", page.name()));
            }
        }
    }
    assert!(seen >= 60, "{seen} links");
    assert!(lacking.is_empty(), "{lacking:#?}");
}

/// The words behind `flag` in the commands of all pages and in backticks, with the page.
fn words_behind<'p>(pages: &'p [Page], flag: &'p str) -> Vec<(String, &'p str)> {
    let mut found = Vec::new();
    for page in pages {
        let quoted = page
            .prose()
            .flat_map(|line| line.split('`').skip(1).step_by(2));
        for command in page.commands().chain(quoted) {
            if !command.starts_with("cargo ") && !command.contains(" cargo ") {
                continue;
            }
            let mut words = command.split_whitespace();
            while let Some(word) = words.next() {
                if word == flag
                    && let Some(name) = words.next()
                {
                    found.push((page.name(), name));
                }
            }
        }
    }
    found
}

#[test]
fn every_developers_command_exists() {
    let commands = fs::read_to_string(root().join("crates/xtask/src/main.rs")).expect("UTF-8");
    let (_, commands) = commands.split_once("enum Command {").expect("the commands");
    // In the derived form: `BenchServers` is `bench-servers`.
    let known: BTreeSet<String> = commands
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        .map(|line| {
            let name: String = line
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect();
            let mut command = String::new();
            for (index, letter) in name.chars().enumerate() {
                if letter.is_ascii_uppercase() && index > 0 {
                    command.push('-');
                }
                command.push(letter.to_ascii_lowercase());
            }
            command
        })
        .collect();
    let pages = pages();
    let used = words_behind(&pages, "xtask");
    assert!(used.len() >= 15, "{used:?}");
    for (page, name) in used {
        assert!(known.contains(name) || name == "--help", "{page}: {name}");
    }
}

#[test]
fn every_package_example_and_test_that_is_named_exists() {
    let root = root();
    let mut packages = vec![root.join("docs"), root.join("fuzz")];
    packages.extend([root.join("benches"), root.join("recipes")]);
    for entry in fs::read_dir(root.join("crates")).expect("the crates") {
        packages.push(entry.expect("an entry").path());
    }
    let names: BTreeSet<String> = packages
        .iter()
        .map(|folder| {
            let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("UTF-8");
            let (_, name) = manifest.split_once("name = \"").expect("a name");
            name.split('"').next().expect("a name").to_owned()
        })
        .collect();
    let pages = pages();
    for (page, name) in words_behind(&pages, "-p") {
        assert!(names.contains(name), "{page}: there is no package {name}");
    }
    for (flag, folder) in [("--example", "examples"), ("--test", "tests")] {
        let used = words_behind(&pages, flag);
        assert!(!used.is_empty(), "{flag}");
        for (page, name) in used {
            let exists = packages.iter().any(|package| {
                let folder = package.join(folder);
                folder.join(format!("{name}.rs")).exists() || folder.join(name).exists()
            });
            assert!(exists, "{page}: there is no {flag} {name}");
        }
    }
}

#[test]
fn every_path_of_a_dependency_leads_to_its_crate() {
    let mut seen = 0;
    for page in pages() {
        for (line, place) in &page.lines {
            let is_toml = *place == Place::Code("toml".into());
            let Some((name, rest)) = line
                .split_once(" = { path = \"../holdline/")
                .filter(|_| is_toml)
            else {
                continue;
            };
            let (folder, _) = rest.split_once('"').expect("the end of a path");
            let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml"));
            let manifest =
                manifest.unwrap_or_else(|error| panic!("{}: {folder}: {error}", page.name()));
            assert!(
                manifest.contains(&format!("name = \"{name}\"")),
                "{}: {line}",
                page.name()
            );
            seen += 1;
        }
    }
    assert!(seen >= 7, "{seen} paths");
}

#[test]
fn every_command_and_option_of_the_program_exists() {
    let sources = support::sources(&root().join("crates/holdline/src"));
    let sources = sources
        .iter()
        .map(|path| fs::read_to_string(path).expect("UTF-8"));
    let program: String = sources.collect();
    let (_, commands) = program
        .split_once("pub(crate) enum Command {")
        .expect("the commands");
    let mut used = 0;
    for page in pages() {
        for line in page.commands() {
            // The program may follow a pipe, and a comment may follow it.
            let line = line.split(" # ").next().unwrap_or(line);
            let parts = line.split(" | ").map(|part| part.trim_start());
            for part in parts {
                let Some(arguments) = part.strip_prefix("holdline ") else {
                    continue;
                };
                used += 1;
                let words: Vec<_> = arguments.split_whitespace().collect();
                if let Some(command) = words.first().filter(|word| !word.starts_with('-')) {
                    let (first, rest) = command.split_at(1);
                    let variant = format!("    {}{rest}(", first.to_uppercase());
                    assert!(commands.contains(&variant), "{}: {part}", page.name());
                }
                for option in words.iter().filter_map(|word| word.strip_prefix("--")) {
                    let option = option.split('=').next().unwrap_or(option);
                    let field = format!(" {}: ", option.replace('-', "_"));
                    let named = format!("long = \"{option}\"");
                    let known = program.contains(&field) || program.contains(&named);
                    let known = known || matches!(option, "help" | "version");
                    assert!(known, "{}: --{option} in {part}", page.name());
                }
            }
        }
    }
    assert!(used >= 15, "{used} commands");
}

#[test]
fn a_readme_shows_no_line_that_only_rustdoc_hides() {
    for page in pages() {
        for (line, place) in &page.lines {
            let Place::Code(language) = place else {
                continue;
            };
            let hidden = language.starts_with("rust") && (line.starts_with("# ") || line == "#");
            assert!(!hidden, "{}: {line}", page.name());
        }
    }
}

#[test]
fn each_crate_states_the_rust_that_it_needs() {
    let workspace = fs::read_to_string(root().join("Cargo.toml")).expect("UTF-8");
    let version = |manifest: &str| {
        let (_, rest) = manifest.split_once("rust-version = \"")?;
        Some(rest.split('"').next().unwrap_or(rest).to_owned())
    };
    let mut seen = 0;
    for entry in fs::read_dir(root().join("crates")).expect("the crates") {
        let folder = entry.expect("an entry").path();
        if !folder.join("CHANGELOG.md").exists() {
            continue;
        }
        seen += 1;
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("UTF-8");
        let needed = version(&manifest).or_else(|| version(&workspace));
        let needed = needed.expect("a version");
        for (name, said) in [
            ("README.md", format!("Minimum Rust version {needed}")),
            ("CHANGELOG.md", format!("Rust {needed} or newer")),
        ] {
            let text = fs::read_to_string(folder.join(name)).expect("UTF-8");
            let folder = folder.display();
            assert!(
                text.contains(&said),
                "{folder}: {name} does not say: {said}"
            );
        }
    }
    assert_eq!(seen, 6);
}

#[test]
fn every_chapter_is_in_the_lists_and_its_blocks_are_run() {
    let docs = root().join("docs");
    let read = |name: &str| fs::read_to_string(docs.join(name)).expect("UTF-8");
    let (summary, readme, compiled) = (read("SUMMARY.md"), read("README.md"), read("src/lib.rs"));
    let chapters = pages().into_iter().filter_map(|page| {
        let name = page.path.file_name()?.to_str()?.to_owned();
        let is_in_docs = page.path.parent() == Some(&*docs);
        (is_in_docs && name != "README.md" && name != "SUMMARY.md").then_some(name)
    });
    for name in chapters {
        assert!(
            summary.contains(&format!("]({name})")),
            "{name} is not in SUMMARY.md"
        );
        assert!(
            compiled.contains(&format!("\"../{name}\"")),
            "{name} is not in src/lib.rs"
        );
        // The pages on each specification are parts of another chapter.
        let is_part = name.starts_with("rules-");
        assert!(
            is_part || readme.contains(&name),
            "{name} is not in README.md"
        );
    }
}
