//! Tasks that scripts run by name, held against those that there are.

use std::collections::BTreeMap;

use rhai::{AST, ASTNode, Expr, FnCallExpr, Stmt};

use crate::base::text::did_you_mean;
use crate::script::catalog::Catalog;
use crate::script::diagnostic::{Diagnostic, Place, Rule};

/// The names of all tasks, each with the names of its parameters.
pub(super) struct Known(BTreeMap<String, Vec<String>>);

impl Known {
    /// The tasks of a catalog; none when a file cannot be read, as any task may be declared in it.
    pub(super) fn of(catalog: &Catalog) -> Option<Self> {
        if catalog.has_unreadable() {
            return None;
        }
        let named = catalog.tasks().flat_map(|task| {
            let params: Vec<String> = task.params.iter().map(|p| p.name.clone()).collect();
            let names = std::iter::once(&task.name).chain(&task.aliases);
            names.map(move |name| (name.clone(), params.clone()))
        });
        Some(Self(named.collect()))
    }
}

/// Looks at every `task::run` whose task is a literal.
pub(super) fn check(ast: &AST, file: &str, known: &Known) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    ast.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::FnCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _))) =
            path.last()
            && call.name == "run"
            && call.namespace.path.len() == 1
            && call.namespace.path[0].name == "task"
        {
            found.extend(run(call, file, known));
        }
        true
    });
    found
}

fn run(call: &FnCallExpr, file: &str, known: &Known) -> Vec<Diagnostic> {
    let Some(Expr::StringConstant(name, at)) = call.args.first() else {
        return Vec::new();
    };
    let Some(params) = known.0.get(name.as_str()) else {
        let near = did_you_mean(name, known.0.keys().map(String::as_str));
        let place = Place::new(file, *at);
        let found = Diagnostic::new(Rule::UnknownTask, place, format!("no task `{name}` to run"));
        return vec![found.hint(near.map(|near| format!("did you mean `{near}`?")))];
    };
    let Some(Expr::Map(args, _)) = call.args.get(1) else {
        return Vec::new();
    };
    let keys = args.0.iter().map(|(key, _)| key);
    let unknown = keys.filter(|key| !params.iter().any(|param| *param == key.name));
    let finding = |key: &rhai::Ident| {
        let hint = match did_you_mean(&key.name, params.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if params.is_empty() => "it has no parameters".to_owned(),
            None => format!("its parameters are {}", params.join(", ")),
        };
        let message = format!("task `{name}` has no parameter `{}`", key.name);
        Diagnostic::new(Rule::UnknownTask, Place::new(file, key.pos), message).hint(Some(hint))
    };
    unknown.map(finding).collect()
}
