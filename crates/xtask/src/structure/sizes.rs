//! Functions and files that are too long to read.
//!
//! The length of a function is counted from the line of its `fn` to its last brace, including blank lines and
//! comments. Functions for tests may be longer; functions made by a macro are not seen. For a file all lines count,
//! whatever it is for.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use proc_macro2::Span;
use syn::visit::{self, Visit};
use syn::{Block, ImplItem, ImplItemFn, Item, ItemFn, Signature, TraitItemFn};

use super::modules::{Tree, attributes, is_for_tests};
use crate::process::shown;

/// A screen.
const FUNCTION_LINES: usize = 60;
const FILE_LINES: usize = 450;

/// The functions that are too long, except those of tests.
pub(super) fn functions(tree: &Tree) -> Vec<String> {
    let files = tree.files().filter(|file| !file.is_test);
    let found = files.flat_map(|file| {
        let mut visitor = Visitor::default();
        visitor.visit_file(&file.syntax);
        let place = shown(&file.path);
        let found = visitor.found.into_iter();
        found.map(move |(line, name, lines)| {
            format!("{place}:{line}: `{name}` has {lines} lines, and {FUNCTION_LINES} fit a screen")
        })
    });
    found.collect()
}

/// The files that are too long.
///
/// # Errors
/// When one cannot be read.
pub(super) fn files(paths: &[PathBuf]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for path in paths {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let lines = text.lines().count();
        if lines > FILE_LINES {
            let path = shown(path);
            found.push(format!("{path}: {lines} lines, at most {FILE_LINES}"));
        }
    }
    Ok(found)
}

#[derive(Default)]
struct Visitor {
    /// Line, name and length.
    found: Vec<(usize, String, usize)>,
}

impl Visitor {
    fn judge(&mut self, signature: &Signature, block: &Block) {
        let line = |span: Span| span.start().line;
        let (first, last) = (
            line(signature.fn_token.span),
            line(block.brace_token.span.close()),
        );
        let lines = last + 1 - first;
        if lines > FUNCTION_LINES {
            let name = signature.ident.to_string();
            self.found.push((first, name, lines));
        }
    }
}

impl<'ast> Visit<'ast> for Visitor {
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

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.judge(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.judge(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(block) = &function.default {
            self.judge(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}
