//! Names: variables that do not exist, names that nothing reads, and names that hide others.
//!
//! Goes through a script as it would run, with what is visible at each place; the body of a closure is gone through where
//! the closure is written, as it sees what is visible there.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use rhai::{AST, Position, Stmt};

use super::Role;
use super::functions::{Function, bodies, is_anonymous};
use super::scope::{Binding, Kind, Scope};
use crate::base::text::did_you_mean;
use crate::script::api::Api;
use crate::script::diagnostic::{Diagnostic, Place, Rule, Severity};
use crate::script::words;

/// A script to go through.
pub(super) struct Script<'s> {
    pub(super) file: &'s str,
    pub(super) text: &'s str,
    pub(super) role: Role,
    pub(super) ast: &'s AST,
}

/// What was found about names.
pub(super) struct Found {
    /// What is probably a mistake: unread and hidden names.
    pub(super) warnings: Vec<Diagnostic>,
    /// Variables that do not exist.
    pub(super) unknown: Vec<Diagnostic>,
}

/// Goes through a script.
pub(super) fn check(script: &Script<'_>, api: &Api) -> Found {
    let mut functions: HashMap<String, Vec<Rc<Function>>> = HashMap::new();
    for function in bodies(script.ast).into_values() {
        let same = functions.entry(function.name.clone()).or_default();
        same.push(Rc::new(function));
    }
    let mut names = Names {
        script,
        api,
        functions,
        scope: Scope::default(),
        called: BTreeSet::new(),
        warnings: Vec::new(),
        unknown: Vec::new(),
    };
    names.go_through();
    Found {
        warnings: names.warnings,
        unknown: names.unknown,
    }
}

/// What is known while the walk goes through a script; `walk` goes, what it meets is judged here.
pub(super) struct Names<'s> {
    pub(super) script: &'s Script<'s>,
    api: &'s Api,
    pub(super) functions: HashMap<String, Vec<Rc<Function>>>,
    pub(super) scope: Scope,
    pub(super) called: BTreeSet<String>,
    warnings: Vec<Diagnostic>,
    unknown: Vec<Diagnostic>,
}

impl Names<'_> {
    fn go_through(&mut self) {
        for statement in self.script.ast.statements() {
            self.statement(statement);
        }
        let all = self.functions.values().flatten().cloned();
        let mut named: Vec<Rc<Function>> = all.filter(|f| !is_anonymous(&f.name)).collect();
        named.sort_by_key(|function| function.at);
        for function in &named {
            self.function(function);
        }
        for function in &named {
            self.unused_function(function);
        }
        let unread: Vec<Binding> = self.scope.unread().cloned().collect();
        for binding in unread {
            self.unread(&binding);
        }
    }

    fn place(&self, at: Position) -> Place {
        Place::new(self.script.file, at)
    }

    fn warn(&mut self, rule: Rule, at: Position, message: String, hint: &str) {
        let found = Diagnostic::new(rule, self.place(at), message).hint(Some(hint.to_owned()));
        self.warnings.push(found.severity(Severity::Warning));
    }

    /// A name is bound.
    pub(super) fn bind(&mut self, name: &str, kind: Kind, at: Position) {
        let hidden = self.scope.bind(name, kind, at);
        let is_namespace = kind == Kind::Import && self.api.has_namespace(name);
        if is_namespace {
            let message = format!("import `{name}` hides the namespace `{name}::`");
            self.warn(
                Rule::ShadowedName,
                at,
                message,
                "import it under another name",
            );
        }
        let Some(hidden) = hidden.filter(|_| !name.starts_with('_')) else {
            return;
        };
        let (word, other) = (kind.word(), hidden.kind.word());
        let message = format!("{word} `{name}` hides another {other} of that name");
        let found = Diagnostic::new(Rule::ShadowedName, self.place(at), message)
            .hint(Some("give one of them another name".to_owned()))
            .also(self.place(hidden.at), "the other one")
            .severity(Severity::Warning);
        self.warnings.push(found);
    }

    fn unread(&mut self, binding: &Binding) {
        let (name, word) = (&binding.name, binding.kind.word());
        let (rule, hint) = match binding.kind {
            Kind::Import => (Rule::UnusedImport, "remove it".to_owned()),
            Kind::TaskParameter => {
                let hint = "remove it here and from `params`";
                (Rule::UnusedVariable, hint.to_owned())
            }
            _ => {
                let hint = format!("remove it, or call it `_{name}`");
                (Rule::UnusedVariable, hint)
            }
        };
        let message = if binding.is_written {
            format!("{word} `{name}` is assigned but never read")
        } else {
            format!("{word} `{name}` is never used")
        };
        self.warn(rule, binding.at, message, &hint);
    }

    /// A function of a task file can be called there alone; of a library, only a private one.
    fn unused_function(&mut self, function: &Function) {
        let name = &function.name;
        let at = words::before(self.script.text, function.at, name);
        let forms = self.api.get(name).unwrap_or_default();
        let is_hiding = forms
            .iter()
            .any(|form| form.params.len() == function.params.len());
        if is_hiding {
            let message = format!("function `{name}` hides the one that comes with the language");
            self.warn(Rule::ShadowedName, at, message, "give it another name");
        }
        let is_own_affair = self.script.role == Role::Tasks || function.is_private;
        if is_own_affair && !self.called.contains(name) && !name.starts_with('_') {
            let message = format!("function `{name}` is never called");
            self.warn(Rule::UnusedFunction, at, message, "remove it");
        }
    }

    /// A name is read that nothing has bound.
    pub(super) fn unknown(&mut self, name: &str, at: Position) {
        let is_global = self.script.ast.statements().iter().any(
            |statement| matches!(statement, Stmt::Var(variable, ..) if variable.0.name == name),
        );
        let near = did_you_mean(name, self.scope.variables());
        let hint = match near {
            _ if is_global => Some(format!(
                "a `fn` sees only its parameters; inside it, write `global::{name}` for a top-level const"
            )),
            Some(near) => Some(format!("did you mean `{near}`?")),
            None => None,
        };
        let message = format!("no variable `{name}` here");
        let found = Diagnostic::new(Rule::UnknownVariable, self.place(at), message);
        self.unknown.push(found.hint(hint));
    }
}
