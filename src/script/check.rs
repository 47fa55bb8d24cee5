//! Finds mistakes in scripts without running anything.
//!
//! Syntax and unknown variables come from the compiler; declarations from `declaration`; here calls are held against what
//! there is: host functions, the script's own functions and those of what it imports.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;

use rhai::{AST, ASTFlags, ASTNode, Engine, Expr, FnAccess, FnCallExpr, Position, Stmt};

use super::api::Api;
use super::catalog::Catalog;
use super::diagnostic::{Diagnostic, Place, Severity};
use super::{closures, declaration, engine, failure, imports, library, withheld};
use crate::base::text::did_you_mean;
use crate::base::{Project, Result};

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

/// Functions of a script, by name, with the numbers of their parameters.
type Functions = BTreeMap<String, BTreeSet<usize>>;

/// Holds scripts against what they can call.
pub struct Checker<'p> {
    project: &'p Project,
    engine: Engine,
    api: Api,
    modules: Mutex<HashMap<String, Option<Functions>>>,
}

/// Whether a file may declare tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A task file.
    Tasks,
    /// A file that is imported.
    Library,
}

impl<'p> Checker<'p> {
    /// A checker for the scripts of a project.
    pub fn new(project: &'p Project) -> Self {
        let engine = engine::bare();
        let api = Api::of(&engine);
        Self {
            project,
            engine,
            api,
            modules: Mutex::default(),
        }
    }

    /// The engine that compiles what is checked.
    pub(super) const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Checks one script.
    pub fn script(&self, file: &str, text: &str, role: Role) -> Vec<Diagnostic> {
        let ast = match self.engine.compile(text) {
            Ok(ast) => ast,
            Err(error) => return vec![failure::parse_error(&error, file, text)],
        };
        let mut found = match role {
            Role::Tasks => declaration::read(&ast, file, text).problems,
            Role::Library => Vec::new(),
        };
        let imports = self.imports(&ast, file, &mut found);
        let mut calls = Calls {
            checker: self,
            file,
            own: own_functions(&ast),
            imports,
            constants: constants(&ast),
            role,
            found: &mut found,
        };
        calls.walk(&ast);
        found.sort();
        found.dedup();
        found
    }

    /// The imported names with the functions behind them; none where the import itself is wrong.
    fn imports(
        &self,
        ast: &AST,
        file: &str,
        found: &mut Vec<Diagnostic>,
    ) -> BTreeMap<String, Option<Functions>> {
        let mut imports = BTreeMap::new();
        for import in imports::of(ast) {
            let at = Place::new(file, import.at);
            let functions = match import.path {
                None => {
                    let message = "the path of an import must be a literal string";
                    found.push(Diagnostic::new(at, message));
                    None
                }
                Some(path) => {
                    found.extend(self.circle(file, &path, &at));
                    self.module(&path).unwrap_or_else(|error| {
                        let hint = error.hint_text().map(str::to_owned);
                        found.push(Diagnostic::new(at, error.message()).hint(hint));
                        None
                    })
                }
            };
            imports.insert(import.alias, functions);
        }
        imports
    }

    /// An import that leads back to the library it stands in; told once, in the first library by name.
    fn circle(&self, file: &str, path: &str, at: &Place) -> Option<Diagnostic> {
        let (own, first) = (library::key_of(file)?, library::key(path).ok()?);
        let ring = imports::ring(self.project, &self.engine, &own, &first)?;
        let is_told_here = ring.iter().min() == Some(&own);
        is_told_here
            .then(|| Diagnostic::new(at.clone(), format!("import cycle: {}", ring.join(" -> "))))
    }

    /// The public functions of a module; none when it does not compile, which its own check reports.
    fn module(&self, path: &str) -> Result<Option<Functions>> {
        let key = library::key(path)?;
        let mut modules = self
            .modules
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = modules.get(&key) {
            return Ok(known.clone());
        }
        let source = library::find(self.project, &key)?;
        let functions = self
            .engine
            .compile(&source.text)
            .ok()
            .map(|ast| own_functions_with(&ast, FnAccess::Public));
        modules.insert(key, functions.clone());
        Ok(functions)
    }
}

fn own_functions(ast: &AST) -> Functions {
    let mut all = own_functions_with(ast, FnAccess::Public);
    for (name, arities) in own_functions_with(ast, FnAccess::Private) {
        all.entry(name).or_default().extend(arities);
    }
    all
}

fn own_functions_with(ast: &AST, access: FnAccess) -> Functions {
    let mut functions = Functions::new();
    for function in ast
        .iter_functions()
        .filter(|f| f.access == access && !f.name.starts_with("anon$"))
    {
        functions
            .entry(function.name.to_owned())
            .or_default()
            .insert(function.params.len());
    }
    functions
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

struct Calls<'c> {
    checker: &'c Checker<'c>,
    file: &'c str,
    own: Functions,
    imports: BTreeMap<String, Option<Functions>>,
    constants: BTreeSet<String>,
    role: Role,
    found: &'c mut Vec<Diagnostic>,
}

