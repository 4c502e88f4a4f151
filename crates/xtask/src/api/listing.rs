//! What can be named from outside, and what it has.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use syn::{Ident, Item, ItemImpl, ItemUse, Type};

use super::crate_items::{Entry, Items, cfg};
use super::text;
use crate::structure::{Found, Tree, attributes, defined, imports};

/// The public interface, sorted by path. `root` is the name of the crate.
///
/// # Errors
/// When it cannot be told what a `pub use` means.
pub(super) fn list(tree: &Tree, root: &str) -> Result<Vec<String>> {
    let mut listing = Listing {
        items: Items::of(tree),
        named: BTreeMap::new(),
        lines: BTreeMap::new(),
    };
    listing.module(0, root)?;
    listing.impls();
    let lines = listing.lines.into_iter();
    Ok(lines
        .flat_map(|(path, lines)| {
            let lines = lines.into_iter().enumerate();
            // The first line of an item is itself, the others are what it has.
            lines.map(move |(at, line)| match at {
                0 => line,
                _ if path.is_empty() => line,
                _ => format!("    {line}"),
            })
        })
        .collect())
}

struct Listing<'a> {
    items: Items<'a>,
    /// The first path of each item that has one: by its module and name.
    named: BTreeMap<(usize, String), String>,
    /// The lines of each path.
    lines: BTreeMap<String, Vec<String>>,
}

/// What one `impl` gives to the item of a path.
struct Implementation {
    path: String,
    is_trait: bool,
    lines: Vec<String>,
}

impl<'a> Listing<'a> {
    /// Everything public in a module that is known outside as `path`.
    fn module(&mut self, module: usize, path: &str) -> Result<()> {
        let entries: Vec<_> = self.items.within(module).collect();
        for entry in entries {
            match entry.item {
                Item::Use(item) if text::is_public(&item.vis) => self.export(module, path, item)?,
                Item::Mod(item) if text::is_public(&item.vis) => {
                    if let Some(child) = self.items.child(module, &item.ident) {
                        self.child(child, &path_to(path, &item.ident), &cfg(&item.attrs))?;
                    }
                }
                Item::Use(_) | Item::Mod(_) => {}
                item => {
                    let is_public = visibility(item).is_some_and(text::is_public);
                    if let Some(name) = defined(item).filter(|_| is_public) {
                        self.item(entry, &format!("{path}::{name}"), &[]);
                    }
                }
            }
        }
        Ok(())
    }

    fn child(&mut self, module: usize, path: &str, conditions: &[String]) -> Result<()> {
        let conditions: String = conditions.iter().map(|it| format!("{it} ")).collect();
        self.add(path, format!("{conditions}pub mod {path}"));
        self.module(module, path)
    }

    /// What a `pub use` in a module gives to `path`.
    fn export(&mut self, module: usize, path: &str, item: &ItemUse) -> Result<()> {
        let conditions = cfg(&item.attrs);
        for import in imports(&item.tree) {
            let source = import.path.join("::");
            let outside = import.name.as_ref().map(|name| format!("{path}::{name}"));
            match (self.items.tree.resolve(module, &import.path), outside) {
                (Some(Found::Module(other)), None) => self.module(other, path)?,
                (Some(Found::Module(other)), Some(outside)) => {
                    self.child(other, &outside, &conditions)?;
                }
                (Some(Found::ItemOf(other)), Some(outside)) => {
                    let name = import.path.last().cloned();
                    self.exported(other, name, &outside, &conditions)?;
                }
                (None | Some(Found::ItemOf(_)), outside) => {
                    let outside = outside.unwrap_or_else(|| format!("{path}::*"));
                    self.add(&outside, format!("pub use {source} as {outside}"));
                }
            }
        }
        Ok(())
    }

    /// What `pub use` gives of an item in a module; or of several, since a function and a type may share a name.
    fn exported(
        &mut self,
        module: usize,
        name: Option<String>,
        path: &str,
        conditions: &[String],
    ) -> Result<()> {
        let entries: Vec<_> = self.items.within(module).collect();
        let found = entries.iter().filter(|entry| defined(entry.item) == name);
        if found.clone().next().is_none() {
            let macros: Vec<_> = entries
                .iter()
                .filter_map(|it| macro_text(it.item))
                .collect();
            if macros.is_empty() {
                bail!("`pub use` as {path}: nothing has this name there");
            }
            self.add(path, format!("{path}: made by one of these macros"));
            macros.into_iter().for_each(|it| self.add(path, it));
        }
        found.for_each(|&entry| self.item(entry, path, conditions));
        Ok(())
    }

    fn item(&mut self, entry: Entry<'a>, path: &str, conditions: &[String]) {
        let Some(name) = defined(entry.item) else {
            return;
        };
        let first = self.named.entry((entry.module, name));
        let first = first.or_insert_with(|| path.to_owned()).clone();
        let mut conditions = conditions.to_vec();
        for condition in self.items.conditions(entry.module) {
            if !conditions.contains(condition) {
                conditions.push(condition.clone());
            }
        }
        let conditions: String = conditions.iter().map(|it| format!("{it} ")).collect();
        if first != path {
            self.add(path, format!("{conditions}pub use {first} as {path}"));
            return;
        }
        let shown = text::attributes(attributes(entry.item));
        for (at, line) in lines(entry.item, path).into_iter().enumerate() {
            let line = match at {
                0 => format!("{conditions}{shown}{line}"),
                _ => line,
            };
            self.add(path, line);
        }
    }

