//! Which file of a crate uses which other.
//!
//! What counts: `use` items, including those inside functions, and paths in code that begin with `crate`, `self` or
//! `super`, including those between the tokens of a macro call. A name counts as used from the file that defines it,
//! whichever `pub use` it came through. An import with `*` counts as a use of the module that it names. `mod` and
//! `pub use` lines do not count, nor does code compiled only for tests.
//!
//! What is not seen: calls such as `child::run()`, with which a file that has `mod child;` passes work on to it;
//! methods and fields of types that are not named; and names made up by macros.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemMod, ItemUse, Macro, Path, Visibility};

use super::imports::imports;
use super::modules::{Tree, attributes, is_for_tests};
use super::names::Found;

/// The first place where one file uses another: line and path.
pub(super) type Edges = BTreeMap<(usize, usize), (usize, String)>;

/// The uses between the files of a crate, by their numbers: who uses, and who is used.
pub(super) fn between_files(tree: &Tree) -> Edges {
    let mut edges = Edges::new();
    for file in tree.files().filter(|file| !file.is_test) {
        let mut visitor = Visitor {
            tree,
            module: file.module,
            edges: &mut edges,
        };
        visitor.visit_file(&file.syntax);
    }
    edges
}

struct Visitor<'a> {
    tree: &'a Tree,
    module: usize,
    edges: &'a mut Edges,
}

impl Visitor<'_> {
    fn note(&mut self, path: &[String], line: usize, is_glob: bool) {
        let module = match self.tree.resolve(self.module, path) {
            Some(Found::ItemOf(module)) => module,
            Some(Found::Module(module)) if is_glob => module,
            _ => return,
        };
        let here = self.tree.module(self.module).file;
        let there = self.tree.module(module).file;
        if here != there && !self.tree.file(there).is_test {
            let path = path.join("::") + if is_glob { "::*" } else { "" };
            self.edges.entry((here, there)).or_insert((line, path));
        }
    }

    /// A path that is not part of a `use`.
    fn note_in_code(&mut self, path: &[String], line: usize) {
        let first = path.first().map(String::as_str);
        if matches!(first, Some("crate" | "self" | "super")) {
            self.note(path, line, false);
        }
    }

    /// The paths between the tokens of a macro.
    fn note_tokens(&mut self, tokens: &TokenStream) {
        let mut path = Vec::new();
        let (mut line, mut colons) = (0, 0);
        let end = TokenTree::Punct(proc_macro2::Punct::new(';', proc_macro2::Spacing::Alone));
        for token in tokens.clone().into_iter().chain([end]) {
            match &token {
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                    colons += 1;
                    continue;
                }
                TokenTree::Ident(name) if colons == 2 => {
                    path.push(name.to_string());
                    colons = 0;
                    continue;
                }
                _ => {}
            }
            self.note_in_code(&path, line);
            (path, colons, line) = (Vec::new(), 0, token.span().start().line);
            match token {
                TokenTree::Ident(name) => path.push(name.to_string()),
                TokenTree::Group(group) => self.note_tokens(&group.stream()),
                _ => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        match item {
            ImplItem::Fn(function) if is_for_tests(&function.attrs) => {}
            item => visit::visit_impl_item(self, item),
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let name = item.ident.to_string();
        // A module within a function is not in the tree, and is read as part of the one around it.
        let module = self.tree.module(self.module).children.get(&name);
        let before = self.module;
        if item.content.is_some() {
            self.module = module.copied().unwrap_or(before);
            visit::visit_item_mod(self, item);
            self.module = before;
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if !matches!(item.vis, Visibility::Inherited) {
            return;
        }
        for import in imports(&item.tree) {
            let line = item.use_token.span.start().line;
            self.note(&import.path, line, import.name.is_none());
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let names = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string());
        let names: Vec<_> = names.collect();
        self.note_in_code(&names, path.span().start().line);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        self.note_tokens(&mac.tokens);
        visit::visit_macro(self, mac);
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}
