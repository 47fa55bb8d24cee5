//! Calls, held against what there is: host functions, the script's own functions and those of what it imports.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTFlags, ASTNode, Expr, FnCallExpr, Position, Stmt};

use super::functions::Functions;
use super::{Role, arguments};
use crate::base::text::did_you_mean;
use crate::script::api::{Api, Signature};
use crate::script::diagnostic::{Diagnostic, Place, Rule, Severity};
use crate::script::withheld;

/// What the language itself provides by name.
const BUILT_IN: [&str; 13] = [
    "Fn",
    "call",
    "curry",
    "is_shared",
    "is_def_var",
    "is_def_fn",
    "type_of",
    "print",
    "debug",
    "task",
    "is_anonymous",
    "name",
    "eval",
];

/// What a script's calls are held against, and what was found.
pub(super) struct Calls<'c> {
    pub(super) api: &'c Api,
    pub(super) file: &'c str,
    pub(super) role: Role,
    /// The script's own functions.
    pub(super) own: &'c Functions,
    /// The imported names with the functions behind them; none where the import itself is wrong.
    pub(super) imports: &'c BTreeMap<String, Option<Functions>>,
    pub(super) found: Vec<Diagnostic>,
}

/// The names of top-level constants.
fn constants(ast: &AST) -> BTreeSet<String> {
    let constant = |statement: &Stmt| match statement {
        Stmt::Var(variable, flags, _) if flags.intersects(ASTFlags::CONSTANT) => {
            Some(variable.0.name.to_string())
        }
        _ => None,
    };
    ast.statements().iter().filter_map(constant).collect()
}

fn meant(near: Option<&str>) -> Option<String> {
    near.map(|near| format!("did you mean `{near}`?"))
}

