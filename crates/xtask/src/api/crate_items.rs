//! All items of a crate, each with the module that it is in.

use syn::{Ident, Item};

use super::text;
use crate::structure::{Found, Tree, attributes, is_for_tests};

/// One item outside functions, and not only for tests.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) module: usize,
    pub(super) item: &'a Item,
}

/// The items of a crate.
pub(super) struct Items<'a> {
    pub(super) tree: &'a Tree,
    pub(super) entries: Vec<Entry<'a>>,
    /// The conditions of each module, those of the modules around it included.
    conditions: Vec<Vec<String>>,
}

impl<'a> Items<'a> {
    pub(super) fn of(tree: &'a Tree) -> Self {
        let mut items = Self {
            tree,
            entries: Vec::new(),
            conditions: Vec::new(),
        };
        items.add(0, &tree.file(0).syntax.items, Vec::new());
        items
    }

    fn add(&mut self, module: usize, items: &'a [Item], conditions: Vec<String>) {
        let count = self.conditions.len().max(module + 1);
        self.conditions.resize(count, Vec::new());
        self.conditions[module].clone_from(&conditions);
        for item in items.iter().filter(|item| !is_left_out(item)) {
            self.entries.push(Entry { module, item });
            let Item::Mod(inner) = item else { continue };
            let Some(child) = self.child(module, &inner.ident) else {
                continue;
            };
            let mut conditions = conditions.clone();
            conditions.extend(cfg(&inner.attrs));
            match &inner.content {
                Some((_, items)) => self.add(child, items, conditions),
                None => {
                    let file = self.tree.file(self.tree.module(child).file);
                    self.add(child, &file.syntax.items, conditions);
                }
            }
        }
    }

    /// The module of this name in another one.
    pub(super) fn child(&self, module: usize, name: &Ident) -> Option<usize> {
        let children = &self.tree.module(module).children;
        children.get(&name.to_string()).copied()
    }

    /// What is in a module, in the order of the source.
    pub(super) fn within(&self, module: usize) -> impl Iterator<Item = Entry<'a>> + '_ {
        let entries = self.entries.iter().copied();
        entries.filter(move |entry| entry.module == module)
    }

    /// Under which conditions an item is compiled, beside its own.
    pub(super) fn conditions(&self, module: usize) -> &[String] {
        &self.conditions[module]
    }

    /// What a path in a module leads to, if that is an item of this crate: its module and name.
    pub(super) fn resolve(&self, module: usize, path: &syn::Path) -> Option<(usize, String)> {
        let names = path.segments.iter().map(|name| name.ident.to_string());
        let names: Vec<_> = names.collect();
        match self.tree.resolve(module, &names)? {
            Found::ItemOf(module) => Some((module, names.last()?.clone())),
            Found::Module(_) => None,
        }
    }
}

/// The conditions among these attributes.
pub(super) fn cfg(attributes: &[syn::Attribute]) -> Vec<String> {
    let conditions = attributes.iter().filter(|it| it.path().is_ident("cfg"));
    conditions.map(text::of).collect()
}

fn is_left_out(item: &Item) -> bool {
    let attributes = attributes(item);
    is_for_tests(attributes) || cfg(attributes).iter().any(|cfg| cfg == "#[cfg(doctest)]")
}
