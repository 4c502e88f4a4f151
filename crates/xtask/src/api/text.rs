//! Parts of a source as one line each.

use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Field, Fields, ImplItem, ItemEnum, ItemImpl, ItemTrait, Token, TraitItem, Visibility,
};

/// The source of one node: without comments, and with one blank where the source has any white space.
pub(super) fn of(node: &impl Spanned) -> String {
    let source = node.span().source_text().unwrap_or_default();
    let lines = source.lines();
    let lines = lines.map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    let words: Vec<_> = lines.flat_map(str::split_whitespace).collect();
    let mut text = words.join(" ");
    for (long, short) in [
        (", )", ")"),
        (", >", ">"),
        ("( ", "("),
        (" )", ")"),
        ("< ", "<"),
        // How a function calls its own argument.
        ("(mut ", "("),
        (", mut ", ", "),
    ] {
        text = text.replace(long, short);
    }
    text
}

pub(super) fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Those attributes that are part of an interface, each followed by a blank.
pub(super) fn attributes(attributes: &[Attribute]) -> String {
    const SHOWN: [&str; 8] = [
        "cfg",
        "cfg_attr",
        "deprecated",
        "derive",
        // Of a field: `thiserror` makes an `impl From` of it.
        "from",
        "macro_export",
        "non_exhaustive",
        "repr",
    ];
    let shown = attributes.iter().filter(|attribute| {
        let is_hidden = || of(&attribute.meta) == "doc(hidden)";
        SHOWN.iter().any(|name| attribute.path().is_ident(name)) || is_hidden()
    });
    shown
        .map(|attribute| format!("{} ", of(attribute)))
        .collect()
}

/// The public fields, and `..` for any others.
pub(super) fn fields(fields: &Fields, all_are_public: bool) -> String {
    let shown = |fields: &Punctuated<Field, Token![,]>| {
        let is_shown = |field: &&Field| all_are_public || is_public(&field.vis);
        let mut texts: Vec<_> = fields.iter().filter(is_shown).map(field).collect();
        if texts.len() < fields.len() {
            texts.push("..".into());
        }
        texts.join(", ")
    };
    match fields {
        Fields::Named(fields) => format!(" {{ {} }}", shown(&fields.named)),
        // The place of a private field counts, too.
        Fields::Unnamed(fields) => {
            let is_shown = |field: &Field| all_are_public || is_public(&field.vis);
            let each = fields.unnamed.iter();
            let each = each.map(|it| if is_shown(it) { field(it) } else { "_".into() });
            format!("({})", each.collect::<Vec<_>>().join(", "))
        }
        Fields::Unit => String::new(),
    }
}

fn field(field: &Field) -> String {
    let visibility = if is_public(&field.vis) { "pub " } else { "" };
    let name = field.ident.as_ref().map(|name| format!("{name}: "));
    format!(
        "{}{visibility}{}{}",
        attributes(&field.attrs),
        name.unwrap_or_default(),
        of(&field.ty)
    )
}

/// One line for each variant.
pub(super) fn variants(item: &ItemEnum) -> Vec<String> {
    let variants = item.variants.iter().map(|variant| {
        let value = variant.discriminant.as_ref();
        let value = value.map(|(_, value)| format!(" = {}", of(value)));
        let (attributes, fields) = (attributes(&variant.attrs), fields(&variant.fields, true));
        format!(
            "{attributes}{}{fields}{}",
            variant.ident,
            value.unwrap_or_default()
        )
    });
    variants.collect()
}

/// One line for each item of a trait.
pub(super) fn trait_items(item: &ItemTrait) -> Vec<String> {
    let items = item.items.iter().map(|item| match item {
        TraitItem::Fn(item) => {
            let default = if item.default.is_some() {
                " { .. }"
            } else {
                ""
            };
            format!("{}{}{default}", attributes(&item.attrs), of(&item.sig))
        }
        item => of(item),
    });
    items.collect()
}

/// The public functions and constants of an `impl`; of one for a trait the types and constants, since all else is
/// what the trait says.
pub(super) fn impl_items(item: &ItemImpl) -> Vec<String> {
    let is_trait = item.trait_.is_some();
    let items = item.items.iter().filter_map(|item| match item {
        ImplItem::Fn(item) if !is_trait && is_public(&item.vis) => {
            Some(format!("{}pub {}", attributes(&item.attrs), of(&item.sig)))
        }
        ImplItem::Const(item) if is_trait || is_public(&item.vis) => Some(format!(
            "{}pub const {}: {}",
            attributes(&item.attrs),
            item.ident,
            of(&item.ty)
        )),
        ImplItem::Type(item) => Some(format!("type {} = {}", item.ident, of(&item.ty))),
        ImplItem::Macro(item) => Some(of(item)),
        _ => None,
    });
    items.collect()
}
