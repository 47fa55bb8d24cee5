//! Checks one script: syntax, declarations, imports, calls and names, each by its own part.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use rhai::{AST, ParseErrorType};

use super::calls::Calls;
use super::functions::{self, Functions};
use super::names::{self, Script};
use super::tasks::{self, Known};
use crate::base::{Project, Result};
use crate::script::catalog::Catalog;
use crate::script::diagnostic::{Diagnostic, Place, Rule, Severity};
use crate::script::{declaration, failure, imports, language, library};

/// Holds scripts against what they can call.
pub struct Checker<'p> {
    project: &'p Project,
    tasks: Option<Known>,
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
        Self {
            project,
            tasks: None,
            modules: Mutex::default(),
        }
    }

    /// The same checker, which also knows the tasks that a script can run.
    #[must_use]
    pub fn with_tasks(mut self, catalog: &Catalog) -> Self {
        self.tasks = Known::of(catalog);
        self
    }

    /// The project whose scripts are checked.
    pub(super) const fn project(&self) -> &'p Project {
        self.project
    }

    /// Checks one script.
    pub fn script(&self, file: &str, text: &str, role: Role) -> Vec<Diagnostic> {
        let (ast, error) = match language::compile(text) {
            Ok(ast) => (ast, None),
            Err(error) => match language::compile_leniently(text) {
                Ok(ast) if is_about_names(&error.0) => (Arc::new(ast), Some(error)),
                _ => return vec![failure::parse_error(&error, file, text)],
            },
        };
        let mut found = match role {
            Role::Tasks => declaration::read(&ast, file, text).problems,
            Role::Library => Vec::new(),
        };
        let imports = self.imports(&ast, file, &mut found);
        let own = functions::named(&ast);
        let calls = Calls {
            api: language::api(),
            file,
            role,
            own: &own,
            imports: &imports,
            found: Vec::new(),
        };
        found.extend(calls.walk(&ast));
        let (script, is_strict) = (
            Script {
                file,
                text,
                role,
                ast: &ast,
            },
            error.is_none(),
        );
        let names = names::check(&script, language::api());
        found.extend(names.warnings);
        found.extend(names.unknown.into_iter().filter(|_| !is_strict));
        if let Some(known) = &self.tasks {
            found.extend(tasks::check(&ast, file, known));
        }
        // What the compiler refuses must not pass, whatever the other parts think of it.
        let refused = error.filter(|_| found.iter().all(|found| !is_name_rule(found.rule)));
        found.extend(refused.map(|error| failure::parse_error(&error, file, text)));
        without_consequences(&mut found);
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
                    found.push(Diagnostic::new(Rule::MissingImport, at, message));
                    None
                }
                Some(path) => {
                    found.extend(self.circle(file, &path, &at));
                    self.module(&path).unwrap_or_else(|error| {
                        let hint = error.hint_text().map(str::to_owned);
                        let missing = Diagnostic::new(Rule::MissingImport, at, error.message());
                        found.push(missing.hint(hint));
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
        let ring = imports::ring(self.project, &own, &first)?;
        let is_told_here = ring.iter().min() == Some(&own);
        let message = format!("import cycle: {}", ring.join(" -> "));
        is_told_here.then(|| Diagnostic::new(Rule::CyclicImport, at.clone(), message))
    }

    /// The public functions of a module; none when it does not compile, which its own check reports.
    fn module(&self, path: &str) -> Result<Option<Functions>> {
        let key = library::key(path)?;
        let mut modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = modules.get(&key) {
            return Ok(known.clone());
        }
        let source = library::find(self.project, &key)?;
        let compiled = language::compile(&source.text).ok();
        let functions = compiled.as_deref().map(functions::public);
        modules.insert(key, functions.clone());
        Ok(functions)
    }
}

/// Whether a script can be looked through although the compiler refused it.
const fn is_about_names(error: &ParseErrorType) -> bool {
    matches!(
        error,
        ParseErrorType::VariableUndefined(_) | ParseErrorType::ModuleUndefined(_)
    )
}

/// What a misspelt call or name meant looks as if nothing used it: that is told once the mistake is gone.
fn without_consequences(found: &mut Vec<Diagnostic>) {
    if found.iter().any(|found| found.severity == Severity::Error) {
        found.retain(|found| {
            !matches!(
                found.rule,
                Rule::UnusedVariable | Rule::UnusedImport | Rule::UnusedFunction
            )
        });
    }
}

const fn is_name_rule(rule: Rule) -> bool {
    matches!(rule, Rule::UnknownVariable | Rule::UnknownModule)
}
