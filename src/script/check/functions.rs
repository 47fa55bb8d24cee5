//! The functions of a script, and the statements that their bodies are made of.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rhai::{AST, ASTNode, FnAccess, Position, Stmt};

/// Functions of a script, by name, with the numbers of their parameters.
pub(in crate::script) type Functions = BTreeMap<String, BTreeSet<usize>>;

/// The functions of a script that a person named.
pub(super) fn named(ast: &AST) -> Functions {
    with(ast, |_any| true)
}

/// The functions of a script that those who import it can call.
pub(super) fn public(ast: &AST) -> Functions {
    with(ast, |access| access == FnAccess::Public)
}

fn with(ast: &AST, wanted: impl Fn(FnAccess) -> bool) -> Functions {
    let mut functions = Functions::new();
    let all = ast.iter_functions();
    for function in all.filter(|f| wanted(f.access) && !is_anonymous(f.name)) {
        let arities = functions.entry(function.name.to_owned()).or_default();
        arities.insert(function.params.len());
    }
    functions
}

/// Whether this is the name that rhai gives to a closure.
pub(super) fn is_anonymous(name: &str) -> bool {
    name.starts_with("anon$")
}

/// A function with its statements.
pub(in crate::script) struct Function {
    /// Its name; that of a closure is rhai's own.
    pub(in crate::script) name: String,
    /// Its parameters; those that a closure captures come first.
    pub(super) params: Vec<String>,
    /// Its statements.
    pub(in crate::script) body: Vec<Stmt>,
    /// Where its body starts.
    pub(super) at: Position,
    /// Whether only its own script can call it.
    pub(super) is_private: bool,
}

/// All functions of a script, closures among them, by name and number of parameters.
pub(in crate::script) fn bodies(ast: &AST) -> HashMap<(String, usize), Function> {
    let defined = ast.shared_lib().iter_script_fn_info();
    let functions = defined.map(|(_, access, name, arity, function)| {
        let function = Function {
            name: name.to_owned(),
            params: function.params.iter().map(ToString::to_string).collect(),
            body: body(ast, name, arity),
            at: function.body.start_position(),
            is_private: access == FnAccess::Private,
        };
        ((name.to_owned(), arity), function)
    });
    functions.collect()
}

/// The statements of one function. Rhai names the type of a body nowhere, but walks through those of a script's functions.
fn body(ast: &AST, name: &str, arity: usize) -> Vec<Stmt> {
    let mut alone = ast.clone_functions_only();
    alone.retain_functions(|_, _, known, params| known == name && params == arity);
    let mut statements = Vec::new();
    alone.walk(&mut |path| {
        if let [ASTNode::Stmt(statement)] = path {
            statements.push((*statement).clone());
        }
        true
    });
    statements
}
