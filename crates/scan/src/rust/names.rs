//! The names of syntax nodes, and their attributes.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::{Attribute, Expr, Item, Meta, Pat};

/// Returns a function's name for [`Site::call`](crate::Site): with its type if it has one
/// (`Path::new`), without modules.
pub fn called(path: &syn::Path) -> Option<String> {
    let mut segments = path.segments.iter().rev();
    let name = segments.next()?.ident.unraw().to_string();
    let owner = segments
        .next()
        .map(|segment| segment.ident.unraw().to_string());
    Some(match owner {
        Some(owner) if owner.starts_with(char::is_uppercase) => format!("{owner}::{name}"),
        _ => name,
    })
}

/// Returns the variable that a pattern binds as a whole.
pub fn bound(pattern: &Pat) -> Option<String> {
    match pattern {
        Pat::Ident(name) => Some(name.ident.unraw().to_string()),
        Pat::Type(typed) => bound(&typed.pat),
        _ => None,
    }
}

/// Returns the predicate of a `#[cfg(…)]`, or `test` for a `#[test]` or `#[bench]` function. `text`
/// returns the bytes of a span.
pub fn predicate<'t>(attribute: &Attribute, text: impl FnOnce(Span) -> &'t [u8]) -> Option<String> {
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let whole = String::from_utf8_lossy(text(list.delimiter.span().join())).into_owned();
            let inside = whole.get(1..whole.len().checked_sub(1)?)?;
            Some(one_line(inside))
        }
        Meta::NameValue(_) => None,
        // `#[test]`, `#[tokio::test]`, `#[tokio::test(flavor = "…")]`.
        Meta::Path(path) | Meta::List(syn::MetaList { path, .. }) => {
            let last = path.segments.last()?;
            (last.ident == "test" || last.ident == "bench").then(|| "test".to_owned())
        }
    }
}

/// Returns a predicate without line breaks and without a trailing comma.
pub fn one_line(predicate: &str) -> String {
    let words: Vec<&str> = predicate.split_whitespace().collect();
    let line = words.join(" ");
    let line = line.strip_suffix(',').unwrap_or(&line);
    line.replace("( ", "(")
        .replace(", )", ")")
        .replace(" )", ")")
}

/// Returns the attributes of an item.
pub fn item_attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(syn::ItemConst { attrs, .. })
        | Item::Enum(syn::ItemEnum { attrs, .. })
        | Item::ExternCrate(syn::ItemExternCrate { attrs, .. })
        | Item::Fn(syn::ItemFn { attrs, .. })
        | Item::ForeignMod(syn::ItemForeignMod { attrs, .. })
        | Item::Impl(syn::ItemImpl { attrs, .. })
        | Item::Macro(syn::ItemMacro { attrs, .. })
        | Item::Mod(syn::ItemMod { attrs, .. })
        | Item::Static(syn::ItemStatic { attrs, .. })
        | Item::Struct(syn::ItemStruct { attrs, .. })
        | Item::Trait(syn::ItemTrait { attrs, .. })
        | Item::TraitAlias(syn::ItemTraitAlias { attrs, .. })
        | Item::Type(syn::ItemType { attrs, .. })
        | Item::Union(syn::ItemUnion { attrs, .. })
        | Item::Use(syn::ItemUse { attrs, .. }) => attrs,
        _ => &[],
    }
}

/// Returns the attributes of an expression, for the kinds that have them in practice.
pub fn attributes_of(expression: &Expr) -> &[Attribute] {
    match expression {
        Expr::Array(syn::ExprArray { attrs, .. })
        | Expr::Assign(syn::ExprAssign { attrs, .. })
        | Expr::Async(syn::ExprAsync { attrs, .. })
        | Expr::Await(syn::ExprAwait { attrs, .. })
        | Expr::Binary(syn::ExprBinary { attrs, .. })
        | Expr::Block(syn::ExprBlock { attrs, .. })
        | Expr::Break(syn::ExprBreak { attrs, .. })
        | Expr::Call(syn::ExprCall { attrs, .. })
        | Expr::Closure(syn::ExprClosure { attrs, .. })
        | Expr::ForLoop(syn::ExprForLoop { attrs, .. })
        | Expr::If(syn::ExprIf { attrs, .. })
        | Expr::Lit(syn::ExprLit { attrs, .. })
        | Expr::Loop(syn::ExprLoop { attrs, .. })
        | Expr::Macro(syn::ExprMacro { attrs, .. })
        | Expr::Match(syn::ExprMatch { attrs, .. })
        | Expr::MethodCall(syn::ExprMethodCall { attrs, .. })
        | Expr::Paren(syn::ExprParen { attrs, .. })
        | Expr::Path(syn::ExprPath { attrs, .. })
        | Expr::Reference(syn::ExprReference { attrs, .. })
        | Expr::Return(syn::ExprReturn { attrs, .. })
        | Expr::Struct(syn::ExprStruct { attrs, .. })
        | Expr::Try(syn::ExprTry { attrs, .. })
        | Expr::Tuple(syn::ExprTuple { attrs, .. })
        | Expr::Unary(syn::ExprUnary { attrs, .. })
        | Expr::Unsafe(syn::ExprUnsafe { attrs, .. })
        | Expr::While(syn::ExprWhile { attrs, .. }) => attrs,
        _ => &[],
    }
}
