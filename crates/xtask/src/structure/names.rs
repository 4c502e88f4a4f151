//! What a path means: the module in which the item it names is defined.

use super::modules::Tree;

/// How many imports of imports are followed.
const DEPTH: usize = 8;

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Module(usize),
    /// Something that is defined in this module.
    ItemOf(usize),
}

impl Tree {
    /// What a path in this module leads to; `None` when it leads out of the crate.
    pub(crate) fn resolve(&self, module: usize, path: &[String]) -> Option<Found> {
        self.follow(module, path, DEPTH)
    }

    fn follow(&self, module: usize, path: &[String], depth: usize) -> Option<Found> {
        let (first, rest) = path.split_first()?;
        let mut found = match self.relative(module, first) {
            Some(module) => Found::Module(module),
            None => self.member(module, first, rest.is_empty(), depth)?,
        };
        for (index, name) in rest.iter().enumerate() {
            // Behind an item are its variants and functions, which are where it is.
            let Found::Module(module) = found else { break };
            let is_last = index + 1 == rest.len();
            found = match self.relative(module, name) {
                Some(module) => Found::Module(module),
                // What is not there was made by a macro.
                None => self
                    .member(module, name, is_last, depth)
                    .unwrap_or(Found::ItemOf(module)),
            };
        }
        Some(found)
    }

    /// The words that begin a path.
    fn relative(&self, module: usize, word: &str) -> Option<usize> {
        match word {
            "crate" => Some(0),
            "self" => Some(module),
            "super" => self.module(module).parent,
            _ => None,
        }
    }

    /// What a name means in a module. A function may be called like a module: the last name of a path is the
    /// function, one before it the module.
    fn member(&self, module: usize, name: &str, is_last: bool, depth: usize) -> Option<Found> {
        let depth = depth.checked_sub(1)?;
        let here = self.module(module);
        let item = here.items.contains(name).then_some(Found::ItemOf(module));
        let child = here.children.get(name).map(|&child| Found::Module(child));
        let own = if is_last {
            item.or(child)
        } else {
            child.or(item)
        };
        let aliases = || here.aliases.get(name).into_iter().flatten();
        own.or_else(|| aliases().find_map(|path| self.follow(module, path, depth)))
            .or_else(|| {
                here.globs.iter().find_map(|path| {
                    let Found::Module(other) = self.follow(module, path, depth)? else {
                        return None; // The variants of an enum.
                    };
                    self.member(other, name, is_last, depth)
                })
            })
    }
}
