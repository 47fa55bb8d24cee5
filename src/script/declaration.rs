//! Reads `task(..)` declarations from a compiled script without running anything.
//!
//! Every field is a literal; what is misspelt, mistyped or computed is a finding at its own line and column.

use rhai::{AST, Expr, FnCallExpr, FnPtr, Position, Stmt};

use super::diagnostic::{Diagnostic, Place, Rule, Severity};
use super::task::Task;
use super::{allow, params, schedule};
use crate::base::text::did_you_mean;
use crate::base::units::parse_duration;

/// What a file declares and what is wrong with it.
#[derive(Debug, Default)]
pub struct Declarations {
    /// The tasks that could be read.
    pub tasks: Vec<Task>,
    /// Findings.
    pub problems: Vec<Diagnostic>,
}

const FIELDS: [&str; 15] = [
    "about",
    "aliases",
    "needs",
    "lock",
    "confirm",
    "timeout",
    "destructive",
    "hidden",
    "sources",
    "generates",
    "env",
    "examples",
    "schedule",
    "params",
    "allow",
];

/// Reads all declarations of a file.
pub fn read(ast: &AST, file: &str, text: &str) -> Declarations {
    let mut reader = Reader {
        file,
        problems: Vec::new(),
    };
    let group = title(file, text);
    let calls = ast.statements().iter().filter_map(task_call);
    let tasks = calls
        .filter_map(|(call, at)| reader.task(ast, &group, call, at))
        .collect();
    reader.find_hidden_calls(ast);
    Declarations {
        tasks,
        problems: reader.problems,
    }
}

/// The first `//!` line, or the file's name.
fn title(file: &str, text: &str) -> String {
    let doc = text
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("//!"));
    let stem = file
        .rsplit('/')
        .next()
        .unwrap_or(file)
        .trim_end_matches(".rhai");
    doc.map_or_else(
        || stem.to_owned(),
        |doc| doc.trim().trim_end_matches('.').to_owned(),
    )
}

fn task_call(statement: &Stmt) -> Option<(&FnCallExpr, Position)> {
    let (call, at) = match statement {
        Stmt::FnCall(call, at) => (call, *at),
        Stmt::Expr(expr) => match &**expr {
            Expr::FnCall(call, at) => (call, *at),
            _ => return None,
        },
        _ => return None,
    };
    (!call.is_qualified() && call.name == "task").then_some((call, at))
}

/// Collects findings while it reads literals; shared with [`params`].
pub(super) struct Reader<'a> {
    file: &'a str,
    problems: Vec<Diagnostic>,
}

