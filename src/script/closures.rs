//! Closures of different scripts that rhai cannot tell apart: it names a closure by its text and place, and finds it by
//! that name where it is called. The same closure at the same place of two scripts would silently run the wrong one.

use std::collections::BTreeSet;

use rhai::{AST, ASTNode, Expr, FnPtr};

use super::diagnostic::Place;

/// What to do about two such closures.
pub(super) const HINT: &str = "move one of them to another line, or call a named function in it";

/// The names of a script's closures.
pub(super) fn names(ast: &AST) -> BTreeSet<String> {
    let functions = ast.iter_functions().map(|function| function.name);
    functions
        .filter(|name| name.starts_with("anon$"))
        .map(str::to_owned)
        .collect()
}

/// A closure that both scripts have.
pub(super) fn shared(one: &AST, other: &AST) -> Option<String> {
    let names = names(one);
    if names.is_empty() {
        return None;
    }
    self::names(other)
        .into_iter()
        .find(|name| names.contains(name))
}

/// Where a closure of this name stands.
pub(super) fn place(ast: &AST, file: &str, name: &str) -> Place {
    let mut at = rhai::Position::NONE;
    ast.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::DynamicConstant(value, position))) = path.last()
            && let Some(pointer) = value.clone().try_cast::<FnPtr>()
            && pointer.fn_name() == name
        {
            at = *position;
        }
        true
    });
    Place::new(file, at)
}

/// What is wrong with two such closures.
pub(super) fn message(one: &str, other: &str, place: &Place) -> String {
    format!(
        "`{one}` and `{other}` hold the same closure at {}:{}, so the wrong one could run",
        place.line, place.column
    )
}
