//! Resolves `import`: finds, compiles and keeps modules; refuses cycles with the way that leads round.
//!
//! Rhai's own file resolver follows `..` out of the root and overflows the stack on a cycle, so it is not used.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rhai::{AST, Engine, EvalAltResult, Map, Module, ModuleResolver, Position, Scope, Shared};

use super::library;
use crate::base::{Error, Project};
use crate::host::bridge::error_value;

/// Modules by import path, and the scripts of closures that modules hand out.
#[derive(Clone)]
pub struct Resolver {
    project: Arc<Project>,
    modules: Arc<RwLock<HashMap<String, Shared<Module>>>>,
    scripts: Scripts,
}

/// The scripts of all modules, so that a closure made in one can be found wherever it is called.
#[derive(Clone, Default)]
pub struct Scripts(Arc<RwLock<Vec<Arc<AST>>>>);

impl Scripts {
    fn add(&self, ast: AST) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::new(ast));
    }

    /// The scripts that define an anonymous function of this name; more than one cannot be told apart.
    pub fn defining(&self, function: &str) -> Vec<Arc<AST>> {
        let scripts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let defines = |ast: &&Arc<AST>| ast.iter_functions().any(|found| found.name == function);
        scripts.iter().filter(defines).cloned().collect()
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
        let mut ast = engine
            .compile(&source.text)
            .map_err(|error| in_module(error.into()))?;
        ast.set_source(&source.name);
        let _loading = Loading::enter(key);
        let module = Module::eval_ast_as_new(Scope::new(), &ast, engine).map_err(in_module)?;
        self.scripts.add(ast);
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