impl Reader<'_> {
    pub(super) fn place(&self, at: Position) -> Place {
        Place::new(self.file, at)
    }

    pub(super) fn problem(&mut self, at: Position, message: impl Into<String>) {
        self.problem_with(at, message, None);
    }

    pub(super) fn problem_with(
        &mut self,
        at: Position,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        self.problems.push(
            Diagnostic::new(Rule::Declaration, Place::new(self.file, at), message).hint(hint),
        );
    }

    fn task(&mut self, ast: &AST, group: &str, call: &FnCallExpr, at: Position) -> Option<Task> {
        let [name, fields, body] = call.args.as_slice() else {
            let message = format!(
                "`task` takes a name, a map and a closure; {} given",
                call.args.len()
            );
            self.problem(at, message);
            return None;
        };
        let name_at = name.start_position();
        let name = self.text(name, "the task's name")?;
        if !self.is_name(&name, name_at) {
            return None;
        }
        let mut task = Task {
            name,
            group: group.to_owned(),
            place: self.place(name_at),
            about: String::new(),
            aliases: Vec::new(),
            needs: Vec::new(),
            lock: None,
            confirm: None,
            timeout_ms: None,
            destructive: false,
            hidden: false,
            user_wide: false,
            sources: Vec::new(),
            generates: Vec::new(),
            env: Vec::new(),
            examples: Vec::new(),
            schedules: Vec::new(),
            params: Vec::new(),
            allow: None,
        };
        self.fields(&mut task, fields);
        schedule::verify(self, &task);
        if task.about.is_empty() {
            let place = task.place.clone();
            let message = format!("task `{}` has no `about`", task.name);
            self.problems.push(
                Diagnostic::new(Rule::Declaration, place, message).severity(Severity::Warning),
            );
        }
        match closure_params(ast, body) {
            Some(names) => params::match_closure(self, &mut task, &names, body.start_position()),
            None => self.problem(
                body.start_position(),
                "the third argument must be a closure",
            ),
        }
        Some(task)
    }

    fn fields(&mut self, task: &mut Task, fields: &Expr) {
        for (key, at, value) in self.entries(fields, "the task's fields") {
            match key {
                "about" => task.about = self.text(value, "`about`").unwrap_or_default(),
                "lock" => task.lock = self.text(value, "`lock`"),
                "confirm" => task.confirm = self.text(value, "`confirm`"),
                "destructive" => task.destructive = self.flag(value, "`destructive`"),
                "hidden" => task.hidden = self.flag(value, "`hidden`"),
                "timeout" => task.timeout_ms = self.timeout(value),
                "aliases" => task.aliases = self.aliases(&task.name, value),
                "needs" => {
                    let needs = self
                        .texts(value, "`needs`", "an array of strings")
                        .into_iter();
                    task.needs = needs
                        .map(|(n, at)| (n, Place::new(self.file, at)))
                        .collect();
                }
                "sources" => task.sources = self.patterns(value, "`sources`"),
                "generates" => task.generates = self.patterns(value, "`generates`"),
                "env" => {
                    let names = self
                        .texts(value, "`env`", "an array of strings")
                        .into_iter();
                    task.env = names.map(|(name, _)| name).collect();
                }
                "allow" => task.allow = Some(allow::read(self, value)),
                "examples" => task.examples = self.examples(&task.name, value),
                "schedule" => task.schedules = schedule::read(self, value),
                "params" => task.params = params::read(self, value),
                unknown => self.unknown(at, "task field", unknown, &FIELDS),
            }
        }
    }

    /// Command lines as typed: each calls the task with `lexi`.
    fn examples(&mut self, task: &str, value: &Expr) -> Vec<String> {
        let mut examples = Vec::new();
        for (line, at) in self.texts(value, "`examples`", "an array of strings") {
            if line.starts_with("lexi ") && line.split(' ').any(|word| word == task) {
                examples.push(line);
            } else {
                let message = format!("`{line}` is no example of how to call `{task}`");
                let hint = format!("write it as typed: `lexi run {task} ..`");
                self.problem_with(at, message, Some(hint));
            }
        }
        examples
    }

    /// Patterns of files below the project's folder.
    fn patterns(&mut self, value: &Expr, what: &str) -> Vec<String> {
        let mut patterns = Vec::new();
        for (pattern, at) in self.texts(value, what, "an array of strings") {
            let leads_out = pattern.starts_with('/') || pattern.split('/').any(|part| part == "..");
            if leads_out || pattern.is_empty() {
                let message = format!("`{pattern}` is no path below the project's folder");
                self.problem(at, message);
            } else if globset::Glob::new(&pattern).is_err() {
                self.problem(at, format!("`{pattern}` is not a pattern of files"));
            } else {
                patterns.push(pattern);
            }
        }
        patterns
    }

    fn is_name(&mut self, name: &str, at: Position) -> bool {
        let is_name = is_task_name(name);
        if !is_name {
            let hint = "use lower-case letters, digits, `-` and `:`, starting with a letter";
            let message = format!("`{name}` is not a task name");
            self.problem_with(at, message, Some(hint.into()));
        }
        is_name
    }

    fn aliases(&mut self, task: &str, value: &Expr) -> Vec<String> {
        let mut aliases: Vec<String> = Vec::new();
        for (alias, at) in self.texts(value, "`aliases`", "an array of strings") {
            if alias == task || aliases.contains(&alias) {
                self.problem(at, format!("`{alias}` is an alias of itself"));
            } else if self.is_name(&alias, at) {
                aliases.push(alias);
            }
        }
        aliases
    }

    pub(super) fn unknown(&mut self, at: Position, what: &str, name: &str, known: &[&str]) {
        let hint = match did_you_mean(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", known.join(", ")),
        };
        self.problem_with(at, format!("unknown {what} `{name}`"), Some(hint));
    }

    /// The keys and values of a literal map, in the order they are written.
    pub(super) fn entries<'e>(
        &mut self,
        expr: &'e Expr,
        what: &str,
    ) -> Vec<(&'e str, Position, &'e Expr)> {
        let Expr::Map(entries, _) = expr else {
            let message = format!("{what} must be a literal map `#{{ .. }}`");
            self.problem(expr.start_position(), message);
            return Vec::new();
        };
        let mut entries: Vec<_> = entries
            .0
            .iter()
            .map(|(key, value)| (key.name.as_str(), key.pos, value))
            .collect();
        entries.sort_by_key(|(_, at, _)| *at);
        entries
    }

    /// The value of a literal, or a finding that it is none.
    pub(super) fn literal(&mut self, expr: &Expr, what: &str) -> Option<rhai::Dynamic> {
        let value = expr.get_literal_value(None);
        if value.is_none() {
            let hint = "so that `lexi list` never has to run anything".to_owned();
            let message = format!("{what} must be a literal");
            self.problem_with(start(expr), message, Some(hint));
        }
        value
    }

    pub(super) fn text(&mut self, expr: &Expr, what: &str) -> Option<String> {
        let value = self.literal(expr, what)?;
        let kind = value.type_name();
        let text = value.into_string().ok();
        if text.is_none() {
            self.problem(
                expr.start_position(),
                format!("{what} must be a string, not {}", article(kind)),
            );
        }
        text
    }

    pub(super) fn flag(&mut self, expr: &Expr, what: &str) -> bool {
        let Some(value) = self.literal(expr, what) else {
            return false;
        };
        value.as_bool().unwrap_or_else(|kind| {
            self.problem(
                expr.start_position(),
                format!("{what} must be true or false, not {}", article(kind)),
            );
            false
        })
    }

    pub(super) fn texts(
        &mut self,
        expr: &Expr,
        what: &str,
        wanted: &str,
    ) -> Vec<(String, Position)> {
        let Expr::Array(items, _) = expr else {
            self.problem(start(expr), format!("{what} must be {wanted}"));
            return Vec::new();
        };
        let each = format!("each of {what}");
        items
            .iter()
            .filter_map(|item| Some((self.text(item, &each)?, item.start_position())))
            .collect()
    }

    fn timeout(&mut self, expr: &Expr) -> Option<u64> {
        let value = self.literal(expr, "`timeout`")?;
        if !(value.is_string() || value.is_int() || value.is_float()) {
            let kind = article(value.type_name());
            self.problem(
                expr.start_position(),
                format!("`timeout` must be a duration, not {kind}"),
            );
            return None;
        }
        match parse_duration(&value.to_string()) {
            Ok(limit) if !limit.is_zero() => u64::try_from(limit.as_millis()).ok(),
            Ok(_) => {
                self.problem(
                    expr.start_position(),
                    "`timeout` must be longer than nothing",
                );
                None
            }
            Err(error) => {
                let hint = error.hint_text().map(str::to_owned);
                self.problem_with(expr.start_position(), format!("`timeout`: {error}"), hint);
                None
            }
        }
    }

    /// A `task(..)` that is not at the top level would be invisible to `list`.
    fn find_hidden_calls(&mut self, ast: &AST) {
        let top: Vec<Position> = ast
            .statements()
            .iter()
            .filter_map(task_call)
            .map(|(_, at)| at)
            .collect();
        let mut hidden = Vec::new();
        ast.walk(&mut |path| {
            if let Some(
                rhai::ASTNode::Expr(Expr::FnCall(call, at))
                | rhai::ASTNode::Stmt(Stmt::FnCall(call, at)),
            ) = path.last()
                && !call.is_qualified()
                && call.name == "task"
                && !top.contains(at)
                && !hidden.contains(at)
            {
                hidden.push(*at);
            }
            true
        });
        for at in hidden {
            let hint = "write each task out, at the top level of its file".to_owned();
            self.problem_with(
                at,
                "a task is declared where `list` cannot see it",
                Some(hint),
            );
        }
    }
}

