use std::path::Path;

use super::modules::Tree;
use super::{Findings, circles, dropped, sizes, uses};

/// A crate whose files exist only here. The first one is its root.
fn load(files: &[(&str, &str)]) -> Tree {
    let read = |path: &Path| {
        let file = files.iter().find(|(name, _)| Path::new(name) == path);
        file.map(|(_, text)| (*text).to_owned())
    };
    Tree::load(Path::new(files[0].0), false, &read).unwrap()
}

fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let tree = load(files);
    circles::describe(&tree, &uses::between_files(&tree))
}

/// Two modules `a` and `b` with these texts.
fn circles_between(a: &str, b: &str) -> Vec<String> {
    let root = "mod a; mod b; pub use a::A; pub use b::B;";
    circles_of(&[("src/lib.rs", root), ("src/a.rs", a), ("src/b.rs", b)])
}

#[test]
fn files_that_use_each_other_are_a_circle_and_its_lines_are_told() {
    let found = circles_between(
        "\nuse crate::b::B;\npub struct A(B);",
        "use super::a::{self, A};\npub struct B(A);",
    );
    assert_eq!(
        found,
        ["src/a.rs:2 uses src/b.rs (crate::b::B)\n    \
          src/b.rs:1 uses src/a.rs (super::a::A)"]
    );
}

