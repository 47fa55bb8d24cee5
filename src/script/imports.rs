//! What scripts import, followed through libraries: for checking them with a task, and for finding circles.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTNode, Expr, Position, Stmt};

use super::language;
use super::library::{self, Source};
use crate::base::Project;

/// One `import` of a script.
pub(super) struct Import {
    /// The path as written; none when it is computed.
    pub(super) path: Option<String>,
    /// The name it is known by.
    pub(super) alias: String,
    /// Where the path stands.
    pub(super) at: Position,
}

/// Every `import` in a script, also inside functions.
pub(super) fn of(ast: &AST) -> Vec<Import> {
    let mut found = Vec::new();
    ast.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::Import(import, _))) = path.last() {
            let (expr, alias): &(Expr, _) = import;
            let literal = expr.get_literal_value(None);
            found.push(Import {
                path: literal.and_then(|path| path.into_string().ok()),
                alias: alias.name.to_string(),
                at: expr.start_position(),
            });
        }
        true
    });
    found
}

/// The libraries that a script imports, and those that they import, each once.
pub(super) fn behind(project: &Project, ast: &AST) -> Vec<Source> {
    let mut seen = BTreeSet::new();
    let mut waiting = keys(ast);
    let mut found = Vec::new();
    while let Some(key) = waiting.pop() {
        if !seen.insert(key.clone()) {
            continue;
        }
        let Ok(source) = library::find(project, &key) else {
            continue;
        };
        if let Ok(ast) = language::compile(&source.text) {
            waiting.extend(keys(&ast));
        }
        found.push(source);
    }
    found
}

fn keys(ast: &AST) -> Vec<String> {
    let paths = of(ast).into_iter().filter_map(|import| import.path);
    paths.filter_map(|path| library::key(&path).ok()).collect()
}

/// The way from a library back to itself, starting with one of its imports; none when there is none.
pub(super) fn ring(project: &Project, own: &str, first: &str) -> Option<Vec<String>> {
    let mut imports: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut path = vec![own.to_owned()];
    let mut load = |key: &str| {
        let known = imports.entry(key.to_owned()).or_insert_with(|| {
            let source = library::find(project, key).ok();
            let ast = source.and_then(|source| language::compile(&source.text).ok());
            ast.as_deref().map(keys).unwrap_or_default()
        });
        known.clone()
    };
    lead_back(own, first, &mut load, &mut path).then_some(path)
}

fn lead_back(
    own: &str,
    at: &str,
    load: &mut impl FnMut(&str) -> Vec<String>,
    path: &mut Vec<String>,
) -> bool {
    let seen = path.iter().skip(1).any(|key| key == at);
    path.push(at.to_owned());
    if at == own || (!seen && load(at).iter().any(|next| lead_back(own, next, load, path))) {
        return true;
    }
    path.pop();
    false
}
