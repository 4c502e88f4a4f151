//! Results that are dropped without a comment that says why.
//!
//! Types are not known here, so only the form matters: `let _ = …` and `_ = …`; a statement that ends in `.ok();` or
//! `.err();`; and `drop(…)` of what a call or a macro has just made (`drop(name)` ends a guard). An unused
//! parameter, as in `let _ = stream;`, does not count. The compiler itself reports results that are not used at all.
//! The arguments of macros are not checked.
//!
//! A comment counts if it is on a line of the statement, or on a line of its own right above it.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Arm, Expr, ExprAssign, ExprCall, FnArg, ImplItem, Item, Local, Pat, Signature, Stmt};

use super::modules::{SourceFile, Tree, attributes, is_for_tests};
use crate::process::shown;

/// The places, except those in tests.
pub(super) fn find(tree: &Tree) -> Vec<String> {
    let files = tree.files().filter(|file| !file.is_test);
    let found = files.flat_map(|file| {
        let place = shown(&file.path);
        let found = in_file(file).into_iter();
        found.map(move |(line, what)| format!("{place}:{line}: {what}"))
    });
    found.collect()
}

fn in_file(file: &SourceFile) -> Vec<(usize, &'static str)> {
    let mut visitor = Visitor {
        comments: comments(&file.text),
        statement: (0, 0),
        parameters: Vec::new(),
        found: Vec::new(),
    };
    visitor.visit_file(&file.syntax);
    visitor.found
}

/// The lines with a comment, and whether there is nothing else on them. A comment is whatever is between two tokens
/// and not blank; doc comments are tokens.
fn comments(text: &str) -> BTreeMap<usize, bool> {
    let mut tokens = Vec::new();
    if let Ok(stream) = text.parse() {
        collect(stream, &mut tokens);
    }
    tokens.sort_unstable();
    let mut comments = BTreeMap::new();
    let (mut end, mut line) = (0, 1);
    for (start, token_end) in tokens.into_iter().chain([(text.len(), text.len())]) {
        let gap = text.get(end..start).unwrap_or("");
        for (index, part) in gap.split('\n').enumerate() {
            line += usize::from(index > 0);
            if !part.trim().is_empty() {
                let is_alone = index > 0 || end == 0;
                comments.insert(line, is_alone);
            }
        }
        // The tokens of a doc comment lie at one place.
        let token = text.get(end.max(start)..token_end).unwrap_or("");
        line += token.matches('\n').count();
        end = end.max(token_end);
    }
    comments
}

/// Where each token begins and ends.
fn collect(stream: TokenStream, tokens: &mut Vec<(usize, usize)>) {
    let mut add = |span: proc_macro2::Span| {
        let range = span.byte_range();
        tokens.push((range.start, range.end));
    };
    let mut groups = Vec::new();
    for token in stream {
        match token {
            TokenTree::Group(group) => {
                add(group.span_open());
                add(group.span_close());
                groups.push(group.stream());
            }
            token => add(token.span()),
        }
    }
    for group in groups {
        collect(group, tokens);
    }
}

struct Visitor {
    comments: BTreeMap<usize, bool>,
    /// The first and the last line of the statement or match arm being checked.
    statement: (usize, usize),
    /// The names of the parameters of the functions around it.
    parameters: Vec<String>,
    found: Vec<(usize, &'static str)>,
}

impl Visitor {
    fn judge(&mut self, line: usize, what: &'static str) {
        let (first, last) = self.statement;
        let is_explained = self.comments.range(first..=last).next().is_some()
            || self.comments.get(&(first - 1)) == Some(&true);
        if !is_explained {
            self.found.push((line, what));
        }
    }

    fn within(&mut self, lines: (usize, usize), visit: impl FnOnce(&mut Self)) {
        let around = std::mem::replace(&mut self.statement, lines);
        visit(self);
        self.statement = around;
    }

    /// Whether this only names parameters.
    fn is_unused(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Path(path) => path
                .path
                .get_ident()
                .is_some_and(|name| self.parameters.iter().any(|known| name == known)),
            Expr::Tuple(tuple) => tuple.elems.iter().all(|element| self.is_unused(element)),
            _ => false,
        }
    }

    fn function(&mut self, signature: &Signature, visit: impl FnOnce(&mut Self)) {
        let before = self.parameters.len();
        for input in &signature.inputs {
            if let FnArg::Typed(input) = input
                && let Pat::Ident(pattern) = &*input.pat
            {
                self.parameters.push(pattern.ident.to_string());
            }
        }
        visit(self);
        self.parameters.truncate(before);
    }
}

impl<'ast> Visit<'ast> for Visitor {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            item if is_for_tests(attributes(item)) => {}
            Item::Fn(function) => {
                self.function(&function.sig, |this| visit::visit_item(this, item));
            }
            item => visit::visit_item(self, item),
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        match item {
            ImplItem::Fn(function) if is_for_tests(&function.attrs) => {}
            ImplItem::Fn(function) => {
                self.function(&function.sig, |this| visit::visit_impl_item(this, item));
            }
            item => visit::visit_impl_item(self, item),
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        self.function(&function.sig, |this| {
            visit::visit_trait_item_fn(this, function);
        });
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        self.within(lines(statement), |this| {
            if let Stmt::Expr(Expr::MethodCall(call), Some(_)) = statement
                && (call.method == "ok" || call.method == "err")
            {
                this.judge(call.method.span().start().line, "`.ok();` or `.err();`");
            }
            visit::visit_stmt(this, statement);
        });
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        self.within(lines(arm), |this| visit::visit_arm(this, arm));
    }

    fn visit_local(&mut self, local: &'ast Local) {
        let pattern = match &local.pat {
            Pat::Type(typed) => &*typed.pat,
            pattern => pattern,
        };
        if let (Pat::Wild(_), Some(init)) = (pattern, &local.init)
            && !self.is_unused(&init.expr)
        {
            self.judge(local.let_token.span.start().line, "`let _ =`");
        }
        visit::visit_local(self, local);
    }

    fn visit_expr_assign(&mut self, assign: &'ast ExprAssign) {
        if matches!(*assign.left, Expr::Infer(_)) && !self.is_unused(&assign.right) {
            self.judge(assign.span().start().line, "`_ =`");
        }
        visit::visit_expr_assign(self, assign);
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        let is_drop = matches!(&*call.func, Expr::Path(function)
            if function.path.segments.last().is_some_and(|last| last.ident == "drop"));
        let is_new = matches!(
            call.args.first(),
            Some(Expr::Call(_) | Expr::MethodCall(_) | Expr::Macro(_) | Expr::Await(_))
        );
        if is_drop && is_new {
            self.judge(call.span().start().line, "`drop(…)` of what a call gave");
        }
        visit::visit_expr_call(self, call);
    }
}

fn lines(of: &impl Spanned) -> (usize, usize) {
    let span = of.span();
    (span.start().line, span.end().line)
}
