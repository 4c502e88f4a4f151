//! The modules of one crate, found by their `mod` lines, and the names that each of them has.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result};
use syn::{Attribute, Expr, Item, ItemMod, Lit, Meta};

use super::imports::{self, Import};

/// The modules and files of one crate. The root is module 0 in file 0.
#[derive(Default)]
pub(crate) struct Tree {
    files: Vec<SourceFile>,
    modules: Vec<Module>,
}

pub(crate) struct SourceFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) syntax: Rc<syn::File>,
    /// The module that the file is.
    pub(crate) module: usize,
    pub(crate) is_test: bool,
}

/// A module in a file of its own, or in the file of another. Modules within functions are not here.
#[derive(Debug, Default)]
pub(crate) struct Module {
    pub(crate) parent: Option<usize>,
    pub(crate) file: usize,
    pub(crate) children: HashMap<String, usize>,
    /// What is defined here.
    pub(crate) items: HashSet<String>,
    /// What is defined elsewhere and has a name here, by `use` or `pub use`.
    pub(crate) aliases: HashMap<String, Vec<Vec<String>>>,
    /// What is imported with `*`.
    pub(crate) globs: Vec<Vec<String>>,
}

/// Gives the text of a file, or `None` when there is none.
type Read<'a> = &'a dyn Fn(&Path) -> Option<String>;

impl Tree {
    /// Reads a crate from its root file on. With `is_test` all of it is tests.
    ///
    /// # Errors
    /// When a file is missing or is not Rust.
    pub(crate) fn load(root: &Path, is_test: bool, read: Read<'_>) -> Result<Self> {
        let mut tree = Self::default();
        let folder = root.parent().unwrap_or(Path::new(""));
        tree.add_file(root, folder, None, is_test, read)?;
        Ok(tree)
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter()
    }

    pub(crate) fn file(&self, index: usize) -> &SourceFile {
        &self.files[index]
    }

    pub(crate) fn module(&self, index: usize) -> &Module {
        &self.modules[index]
    }

    /// `folder` is where the files of its children are.
    fn add_file(
        &mut self,
        path: &Path,
        folder: &Path,
        parent: Option<usize>,
        is_test: bool,
        read: Read<'_>,
    ) -> Result<usize> {
        let text = read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let syntax = syn::parse_file(&text).with_context(|| path.display().to_string())?;
        let syntax = Rc::new(syntax);
        let (file, module) = (self.files.len(), self.modules.len());
        self.modules.push(Module {
            parent,
            file,
            ..Module::default()
        });
        self.files.push(SourceFile {
            path: path.to_owned(),
            text,
            syntax: Rc::clone(&syntax),
            module,
            is_test,
        });
        self.add_items(module, &syntax.items, folder, is_test, read)?;
        Ok(module)
    }

    fn add_items(
        &mut self,
        module: usize,
        items: &[Item],
        folder: &Path,
        is_test: bool,
        read: Read<'_>,
    ) -> Result<()> {
        for item in items {
            match item {
                Item::Use(item) => {
                    for import in imports::imports(&item.tree) {
                        self.add_import(module, import);
                    }
                }
                Item::Mod(item) => {
                    let is_test = is_test || is_for_tests(&item.attrs);
                    let child = self.add_module(module, item, folder, is_test, read)?;
                    let name = item.ident.to_string();
                    self.modules[module].children.insert(name, child);
                }
                item => {
                    let name = imports::defined(item);
                    self.modules[module].items.extend(name);
                }
            }
        }
        Ok(())
    }

    fn add_import(&mut self, module: usize, import: Import) {
        let module = &mut self.modules[module];
        match import.name {
            Some(name) => module.aliases.entry(name).or_default().push(import.path),
            None => module.globs.push(import.path),
        }
    }

    fn add_module(
        &mut self,
        parent: usize,
        item: &ItemMod,
        folder: &Path,
        is_test: bool,
        read: Read<'_>,
    ) -> Result<usize> {
        let name = item.ident.to_string();
        let inner = folder.join(&name);
        if let Some((_, items)) = &item.content {
            let (module, file) = (self.modules.len(), self.modules[parent].file);
            self.modules.push(Module {
                parent: Some(parent),
                file,
                ..Module::default()
            });
            self.add_items(module, items, &inner, is_test, read)?;
            return Ok(module);
        }
        if let Some(path) = path_attribute(&item.attrs) {
            let here = self.files[self.modules[parent].file].path.parent();
            let path = normal(&here.unwrap_or(Path::new("")).join(path));
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            return self.add_file(&path, &folder, Some(parent), is_test, read);
        }
        let (beside, within) = (folder.join(format!("{name}.rs")), inner.join("mod.rs"));
        let path = if read(&within).is_some() {
            within
        } else {
            beside
        };
        self.add_file(&path, &inner, Some(parent), is_test, read)
    }
}

/// Whether this is compiled for tests only: `#[test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`.
pub(crate) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else {
            return attribute.path().is_ident("test");
        };
        let words = list.tokens.to_string().replace(' ', "");
        list.path.is_ident("cfg") && (words == "test" || words.starts_with("all(test,"))
    })
}

/// The attributes of an item that can be for tests only.
pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The value of `#[path = "…"]`.
fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    let path = attributes.iter().find(|it| it.path().is_ident("path"))?;
    match &path.meta.require_name_value().ok()?.value {
        Expr::Lit(value) => match &value.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// Without `..`, so that a file has one name however it was reached.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path {
        if part == ".." {
            normal.pop();
        } else {
            normal.push(part);
        }
    }
    normal
}
