//! Directories that are in use, damaged, full or no directories.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use holdline_e2e::{program, wait_for};

use super::*;

/// Starts the program, which is expected to end by itself.
fn start(directory: &Path) -> Output {
    Command::new(program().unwrap())
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(directory)
        .env_clear()
        .output()
        .unwrap()
}

fn refusal(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && !said.contains("panicked"),
        "{said}"
    );
    said
}

#[test]
fn a_second_server_on_the_same_directory_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = serve(directory.path(), &[]);
    let said = refusal(&start(directory.path()));
    assert!(said.contains("another process has it open"), "{said}");
    assert!(said.contains(directory.path().to_str().unwrap()), "{said}");
    post(&server, "a", "still works");
    server.stop().unwrap();
}

#[test]
fn a_directory_that_cannot_be_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "text").unwrap();
    let said = refusal(&start(&file.join("below")));
    assert!(
        said.contains("--data") && said.contains("file/below"),
        "{said}"
    );
}

#[test]
fn a_damaged_database_is_refused_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = serve(directory.path(), &[]);
    for _ in 0..20 {
        post(&server, "a", &"x".repeat(1000));
    }
    server.stop().unwrap();
    let file = directory.path().join("holdline.redb");
    let whole = fs::read(&file).unwrap();
    // In the text of a message.
    let mut damaged = whole.clone();
    let at = whole.windows(100).position(|bytes| bytes == [b'x'; 100]);
    damaged[at.unwrap() + 50] = b'y';
    fs::write(&file, damaged).unwrap();
    let said = refusal(&start(directory.path()));
    assert!(
        said.contains("damaged") && said.contains("--new-epoch"),
        "{said}"
    );
    fs::write(&file, "no database").unwrap();
    assert!(refusal(&start(directory.path())).contains("damaged"));
    fs::write(&file, whole).unwrap();
    server.restart().unwrap();
    assert_eq!(poll(&server, "a", "earliest").0.len(), 20);
    server.stop().unwrap();
}

/// How large the files of a process may become.
#[cfg(target_os = "linux")]
fn limit_files(server: &Server, bytes: Option<u64>) {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let id = Pid::from_raw(i32::try_from(server.id().unwrap()).unwrap());
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(id, Resource::Fsize, limit).unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_refuses_publishers_and_nobody_else_and_recovers() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = serve(directory.path(), &[]);
    let one = post(&server, "a", "one");
    let file = directory.path().join("holdline.redb");
    limit_files(&server, Some(fs::metadata(&file).unwrap().len()));
    let large = "x".repeat(500_000);
    let refused = wait_for("the disk to be full", || {
        let (status, answer) = ask(&server, "POST", "/channels/a", "", &large);
        (status != 200).then_some((status, answer))
    });
    assert_eq!(
        (refused.0, refused.1["error"]["code"].as_str()),
        (503, Some("no_space"))
    );
    // Reading goes on.
    let before = poll(&server, "a", &one);
    assert!(!before.1);
    thread::sleep(Duration::from_millis(500));
    limit_files(&server, None);
    wait_for("the disk to work again", || {
        let (status, _) = ask(&server, "POST", "/channels/a", "", "two");
        (status == 200).then_some(())
    });
    let after = poll(&server, "a", &one);
    assert_eq!(after.0.len(), before.0.len() + 1);
    assert_eq!(after.0.last().unwrap().1, "two");
    server.kill();
    server.restart().unwrap();
    assert_eq!(poll(&server, "a", &one), after);
    server.stop().unwrap();
}
