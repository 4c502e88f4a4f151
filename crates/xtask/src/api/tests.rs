use std::path::Path;

use super::difference;
use super::listing::list;
use crate::structure::Tree;

/// What is public in a crate whose files exist only here. The first one is its root.
fn public(files: &[(&str, &str)]) -> String {
    let read = |path: &Path| {
        let file = files.iter().find(|(name, _)| Path::new(name) == path);
        file.map(|(_, text)| (*text).to_owned())
    };
    let tree = Tree::load(Path::new(files[0].0), false, &read).unwrap();
    list(&tree, "it").unwrap().join("\n")
}

#[test]
fn only_what_can_be_named_is_listed_and_under_the_name_that_users_write() {
    let root =
        "mod a; pub mod b { pub(crate) fn no() {} pub fn yes() {} } pub use a::Inner as Outer;";
    let a = "pub struct Inner { pub open: u8, shut: u8 } pub struct Hidden; struct Private;
             impl Inner { pub fn get(&self) -> u8 { 0 } fn no(&self) {} }
             impl Hidden { pub fn no() {} }";
    assert_eq!(
        public(&[("src/lib.rs", root), ("src/a.rs", a)]),
        "pub struct it::Outer { pub open: u8, .. }\n    \
             pub fn get(&self) -> u8\n\
         pub mod it::b\n\
         pub fn it::b::yes()"
    );
}

#[test]
fn traits_of_a_type_are_listed_wherever_they_are_implemented() {
    let root = "mod other; #[derive(Clone)] pub struct A<T>(T, pub u8);
                pub trait Seen { const N: u8; fn f(&self) {} } trait Unseen {}
                impl<T> Unseen for A<T> {}";
    let other = "use crate::A; impl<T: Copy> crate::Seen for A<T> { const N: u8 = 1; }
                 impl<'a, T> IntoIterator for &'a A<T> { type Item = u8; type IntoIter = X; }
                 impl crate::Seen for u8 { const N: u8 = 2; }";
    assert_eq!(
        public(&[("src/lib.rs", root), ("src/other.rs", other)]),
        "impl crate::Seen for u8\n    \
             pub const N: u8\n\
         #[derive(Clone)] pub struct it::A<T>(_, pub u8)\n    \
             impl<'a, T> IntoIterator for &'a A<T>\n        \
                 type Item = u8\n        \
                 type IntoIter = X\n    \
             impl<T: Copy> crate::Seen for A<T>\n        \
                 pub const N: u8\n\
         pub trait it::Seen\n    \
             const N: u8;\n    \
             fn f(&self) { .. }"
    );
}

#[test]
fn the_feature_that_a_thing_needs_is_told_once() {
    let root = r#"#[cfg(feature = "x")] mod a; #[cfg(feature = "x")] pub use a::A; pub use a::B;
                  #[cfg(test)] pub fn no() {}"#;
    let a = r#"pub struct A; pub enum B { #[cfg(feature = "y")] C(#[from] u8) }
               impl A { #[cfg(feature = "y")] pub const fn f(mut self, // why
               ) {} }"#;
    assert_eq!(
        public(&[("src/lib.rs", root), ("src/a.rs", a)]),
        "#[cfg(feature = \"x\")] pub struct it::A\n    \
             #[cfg(feature = \"y\")] pub const fn f(self)\n\
         #[cfg(feature = \"x\")] pub enum it::B\n    \
             #[cfg(feature = \"y\")] C(#[from] u8)"
    );
}

#[test]
fn what_a_macro_makes_is_listed_with_the_macro() {
    let root = "mod a; pub use a::Made; pub use other::Thing;";
    let a = "macro_rules! make { ($name:ident) => { pub struct $name; } } make!(Made);";
    assert_eq!(
        public(&[("src/lib.rs", root), ("src/a.rs", a)]),
        "it::Made: made by one of these macros\n    \
             macro_rules! make { ($name:ident) => { pub struct $name; } }\n    \
             make!(Made);\n\
         pub use other::Thing as it::Thing"
    );
}

#[test]
fn a_changed_signature_is_shown_before_and_after() {
    let found = difference("same\npub fn f(u8)\n", "same\npub fn f(u16)\n");
    assert_eq!(found, "  - pub fn f(u8)\n  + pub fn f(u16)\n");
}
