//! Goes through the statements of a script in the order they run, and tells [`Names`] what is bound and what is read.

use std::rc::Rc;

use rhai::{ASTFlags, Expr, FlowControl, FnCallExpr, Position, Stmt};

use super::functions::Function;
use super::names::Names;
use super::scope::Kind;
use crate::script::declaration::closure;
use crate::script::words;

impl Names<'_> {
    /// A function that a person named: it sees imports and its parameters.
    pub(super) fn function(&mut self, function: &Function) {
        let outside = self.scope.only_imports();
        let mark = self.scope.enter();
        for param in &function.params {
            let at = words::before(self.script.text, function.at, param);
            self.bind(param, Kind::Parameter, at);
        }
        self.statements(&function.body);
        self.scope.leave(mark);
        self.scope.show(outside);
    }

    /// A closure, where it is written.
    fn closure(&mut self, name: &str, captured: usize, at: Position, kind: Kind) {
        let Some(function) = self.functions.get(name).and_then(|same| same.first()) else {
            return;
        };
        let function = Rc::clone(function);
        let mark = self.scope.enter();
        for param in function.params.iter().skip(captured) {
            let at = words::after(self.script.text, at, param);
            self.bind(param, kind, at);
        }
        self.statements(&function.body);
        self.scope.leave(mark);
    }

    fn block<'b>(&mut self, statements: impl IntoIterator<Item = &'b Stmt>) {
        let mark = self.scope.enter();
        self.statements(statements);
        self.scope.leave(mark);
    }

    fn statements<'b>(&mut self, statements: impl IntoIterator<Item = &'b Stmt>) {
        for statement in statements {
            self.statement(statement);
        }
    }

    pub(super) fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Var(variable, flags, _) => {
                let (name, value, _) = &**variable;
                self.expr(value);
                let is_constant = flags.intersects(ASTFlags::CONSTANT);
                let kind = if is_constant {
                    Kind::Constant
                } else {
                    Kind::Variable
                };
                self.bind(&name.name, kind, name.pos);
                if flags.intersects(ASTFlags::EXPORTED) {
                    self.scope.read(&name.name);
                }
            }
            Stmt::If(parts, _) => {
                self.expr(&parts.expr);
                self.block(&parts.body);
                self.block(&parts.branch);
            }
            Stmt::Switch(parts, _) => {
                self.expr(&parts.0);
                for case in &parts.1.expressions {
                    self.expr(&case.lhs);
                    self.expr(&case.rhs);
                }
            }
            Stmt::While(parts, _) | Stmt::Do(parts, ..) => {
                self.expr(&parts.expr);
                self.block(&parts.body);
            }
            Stmt::For(parts, _) => {
                let (item, counter, flow) = &**parts;
                self.expr(&flow.expr);
                let mark = self.scope.enter();
                self.bind(&item.name, Kind::Item, item.pos);
                if let Some(counter) = counter {
                    self.bind(&counter.name, Kind::Variable, counter.pos);
                }
                self.block(&flow.body);
                self.scope.leave(mark);
            }
            Stmt::TryCatch(parts, _) => self.try_catch(parts),
            Stmt::Assignment(parts) => self.assignment(&parts.1.lhs, &parts.1.rhs),
            Stmt::FnCall(call, _) => self.call(call),
            Stmt::Block(block) => self.block(block.statements()),
            Stmt::Expr(expr) => self.expr(expr),
            Stmt::Return(Some(value), ..) | Stmt::BreakLoop(Some(value), ..) => self.expr(value),
            Stmt::Import(parts, _) => {
                self.expr(&parts.0);
                self.bind(&parts.1.name, Kind::Import, parts.1.pos);
            }
            Stmt::Export(parts, _) => {
                self.scope.read(&parts.0.name);
            }
            _ => {}
        }
    }

    fn try_catch(&mut self, parts: &FlowControl) {
        self.block(&parts.body);
        let mark = self.scope.enter();
        if let Expr::Variable(variable, _, at) = &parts.expr {
            self.bind(&variable.1, Kind::Variable, *at);
        }
        self.block(&parts.branch);
        self.scope.leave(mark);
    }

    fn assignment(&mut self, to: &Expr, value: &Expr) {
        match to {
            Expr::Variable(variable, _, at) if variable.2.path.is_empty() => {
                if !self.scope.write(&variable.1) {
                    self.unknown(&variable.1, *at);
                }
            }
            other => self.expr(other),
        }
        self.expr(value);
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Variable(variable, _, at) => self.variable(&variable.1, &variable.2, *at),
            Expr::DynamicConstant(_, at) => {
                if let Some((name, captured)) = closure(expr) {
                    self.closure(&name, captured, *at, Kind::ClosureParameter);
                }
            }
            Expr::InterpolatedString(items, _) | Expr::Array(items, _) => self.each(&**items),
            Expr::Map(entries, _) => self.each(entries.0.iter().map(|(_, value)| value)),
            Expr::Stmt(block) => self.block(block.statements()),
            Expr::FnCall(call, _) => self.call(call),
            Expr::MethodCall(call, _) => {
                self.called.insert(call.name.to_string());
                self.each(&call.args);
            }
            Expr::Dot(parts, ..) | Expr::Index(parts, ..) => {
                self.expr(&parts.lhs);
                self.expr(&parts.rhs);
            }
            Expr::And(items, _) | Expr::Or(items, _) | Expr::Coalesce(items, _) => {
                self.each(&**items);
            }
            _ => {}
        }
    }

    fn each<'e>(&mut self, items: impl IntoIterator<Item = &'e Expr>) {
        for item in items {
            self.expr(item);
        }
    }

    fn call(&mut self, call: &FnCallExpr) {
        if let Some(first) = call.namespace.path.first() {
            self.scope.use_import(&first.name);
        }
        match call.args.as_slice() {
            // What a closure captures is read in it, or not at all.
            [first, ..] if call.name == "curry" && closure(first).is_some() => {
                let (name, _) = closure(first).unwrap_or_default();
                let captured = call.args.len() - 1;
                self.closure(
                    &name,
                    captured,
                    first.start_position(),
                    Kind::ClosureParameter,
                );
            }
            [name, fields, body] if call.name == "task" && !call.is_qualified() => {
                self.expr(name);
                self.expr(fields);
                self.task_body(body);
            }
            args => {
                if !call.is_qualified() {
                    self.called.insert(call.name.to_string());
                }
                self.each(args);
            }
        }
    }

    fn task_body(&mut self, body: &Expr) {
        match closure(body) {
            Some((name, captured)) => {
                let at = body.start_position();
                self.closure(&name, captured, at, Kind::TaskParameter);
            }
            None => self.expr(body),
        }
    }

    fn variable(&mut self, name: &str, namespace: &rhai::Namespace, at: Position) {
        match namespace.path.first() {
            Some(first) if first.name == "global" => self.scope.read_global(name),
            Some(first) => self.scope.use_import(&first.name),
            None if self.scope.read(name) => {}
            // A function's name stands for the function.
            None if self.functions.contains_key(name) => {
                self.called.insert(name.to_owned());
            }
            None => self.unknown(name, at),
        }
    }
}