#[test]
fn one_direction_is_no_circle() {
    let found = circles_between("use crate::b::B; pub struct A(B);", "pub struct B;");
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_circle_does_not_hide_behind_what_the_root_exports() {
    let found = circles_between(
        "use crate::B; pub struct A(B);",
        "use crate::A as Other; pub struct B(Other);",
    );
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn paths_in_code_and_in_macros_count() {
    for a in [
        "pub struct A; fn f() -> crate::b::B { crate::b::B }",
        "pub struct A; fn f() { use crate::b::B; B; }",
        "pub struct A; fn f() { vec![1, (2, super::b::B::new())]; }",
        "pub struct A; use super::b::*;",
    ] {
        let found = circles_between(a, "use crate::a::A; pub struct B;");
        assert_eq!(found.len(), 1, "{a}: {found:?}");
    }
}

#[test]
fn what_is_for_tests_does_not_count() {
    for a in [
        "pub struct A; #[cfg(test)] mod tests { use crate::b::B; }",
        "pub struct A; #[cfg(test)] use crate::b::B;",
        "pub struct A; #[test] fn f() { crate::b::B; }",
        "pub struct A; impl A { #[cfg(all(test, unix))] fn f() { crate::b::B; } }",
    ] {
        let found = circles_between(a, "use crate::a::A; pub struct B;");
        assert!(found.is_empty(), "{a}: {found:?}");
    }
}

#[test]
fn three_files_make_a_circle() {
    let found = circles_of(&[
        ("src/lib.rs", "mod a; mod b; mod c;"),
        ("src/a.rs", "use crate::b::B; pub struct A;"),
        ("src/b.rs", "use crate::c::C; pub struct B;"),
        ("src/c.rs", "use crate::a::A; pub struct C;"),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].lines().count(), 3, "{found:?}");
}

#[test]
fn a_child_and_its_parent_can_be_a_circle() {
    let child = (
        "src/a/inner.rs",
        "use super::Outer; pub struct Inner(Outer);",
    );
    let found = circles_of(&[
        ("src/lib.rs", "mod a;"),
        (
            "src/a.rs",
            "mod inner; use self::inner::Inner; pub struct Outer;",
        ),
        child,
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
    let found = circles_of(&[
        ("src/lib.rs", "mod a;"),
        (
            "src/a.rs",
            "mod inner; pub use inner::Inner; pub struct Outer;",
        ),
        child,
    ]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_name_that_a_macro_defines_is_in_the_file_of_the_module() {
    let found = circles_between(
        "make! { A } use crate::B;",
        "use crate::a::A; pub struct B;",
    );
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn modules_are_found_where_the_compiler_finds_them() {
    let tree = load(&[
        (
            "src/main.rs",
            "mod a; mod inline { mod deep; } #[path = \"../x/y.rs\"] mod y;",
        ),
        ("src/a/mod.rs", "mod b;"),
        ("src/a/b.rs", "mod c;"),
        ("src/a/b/c.rs", ""),
        ("src/inline/deep.rs", ""),
        ("x/y.rs", "mod z;"),
        ("x/z.rs", ""),
    ]);
    assert_eq!(tree.files().count(), 7);
}

#[test]
fn a_function_fits_a_screen_unless_it_is_a_test() {
    let function = |lines: usize| format!("fn long() {{{}}}", "\n".repeat(lines - 1));
    let functions = |text: &str| sizes::functions(&load(&[("src/lib.rs", text)]));
    assert!(functions(&function(60)).is_empty());
    assert_eq!(
        functions(&function(61)),
        ["src/lib.rs:1: `long` has 61 lines, and 60 fit a screen"]
    );
    let function = function(61);
    assert!(functions(&format!("#[test] {function}")).is_empty());
    assert_eq!(functions(&format!("impl A {{ {function} }}")).len(), 1);
    assert_eq!(functions(&format!("trait A {{ {function} }}")).len(), 1);
}

fn dropped_in(statements: &str) -> usize {
    let text = format!("fn f(unused: u8) {{\n    let x = 1;\n{statements}\n}}");
    dropped::find(&load(&[("src/lib.rs", &text)])).len()
}

#[test]
fn a_dropped_result_needs_a_comment() {
    for dropping in [
        "let _ = socket.close();",
        "let _: Result<(), Error> = socket.close();",
        "_ = socket.close();",
        "socket.close().ok();",
        "drop(socket.close());",
        "std::mem::drop(close(socket));",
        "match x {\n  1 => drop(socket.close()),\n  _ => {}\n}",
        "let _ = write!(socket, \"http://example.com\");",
    ] {
        assert_eq!(dropped_in(dropping), 1, "{dropping}");
        let explained = format!("// It is gone anyhow.\n{dropping}");
        if !dropping.starts_with("match") {
            assert_eq!(dropped_in(&explained), 0, "{explained}");
            assert_eq!(dropped_in(&format!("{dropping} // Gone.")), 0);
        }
        let apart = format!("// It is gone anyhow.\n\n{dropping}");
        assert_eq!(dropped_in(&apart), 1, "{apart}");
        let other = format!("let y = 2; // Something else.\n{dropping}");
        assert_eq!(dropped_in(&other), 1, "{other}");
        let test = format!("#[cfg(test)]\nmod tests {{ fn f() {{ {dropping} }} }}");
        assert_eq!(dropped_in(&test), 0, "{test}");
    }
}

#[test]
fn what_drops_nothing_needs_no_comment() {
    for harmless in [
        "let _ = unused;",
        "let _ = (unused, unused);",
        "drop(guard);",
        "let name = text.parse().ok();",
        "let _guard = lock.lock();",
    ] {
        assert_eq!(dropped_in(harmless), 0, "{harmless}");
    }
}

#[test]
fn a_doc_comment_does_not_explain_what_is_dropped() {
    let text = "/// Closes it.\nfn f() { let _ = close(); }";
    assert_eq!(dropped::find(&load(&[("src/lib.rs", text)])).len(), 1);
    let text =
        "//! Lines\n//! of the crate.\n\n/// And more.\nfn f() {\n// Gone.\nlet _ = close();\n}";
    assert_eq!(dropped::find(&load(&[("src/lib.rs", text)])).len(), 0);
}

#[test]
fn what_is_known_may_stay_but_not_grow_and_its_number_must_follow() {
    let report = |known: usize, lines: &[&str]| {
        let mut findings = Findings::default();
        findings.add(
            "Long",
            lines.iter().map(|line| (*line).to_owned()).collect(),
        );
        let result = findings.report(&[("Long", "crates/a/", known)]);
        result.map_err(|error| error.to_string())
    };
    assert_eq!(report(1, &["crates/a/x.rs"]), Ok(()));
    for (known, lines, message) in [
        (1, &["crates/a/x.rs", "crates/a/y.rs"][..], "at most 1"),
        (2, &["crates/a/x.rs"], "only 1 left"),
        (1, &[], "only 0 left"),
        (1, &["crates/a/x.rs", "crates/b/x.rs"], "long: 1"),
    ] {
        let error = report(known, lines).unwrap_err();
        assert!(error.contains(message), "{error}");
    }
}