impl Calls<'_> {
    fn walk(&mut self, ast: &AST) {
        ast.walk(&mut |path| {
            match path.last() {
                Some(
                    ASTNode::Expr(Expr::FnCall(call, at)) | ASTNode::Stmt(Stmt::FnCall(call, at)),
                ) => self.call(call, *at),
                Some(ASTNode::Expr(Expr::MethodCall(call, at))) => self.method(call, *at),
                Some(ASTNode::Expr(Expr::Variable(variable, _, at))) => {
                    self.module_constant(&variable.1, &variable.2, *at);
                }
                _ => {}
            }
            true
        });
    }

    fn report(&mut self, at: Position, message: String, hint: Option<String>) {
        self.found
            .push(Diagnostic::new(Place::new(self.file, at), message).hint(hint));
    }

    fn call(&mut self, call: &FnCallExpr, at: Position) {
        if call.is_operator_call() || call.name.starts_with("anon$") {
            return;
        }
        if call.is_qualified() {
            let namespace: Vec<&str> = call
                .namespace
                .path
                .iter()
                .map(|part| part.name.as_str())
                .collect();
            return self.qualified(&namespace.join("::"), call, at);
        }
        let name = call.name.as_str();
        if name == "Fn" {
            let hint = "pass a closure: `|x| name(x)`".to_owned();
            return self.report(
                at,
                "`Fn` finds a function by name where it is called".into(),
                Some(hint),
            );
        }
        if name == "task" && self.role == Role::Library {
            let hint = Some("move it to a file in tasks/".to_owned());
            let message = "a task is declared in a library, where nothing finds it";
            return self.report(at, message.into(), hint);
        }
        if BUILT_IN.contains(&name) {
            return;
        }
        let own = self
            .own
            .get(name)
            .map(|arities| arities.iter().copied().collect::<Vec<_>>());
        match (own, self.checker.api.get(name)) {
            (None, None) => {
                let known = self.own.keys().map(String::as_str);
                let near = did_you_mean(name, known.chain(self.checker.api.names()));
                let hint = near.map(|near| format!("did you mean `{near}`?"));
                let instead = withheld::hint(name).map(str::to_owned);
                self.report(at, format!("no function `{name}`"), instead.or(hint));
            }
            (own, forms) => {
                let native = forms.into_iter().flatten().map(|form| form.params.len());
                let takes: Vec<usize> = own.into_iter().flatten().chain(native).collect();
                self.arity(call, name, &takes, at);
                self.options(name, call);
            }
        }
    }

    fn qualified(&mut self, namespace: &str, call: &FnCallExpr, at: Position) {
        let name = call.name.as_str();
        let full = format!("{namespace}::{name}");
        if let Some(import) = self.imports.get(namespace) {
            let Some(functions) = import.clone() else {
                return;
            };
            if let Some(takes) = functions.get(name) {
                let takes: Vec<usize> = takes.iter().copied().collect();
                self.arity(call, &full, &takes, at);
            } else {
                let near = did_you_mean(name, functions.keys().map(String::as_str));
                let hint = near.map(|near| format!("did you mean `{namespace}::{near}`?"));
                self.report(at, format!("`{namespace}` has no function `{name}`"), hint);
            }
            return;
        }
        if !self.checker.api.has_namespace(namespace) {
            let known = self
                .imports
                .keys()
                .map(String::as_str)
                .chain(self.checker.api.namespaces());
            let hint = did_you_mean(namespace, known).map(|near| format!("did you mean `{near}`?"));
            let at = call.namespace.path.first().map_or(at, |first| first.pos);
            return self.report(at, format!("no namespace `{namespace}`"), hint);
        }
        let Some(forms) = self.checker.api.get(&full) else {
            let prefix = format!("{namespace}::");
            let known = self
                .checker
                .api
                .names()
                .filter(|known| known.starts_with(&prefix));
            let hint = did_you_mean(&full, known).map(|near| format!("did you mean `{near}`?"));
            return self.report(at, format!("no function `{full}`"), hint);
        };
        let takes: Vec<usize> = forms.iter().map(|form| form.params.len()).collect();
        self.arity(call, &full, &takes, at);
        self.options(&full, call);
    }

    fn arity(&mut self, call: &FnCallExpr, name: &str, takes: &[usize], at: Position) {
        let given = call.args.len();
        if takes.contains(&given) {
            return;
        }
        let mut takes: Vec<usize> = takes.to_vec();
        takes.sort_unstable();
        takes.dedup();
        let takes: Vec<String> = takes.iter().map(ToString::to_string).collect();
        let noun = if takes == ["1"] {
            "argument"
        } else {
            "arguments"
        };
        let message = format!(
            "`{name}` takes {} {noun}, {given} given",
            takes.join(" or ")
        );
        let forms = self.checker.api.get(name).unwrap_or_default();
        let shown: Vec<String> = forms.iter().map(super::api::Signature::shown).collect();
        let hint = (!shown.is_empty()).then(|| format!("it takes {}", shown.join(" or ")));
        self.report(at, message, hint);
    }

    /// Misspelt options in a literal map, held against those that the function documents.
    fn options(&mut self, name: &str, call: &FnCallExpr) {
        let forms = self.checker.api.get(name).unwrap_or_default();
        let known: Vec<String> = forms
            .iter()
            .filter(|form| form.params.len() == call.args.len())
            .flat_map(|form| form.options().into_iter().map(str::to_owned))
            .collect();
        let is_options = |at: usize| {
            forms.iter().any(|form| {
                form.params
                    .get(at)
                    .is_some_and(|(param, _)| param == "options")
            })
        };
        for (_, arg) in call
            .args
            .iter()
            .enumerate()
            .filter(|(at, _)| is_options(*at))
        {
            let Expr::Map(entries, _) = arg else { continue };
            for (key, _) in entries
                .0
                .iter()
                .filter(|(key, _)| !known.contains(&key.name.to_string()))
            {
                let near = did_you_mean(&key.name, known.iter().map(String::as_str));
                let hint = near.map_or_else(
                    || format!("options are {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                self.report(
                    key.pos,
                    format!("`{name}` has no option `{}`", key.name),
                    Some(hint),
                );
            }
        }
    }

    /// What a method is called on is not known, so only a name that nothing has but something nearly has is worth a word.
    fn method(&mut self, call: &FnCallExpr, at: Position) {
        let name = call.name.as_str();
        let api = &self.checker.api;
        if api.get(name).is_some() || self.own.contains_key(name) || BUILT_IN.contains(&name) {
            return;
        }
        let known = api.names().filter(|known| !known.contains("::"));
        if let Some(near) = did_you_mean(name, known.chain(self.own.keys().map(String::as_str))) {
            let hint = Some(format!("did you mean `{near}`?"));
            let found = Diagnostic::new(
                Place::new(self.file, at),
                format!("nothing has a method `{name}`"),
            );
            self.found
                .push(found.hint(hint).severity(Severity::Warning));
        }
    }

    /// `name::CONSTANT` compiles whatever it names.
    fn module_constant(&mut self, name: &str, namespace: &rhai::Namespace, at: Position) {
        let Some(first) = namespace.path.first().map(|part| part.name.to_string()) else {
            return;
        };
        let at = namespace.path.first().map_or(at, |first| first.pos);
        if first == "global" && !self.constants.contains(name) {
            let known = self.constants.iter().map(String::as_str);
            let hint = did_you_mean(name, known).map(|near| format!("did you mean `{near}`?"));
            return self.report(at, format!("no top-level const `{name}` here"), hint);
        }
        let known = self.imports.contains_key(&first) || first == "global";
        if !known && !self.checker.api.has_namespace(&first) {
            self.report(
                at,
                format!("no namespace `{first}` (for `{first}::{name}`)"),
                None,
            );
        }
    }
}