    /// Adds what types have to the lines of their path: their functions as in the source, and then the traits in order,
    /// wherever in the crate they are.
    fn impls(&mut self) {
        let entries = self.items.entries.iter();
        let impls = entries.filter_map(|entry| match entry.item {
            Item::Impl(item) => self.implementation(entry.module, item),
            _ => None,
        });
        let mut impls: Vec<_> = impls.collect();
        impls.sort_by_cached_key(|it| it.is_trait.then(|| it.lines.first().cloned()));
        for Implementation { path, lines, .. } in impls {
            for line in lines {
                self.add(&path, line);
            }
        }
    }

    /// What an `impl` gives. `None` if that cannot be seen from outside.
    fn implementation(&self, module: usize, item: &ItemImpl) -> Option<Implementation> {
        let own = |path| self.items.resolve(module, path);
        let path = match named(&item.self_ty).and_then(own) {
            Some(of) => self.named.get(&of)?.clone(),
            // A trait of ours for somebody else's type.
            None => String::new(),
        };
        let above = self.lines.get(&path).and_then(|lines| lines.first());
        let mut conditions = self.items.conditions(module).to_vec();
        conditions.extend(cfg(&item.attrs));
        conditions.retain(|it| !above.is_some_and(|line| line.contains(it.as_str())));
        let conditions: String = conditions.iter().map(|it| format!("{it} ")).collect();
        let mut lines = text::impl_items(item);
        let is_trait = match &item.trait_ {
            Some((of_trait, _)) => {
                if own(of_trait).is_some_and(|it| !self.named.contains_key(&it)) {
                    return None;
                }
                lines = lines.iter().map(|line| format!("    {line}")).collect();
                lines.insert(0, format!("{conditions}{}", header(item)));
                true
            }
            None => {
                lines = lines
                    .iter()
                    .map(|line| format!("{conditions}{line}"))
                    .collect();
                false
            }
        };
        Some(Implementation {
            path,
            is_trait,
            lines,
        })
    }

    fn add(&mut self, path: &str, line: String) {
        self.lines.entry(path.to_owned()).or_default().push(line);
    }
}

fn path_to(path: &str, name: &Ident) -> String {
    format!("{path}::{name}")
}

/// `impl Trait for Type`.
fn header(item: &ItemImpl) -> String {
    let parameters = text::of(&item.generics);
    let of_trait = item.trait_.as_ref().map(|(path, _)| text::of(path));
    let bounds = item.generics.where_clause.as_ref().map(text::of);
    format!(
        "impl{parameters} {} for {}{}",
        of_trait.unwrap_or_default(),
        text::of(&*item.self_ty),
        bounds.map(|it| format!(" {it}")).unwrap_or_default()
    )
}

/// The path in a type, through references.
fn named(of: &Type) -> Option<&syn::Path> {
    match of {
        Type::Path(path) => Some(&path.path),
        Type::Reference(reference) => named(&reference.elem),
        _ => None,
    }
}

fn visibility(item: &Item) -> Option<&syn::Visibility> {
    Some(match item {
        Item::Const(item) => &item.vis,
        Item::Enum(item) => &item.vis,
        Item::Fn(item) => &item.vis,
        Item::Static(item) => &item.vis,
        Item::Struct(item) => &item.vis,
        Item::Trait(item) => &item.vis,
        Item::Type(item) => &item.vis,
        Item::Union(item) => &item.vis,
        _ => return None,
    })
}

/// The definition or the call of a macro, in whole.
fn macro_text(item: &Item) -> Option<String> {
    match item {
        Item::Macro(item) => Some(text::of(item)),
        _ => None,
    }
}

/// An item without what its `impl`s give it. The first line is its head.
fn lines(item: &Item, path: &str) -> Vec<String> {
    let generics = |generics: &syn::Generics| {
        let bounds = generics.where_clause.as_ref().map(text::of);
        (
            text::of(generics),
            bounds.map(|it| format!(" {it}")).unwrap_or_default(),
        )
    };
    match item {
        Item::Const(item) => vec![format!("pub const {path}: {}", text::of(&*item.ty))],
        Item::Static(item) => vec![format!("pub static {path}: {}", text::of(&*item.ty))],
        Item::Fn(item) => {
            let (name, signature) = (format!("fn {}", item.sig.ident), text::of(&item.sig));
            vec![format!(
                "pub {}",
                signature.replacen(&name, &format!("fn {path}"), 1)
            )]
        }
        Item::Struct(item) => {
            let (parameters, bounds) = generics(&item.generics);
            let fields = text::fields(&item.fields, false);
            vec![format!("pub struct {path}{parameters}{fields}{bounds}")]
        }
        Item::Enum(of) => {
            let (parameters, bounds) = generics(&of.generics);
            let mut lines = text::variants(of);
            lines.insert(0, format!("pub enum {path}{parameters}{bounds}"));
            lines
        }
        Item::Trait(of) => {
            let (parameters, bounds) = generics(&of.generics);
            let above = text::of(&of.supertraits);
            let above = of
                .colon_token
                .map(|_| format!(": {above}"))
                .unwrap_or_default();
            let mut lines = text::trait_items(of);
            lines.insert(0, format!("pub trait {path}{parameters}{above}{bounds}"));
            lines
        }
        Item::Type(item) => {
            let (parameters, _) = generics(&item.generics);
            vec![format!(
                "pub type {path}{parameters} = {}",
                text::of(&*item.ty)
            )]
        }
        other => vec![format!("{path}: {}", text::of(other))],
    }
}