/// Where an expression starts; for an operator rhai knows only where the operator stands.
fn start(expr: &Expr) -> Position {
    match expr {
        Expr::FnCall(call, _) if call.is_operator_call() => call
            .args
            .first()
            .map_or_else(|| expr.start_position(), start),
        _ => expr.start_position(),
    }
}

/// `a string`, `an array`, from rhai's names of types.
pub(super) fn article(kind: &str) -> String {
    match kind {
        "i64" | "int" => "a number".to_owned(),
        "()" => "nothing".to_owned(),
        "Fn" => "a closure".to_owned(),
        other if other.starts_with(['a', 'e', 'i', 'o']) => format!("an {other}"),
        other => format!("a {other}"),
    }
}

/// Whether this can be a task's name.
pub fn is_task_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_:".contains(c))
}

/// The names of the parameters a person wrote, without what the closure captures.
fn closure_params(ast: &AST, body: &Expr) -> Option<Vec<String>> {
    let (name, captured) = closure(body)?;
    let function = ast
        .iter_functions()
        .find(|function| function.name == name)?;
    Some(
        function
            .params
            .iter()
            .skip(captured)
            .map(|param| (*param).to_owned())
            .collect(),
    )
}

/// The function behind a closure expression and how many values it captures.
pub(super) fn closure(expr: &Expr) -> Option<(String, usize)> {
    match expr {
        Expr::DynamicConstant(value, _) => {
            let pointer = value.clone().try_cast::<FnPtr>()?;
            Some((pointer.fn_name().to_owned(), pointer.curry().len()))
        }
        Expr::FnCall(call, _) if call.name == "curry" => {
            let (name, _) = closure(call.args.first()?)?;
            Some((name, call.args.len() - 1))
        }
        Expr::Stmt(block) => {
            block
                .statements()
                .iter()
                .rev()
                .find_map(|statement| match statement {
                    Stmt::FnCall(call, _) if call.name == "curry" => {
                        let (name, _) = closure(call.args.first()?)?;
                        Some((name, call.args.len() - 1))
                    }
                    Stmt::Expr(expr) => closure(expr),
                    _ => None,
                })
        }
        _ => None,
    }
}
