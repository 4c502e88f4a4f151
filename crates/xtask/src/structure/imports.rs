//! The names that items bring into a module.

use syn::{Item, UseTree};

/// One name that a `use` brings.
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) path: Vec<String>,
    /// `None` for `*`.
    pub(crate) name: Option<String>,
}

/// All that one `use` item imports.
pub(crate) fn imports(tree: &UseTree) -> Vec<Import> {
    let mut imports = Vec::new();
    collect(tree, &mut Vec::new(), &mut imports);
    imports
}

fn collect(tree: &UseTree, path: &mut Vec<String>, imports: &mut Vec<Import>) {
    let import = |path: &[String], last: String, name: String| {
        // `use a::{self}` names `a`.
        let (last, name) = match (&*last, path.last()) {
            ("self", Some(module)) if name == "self" => (None, module.clone()),
            ("self", Some(_)) => (None, name),
            _ => (Some(last), name),
        };
        let path = path.iter().cloned().chain(last).collect();
        Import {
            path,
            name: Some(name),
        }
    };
    match tree {
        UseTree::Path(next) => {
            path.push(next.ident.to_string());
            collect(&next.tree, path, imports);
            path.pop();
        }
        UseTree::Name(name) => {
            let name = name.ident.to_string();
            imports.push(import(path, name.clone(), name));
        }
        UseTree::Rename(names) => {
            let (name, rename) = (names.ident.to_string(), names.rename.to_string());
            imports.push(import(path, name, rename));
        }
        UseTree::Glob(_) => imports.push(Import {
            path: path.clone(),
            name: None,
        }),
        UseTree::Group(group) => {
            for tree in &group.items {
                collect(tree, path, imports);
            }
        }
    }
}

/// The name that an item defines.
pub(crate) fn defined(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
