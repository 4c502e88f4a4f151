//! The type declarations, by TypeScript's own compiler.

use std::process::Command;

use holdline_e2e::Server;

const USES: [(&str, &str, &[&str]); 2] = [
    (
        "use.mts",
        include_str!("types/use.mts"),
        &["--module", "nodenext", "--moduleResolution", "nodenext"],
    ),
    ("page.ts", include_str!("types/page.ts"), &[]),
];

#[test]
fn typescript_takes_what_is_right_and_refuses_what_is_not() {
    let server = Server::start(&[]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in ["holdline.d.ts", "holdline.d.mts"] {
        let text = ureq::get(&server.url(&format!("/{name}"))).call().unwrap();
        let text = text.into_body().read_to_string().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    for (name, text, options) in USES {
        std::fs::write(folder.path().join(name), text).unwrap();
        let output = Command::new("tsc")
            .args(["--noEmit", "--strict", "--target", "es2022"])
            .args(["--lib", "es2022,dom"])
            .args(options)
            .arg(name)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {said}");
    }
}
