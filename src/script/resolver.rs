//! Resolves `import`: finds, compiles and keeps modules; refuses cycles with the way that leads round.
//!
//! Rhai's own file resolver follows `..` out of the root and overflows the stack on a cycle, so it is not used.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rhai::{AST, Engine, EvalAltResult, Map, Module, ModuleResolver, Position, Scope, Shared};

use super::{closures, language, library};
use crate::base::{Error, Project};
use crate::host::bridge::error_value;

/// Modules by import path, and the scripts of closures that modules hand out.
#[derive(Clone)]
pub struct Resolver {
    project: Arc<Project>,
    modules: Arc<RwLock<HashMap<String, Shared<Module>>>>,
    scripts: Scripts,
}

/// The scripts of a run, so that a closure made in a module can be found wherever it is called.
#[derive(Clone, Default)]
pub struct Scripts(Arc<RwLock<Vec<Known>>>);

/// A script of this run.
struct Known {
    file: String,
    ast: Arc<AST>,
    is_module: bool,
}

impl Scripts {
    /// Adds a task file; its closures must not be taken for those of a module.
    pub fn add_tasks(&self, file: &str, ast: &AST) -> Result<(), Box<EvalAltResult>> {
        self.add(file, ast.clone(), false)
    }

    fn add(&self, file: &str, ast: AST, is_module: bool) -> Result<(), Box<EvalAltResult>> {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let crossing = all
            .iter()
            .filter(|known| known.file != file && (known.is_module || is_module));
        for known in crossing {
            if let Some(name) = closures::shared(&known.ast, &ast) {
                let place = closures::place(&ast, file, &name);
                let error = Error::invalid(closures::message(&known.file, file, &place));
                return Err(throw(&error.hint(closures::HINT), Position::NONE));
            }
        }
        let (file, ast) = (file.to_owned(), Arc::new(ast));
        all.push(Known {
            file,
            ast,
            is_module,
        });
        Ok(())
    }

    /// The module that defines an anonymous function of this name; no two do.
    pub fn defining(&self, function: &str) -> Option<Arc<AST>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut modules = all.iter().filter(|known| known.is_module);
        let defines = |ast: &AST| ast.iter_functions().any(|found| found.name == function);
        let found = modules.find(|known| defines(&known.ast))?;
        Some(Arc::clone(&found.ast))
    }
}

thread_local! {
    static LOADING: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Loading;

impl Loading {
    fn enter(key: &str) -> Self {
        LOADING.with_borrow_mut(|keys| keys.push(key.to_owned()));
        Self
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        LOADING.with_borrow_mut(Vec::pop);
    }
}

impl Resolver {
    /// A resolver for a project's imports.
    pub fn new(project: Arc<Project>) -> Self {
        Self {
            project,
            modules: Arc::default(),
            scripts: Scripts::default(),
        }
    }

    /// The scripts of the modules loaded so far.
    pub fn scripts(&self) -> Scripts {
        self.scripts.clone()
    }

    fn load(
        &self,
        engine: &Engine,
        key: &str,
        at: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let source = library::find(&self.project, key).map_err(|error| throw(&error, at))?;
        let in_module = |error: Box<EvalAltResult>| {
            Box::new(EvalAltResult::ErrorInModule(source.name.clone(), error, at))
        };
        let ast = language::compile_file(engine, &source.text, &source.name)
            .map_err(|error| in_module(error.into()))?;
        let _loading = Loading::enter(key);
        let module = Module::eval_ast_as_new(Scope::new(), &ast, engine).map_err(in_module)?;
        self.scripts.add(&source.name, ast, true)?;
        Ok(module.into())
    }
}

impl ModuleResolver for Resolver {
    fn resolve(
        &self,
        engine: &Engine,
        _source: Option<&str>,
        path: &str,
        at: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let key = library::key(path).map_err(|error| throw(&error, at))?;
        let known = self
            .modules
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        if let Some(module) = known {
            return Ok(module);
        }
        let cycle = LOADING.with_borrow(|keys| {
            let start = keys.iter().position(|loading| *loading == key)?;
            Some(
                keys[start..]
                    .iter()
                    .chain([&key])
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(" -> "),
            )
        });
        if let Some(cycle) = cycle {
            return Err(throw(&Error::invalid(format!("import cycle: {cycle}")), at));
        }
        let module = self.load(engine, &key, at)?;
        self.modules
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, module.clone());
        Ok(module)
    }
}

fn throw(error: &Error, at: Position) -> Box<EvalAltResult> {
    let value: Map = error_value("import", error);
    Box::new(EvalAltResult::ErrorRuntime(value.into(), at))
}
