//! What a task may call, as far as its scripts say so themselves: followed from its closure through functions and libraries.

use std::collections::{BTreeSet, HashMap, HashSet};

use rhai::{AST, ASTNode, Expr, FnCallExpr, FnPtr, Stmt};

use super::catalog::Catalog;
use super::check::functions::{self, Function};
use super::task::Task;
use super::{imports, language, library};

/// A call of a function with a namespace, such as `process::run`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// The function with its namespace.
    pub function: String,
    /// The first argument, where it is a string that stands there.
    pub first: Option<String>,
}

/// What a task, what it needs and what it runs by name may call. A text that cannot be read calls nothing.
pub fn calls(catalog: &Catalog, task: &str) -> BTreeSet<Call> {
    let mut reach = Reach {
        catalog,
        scripts: HashMap::new(),
        seen: HashSet::new(),
        waiting: Vec::new(),
        tasks: vec![task.to_owned()],
        found: BTreeSet::new(),
    };
    reach.go();
    reach.found
}

/// A script as far as it matters here.
struct Script {
    ast: std::sync::Arc<AST>,
    functions: Vec<Function>,
    /// The keys of libraries by the names that they are known by.
    libraries: HashMap<String, String>,
}

struct Reach<'c> {
    catalog: &'c Catalog,
    /// By the file of a task or the key of a library.
    scripts: HashMap<String, Option<std::sync::Arc<Script>>>,
    /// Functions that were looked at, each with its script.
    seen: HashSet<(String, String)>,
    waiting: Vec<(String, String)>,
    tasks: Vec<String>,
    found: BTreeSet<Call>,
}

impl Reach<'_> {
    fn go(&mut self) {
        let mut known = HashSet::new();
        while let Some(name) = self.tasks.pop() {
            for task in self.catalog.order(&name).unwrap_or_default() {
                if known.insert(task.name.as_str()) {
                    self.enter(task);
                }
            }
            while let Some((script, function)) = self.waiting.pop() {
                if self.seen.insert((script.clone(), function.clone())) {
                    self.visit(&script, &function);
                }
            }
        }
    }

    fn enter(&mut self, task: &Task) {
        let file = &task.place.file;
        let mut closure = None;
        if let Some(script) = self.script(file) {
            script.ast.walk(&mut |path| {
                if let Some(call) = path.last().and_then(call_of)
                    && call.name == "task"
                    && let [name, _, body] = call.args.as_slice()
                    && text(name).as_deref() == Some(task.name.as_str())
                {
                    closure = pointer(body);
                }
                true
            });
        }
        self.waiting
            .extend(closure.map(|name| (file.clone(), name)));
    }

    fn visit(&mut self, at: &str, function: &str) {
        let Some(script) = self.script(at) else {
            return;
        };
        for known in script.functions.iter().filter(|one| one.name == function) {
            for statement in &known.body {
                statement.walk(&mut Vec::new(), &mut |path| {
                    self.note(at, &script, path.last());
                    true
                });
            }
        }
    }

    fn note(&mut self, at: &str, script: &Script, node: Option<&ASTNode<'_>>) {
        let mut own = |name: &str| self.waiting.push((at.to_owned(), name.to_owned()));
        match node {
            Some(ASTNode::Expr(Expr::Variable(variable, ..))) => own(&variable.1),
            Some(ASTNode::Expr(expr @ Expr::DynamicConstant(..))) => {
                if let Some(name) = pointer(expr) {
                    own(&name);
                }
            }
            Some(ASTNode::Expr(Expr::MethodCall(call, _))) => own(&call.name),
            Some(node) => {
                if let Some(call) = call_of(node) {
                    self.call(at, script, call);
                }
            }
            None => {}
        }
    }

    fn call(&mut self, at: &str, script: &Script, call: &FnCallExpr) {
        let parts = call.namespace.path.iter().map(|part| part.name.as_str());
        let namespace = parts.collect::<Vec<_>>().join("::");
        if namespace.is_empty() {
            self.waiting.push((at.to_owned(), call.name.to_string()));
        } else if let Some(key) = script.libraries.get(&namespace) {
            self.waiting.push((key.clone(), call.name.to_string()));
        } else {
            let function = format!("{namespace}::{}", call.name);
            let first = call.args.first().and_then(text);
            if function == "task::run" {
                self.tasks.extend(first.clone());
            }
            self.found.insert(Call { function, first });
        }
    }

    /// The script of a task's file or of a library's key.
    fn script(&mut self, at: &str) -> Option<std::sync::Arc<Script>> {
        let project = self.catalog.project();
        let read = || {
            let text = if library::key(at).is_ok() {
                library::find(project, at).ok()?.text
            } else {
                project.script_text(&project.path(at)).ok()?
            };
            let ast = language::compile(&text).ok()?;
            let libraries = imports::of(&ast).into_iter().filter_map(|import| {
                let key = library::key(&import.path?).ok()?;
                Some((import.alias, key))
            });
            Some(std::sync::Arc::new(Script {
                functions: functions::bodies(&ast).into_values().collect(),
                libraries: libraries.collect(),
                ast,
            }))
        };
        self.scripts
            .entry(at.to_owned())
            .or_insert_with(read)
            .clone()
    }
}

fn call_of<'n>(node: &ASTNode<'n>) -> Option<&'n FnCallExpr> {
    match node {
        ASTNode::Expr(Expr::FnCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _)) => Some(call),
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<String> {
    expr.get_literal_value(None)?.into_string().ok()
}

/// The name of the function that a closure is, also of one that captures something.
fn pointer(expr: &Expr) -> Option<String> {
    match expr {
        Expr::DynamicConstant(value, _) => {
            let pointer = (**value).clone().try_cast::<FnPtr>()?;
            Some(pointer.fn_name().to_owned())
        }
        Expr::FnCall(call, _) if call.name == "curry" => pointer(call.args.first()?),
        _ => None,
    }
}