impl Calls<'_> {
    /// Looks at every call of a script.
    pub(super) fn walk(mut self, ast: &AST) -> Vec<Diagnostic> {
        let constants = constants(ast);
        ast.walk(&mut |path| {
            match path.last() {
                Some(
                    ASTNode::Expr(Expr::FnCall(call, at)) | ASTNode::Stmt(Stmt::FnCall(call, at)),
                ) => self.call(call, *at),
                Some(ASTNode::Expr(Expr::MethodCall(call, at))) => self.method(call, *at),
                Some(ASTNode::Expr(Expr::Variable(variable, ..))) => {
                    self.constant(&variable.1, &variable.2, &constants);
                }
                _ => {}
            }
            true
        });
        self.found
    }

    fn report(&mut self, rule: Rule, at: Position, message: String, hint: Option<String>) {
        let found = Diagnostic::new(rule, Place::new(self.file, at), message);
        self.found.push(found.hint(hint));
    }

    fn call(&mut self, call: &FnCallExpr, at: Position) {
        if call.is_operator_call() || super::functions::is_anonymous(&call.name) {
            return;
        }
        if call.is_qualified() {
            let parts = call.namespace.path.iter().map(|part| part.name.as_str());
            let namespace = parts.collect::<Vec<_>>().join("::");
            return self.qualified(&namespace, call, at);
        }
        match call.name.as_str() {
            "Fn" => {
                let message = "`Fn` finds a function by name where it is called".to_owned();
                let hint = Some("pass a closure: `|x| name(x)`".to_owned());
                self.report(Rule::Forbidden, at, message, hint);
            }
            "task" if self.role == Role::Library => {
                let message = "a task is declared in a library, where nothing finds it".to_owned();
                let hint = Some("move it to a file in tasks/".to_owned());
                self.report(Rule::Forbidden, at, message, hint);
            }
            name if BUILT_IN.contains(&name) => {}
            name => self.plain(name, call, at),
        }
    }

    /// A call without a namespace: of the script's own function, or of one that needs none.
    fn plain(&mut self, name: &str, call: &FnCallExpr, at: Position) {
        let (own, forms) = (self.own.get(name), self.api.get(name));
        if own.is_none() && forms.is_none() {
            let known = self.own.keys().map(String::as_str);
            let hint = meant(did_you_mean(name, known.chain(self.api.names())));
            let instead = withheld::hint(name).map(str::to_owned);
            let message = format!("no function `{name}`");
            return self.report(Rule::UnknownFunction, at, message, instead.or(hint));
        }
        let forms = forms.unwrap_or_default();
        let mut takes: Vec<usize> = own.into_iter().flatten().copied().collect();
        let is_own = takes.contains(&call.args.len());
        takes.extend(forms.iter().map(|form| form.params.len()));
        let place = Place::new(self.file, at);
        self.found
            .extend(arguments::count(place, name, call.args.len(), takes, forms));
        if !is_own {
            self.native(name, call, forms);
        }
    }

    /// What is passed to a host function.
    fn native(&mut self, name: &str, call: &FnCallExpr, forms: &[Signature]) {
        self.found
            .extend(arguments::literals(self.file, name, &call.args, forms, 0));
        self.found
            .extend(arguments::options(self.file, name, &call.args, forms));
    }

    fn qualified(&mut self, namespace: &str, call: &FnCallExpr, at: Position) {
        if let Some(import) = self.imports.get(namespace) {
            // Of an import that is wrong itself nothing is known.
            if let Some(functions) = import {
                self.imported(namespace, functions, call, at);
            }
            return;
        }
        let full = format!("{namespace}::{}", call.name);
        if !self.api.has_namespace(namespace) {
            let known = self.imports.keys().map(String::as_str);
            let hint = meant(did_you_mean(namespace, known.chain(self.api.namespaces())));
            let at = call.namespace.path.first().map_or(at, |first| first.pos);
            let message = format!("no namespace `{namespace}`");
            return self.report(Rule::UnknownModule, at, message, hint);
        }
        let Some(forms) = self.api.get(&full) else {
            let prefix = format!("{namespace}::");
            let known = self.api.names().filter(|known| known.starts_with(&prefix));
            let hint = meant(did_you_mean(&full, known));
            let message = format!("no function `{full}`");
            return self.report(Rule::UnknownFunction, at, message, hint);
        };
        let takes = forms.iter().map(|form| form.params.len()).collect();
        let place = Place::new(self.file, at);
        self.found.extend(arguments::count(
            place,
            &full,
            call.args.len(),
            takes,
            forms,
        ));
        self.native(&full, call, forms);
    }

    fn imported(&mut self, alias: &str, functions: &Functions, call: &FnCallExpr, at: Position) {
        let name = call.name.as_str();
        if let Some(takes) = functions.get(name) {
            let takes = takes.iter().copied().collect();
            let (place, full) = (Place::new(self.file, at), format!("{alias}::{name}"));
            self.found
                .extend(arguments::count(place, &full, call.args.len(), takes, &[]));
            return;
        }
        let near = did_you_mean(name, functions.keys().map(String::as_str));
        let hint = near.map(|near| format!("did you mean `{alias}::{near}`?"));
        let message = format!("`{alias}` has no function `{name}`");
        self.report(Rule::UnknownFunction, at, message, hint);
    }

    /// What a method is called on is not known - a map may hold a closure of any name - so this only warns: of a name that
    /// nothing has but something nearly has, and of arguments that nothing of this name takes.
    fn method(&mut self, call: &FnCallExpr, at: Position) {
        let name = call.name.as_str();
        if BUILT_IN.contains(&name) {
            return;
        }
        let (own, forms) = (self.own.get(name), self.api.get(name).unwrap_or_default());
        let place = Place::new(self.file, at);
        if own.is_none() && forms.is_empty() {
            let known = self.api.names().filter(|known| !known.contains("::"));
            let near = did_you_mean(name, known.chain(self.own.keys().map(String::as_str)));
            let message = format!("nothing has a method `{name}`");
            let found = Diagnostic::new(Rule::UnknownMethod, place, message).hint(meant(near));
            let found = found.severity(Severity::Warning);
            self.found.extend(near.map(|_| found));
            return;
        }
        let mut takes: Vec<usize> = own.into_iter().flatten().copied().collect();
        let is_own = takes.contains(&call.args.len());
        takes.extend(
            forms
                .iter()
                .filter_map(|form| form.params.len().checked_sub(1)),
        );
        let count = arguments::count(place, name, call.args.len(), takes, &[]);
        let kind = arguments::literals(self.file, name, &call.args, forms, 1).filter(|_| !is_own);
        let found = count.into_iter().chain(kind);
        self.found
            .extend(found.map(|found| found.severity(Severity::Warning)));
    }

    /// `name::CONSTANT` compiles whatever it names.
    fn constant(&mut self, name: &str, namespace: &rhai::Namespace, constants: &BTreeSet<String>) {
        let Some(part) = namespace.path.first() else {
            return;
        };
        let (first, at) = (part.name.as_str(), part.pos);
        if first == "global" && !constants.contains(name) {
            let hint = meant(did_you_mean(name, constants.iter().map(String::as_str)));
            let message = format!("no top-level const `{name}` here");
            return self.report(Rule::UnknownVariable, at, message, hint);
        }
        let known = self.imports.contains_key(first) || first == "global";
        if !known && !self.api.has_namespace(first) {
            let message = format!("no namespace `{first}` (for `{first}::{name}`)");
            self.report(Rule::UnknownModule, at, message, None);
        }
    }
}
