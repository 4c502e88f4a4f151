//! The corpus, and mutations of it, against every property.

use std::path::{Path, PathBuf};
use std::time::Instant;

use holdline_fuzz::PROPERTIES;

#[test]
fn every_corpus_folder_has_a_property_and_the_other_way_round() {
    let mut folders: Vec<String> = std::fs::read_dir(corpus())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let mut names: Vec<&str> = PROPERTIES.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(folders, names);
}

#[test]
fn the_corpus_holds() {
    let mut broken = Vec::new();
    for (name, property) in PROPERTIES {
        let (files, start) = (files(name), Instant::now());
        assert!(!files.is_empty(), "{name} has no corpus");
        for (path, data) in files {
            if std::panic::catch_unwind(|| property(&data)).is_err() {
                broken.push(path);
            }
        }
        println!("{name}: {:.2?}", start.elapsed());
    }
    assert!(broken.is_empty(), "broken by {broken:#?}");
}

#[test]
fn mutations_of_the_corpus_hold() {
    let mut random = Random(1);
    for (name, property) in PROPERTIES {
        let (files, start) = (files(name), Instant::now());
        for _ in 0..mutations(name) {
            let (_, data) = &files[random.below(files.len())];
            let (_, other) = &files[random.below(files.len())];
            let data = mutate(data, other, &mut random);
            let result = std::panic::catch_unwind(|| property(&data));
            assert!(
                result.is_ok(),
                "{name} is broken by {}",
                data.escape_ascii()
            );
        }
        println!("{name}: {:.2?}", start.elapsed());
    }
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn files(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = std::fs::read_dir(corpus().join(name)).expect("a folder for each property");
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(&path).expect("readable")))
        .collect()
}

fn mutate(data: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut data = data.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(data.len() + 1);
        match random.below(6) {
            0 => data.truncate(at),
            1 => data.insert(at, random.byte()),
            2 if at < data.len() => data[at] = random.byte(),
            3 if at < data.len() => {
                data.remove(at);
            }
            4 => {
                let from = random.below(other.len() + 1);
                data.splice(at..at, other[from..].iter().copied().take(40));
            }
            _ => {
                let again = data[at..].iter().copied().take(60).collect::<Vec<_>>();
                data.splice(at..at, again);
            }
        }
    }
    data
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(99);
        (self.0 >> 33) as usize % limit.max(1)
    }

    /// Often one that means something to a parser.
    fn byte(&mut self) -> u8 {
        const TELLING: &[u8] = b"\r\n\0 :;,=\t\"\x7f\x80\xc3\xff0aF{|\x81\x88";
        if self.below(3) == 0 {
            self.below(256) as u8
        } else {
            TELLING[self.below(TELLING.len())]
        }
    }
}

/// How many for each target.
fn mutations(name: &str) -> usize {
    // What reads a script runs through several hundred KiB for some of them.
    let reads_script =
        name.ends_with("_session") || name.ends_with("_stated") || name.ends_with("_zlib");
    if reads_script { 8 } else { 1_000 }
}