/// Checks every script of a project: its tasks, `tasks/lib/` and `stdlib/`.
pub fn project(catalog: &Catalog) -> Vec<Diagnostic> {
    let project = catalog.project();
    let checker = Checker::new(project);
    let mut found = catalog.problems();
    for file in catalog.files() {
        if let Ok(text) = std::fs::read_to_string(project.path(file)) {
            found.extend(checker.script(file, &text, Role::Tasks));
        }
    }
    for name in library::names(project) {
        match library::find(project, &name) {
            Ok(source) => found.extend(checker.script(&source.name, &source.text, Role::Library)),
            Err(error) => {
                let place = Place {
                    file: name,
                    line: 1,
                    column: 1,
                };
                found.push(Diagnostic::new(place, error.message()));
            }
        }
    }
    found.extend(same_closures(&checker, catalog));
    found.sort();
    found.dedup();
    found
}

/// Closures that a library shares with another script.
fn same_closures(checker: &Checker<'_>, catalog: &Catalog) -> Vec<Diagnostic> {
    let project = checker.project;
    let libraries = library::names(project);
    let libraries = libraries
        .iter()
        .filter_map(|name| library::find(project, name).ok());
    let mut scripts: Vec<(String, String)> = libraries.map(|s| (s.name, s.text)).collect();
    let count = scripts.len();
    scripts.extend(catalog.files().filter_map(|file| {
        let text = std::fs::read_to_string(project.path(file)).ok()?;
        Some((file.to_owned(), text))
    }));
    let compiled = scripts
        .into_iter()
        .map(|(file, text)| (file, checker.engine.compile(text).ok()));
    let mut owners: HashMap<String, String> = HashMap::new();
    let mut found = Vec::new();
    for (at, (file, ast)) in compiled.enumerate() {
        let Some(ast) = ast else { continue };
        for name in closures::names(&ast) {
            if let Some(owner) = owners.get(&name) {
                let place = closures::place(&ast, &file, &name);
                let message = closures::message(owner, &file, &place);
                found.push(Diagnostic::new(place, message).hint(Some(closures::HINT.into())));
            } else if at < count {
                owners.insert(name, file.clone());
            }
        }
    }
    found
}
