//! A stranger's script: compiled without imports, and run under a permit that only flags have given.

use rhai::module_resolvers::DummyModuleResolver;
use rhai::{AST, Dynamic, Engine, Map, Scope};

use super::bind::{self, Typed};
use super::task::Task;
use super::wanted::Wanted;
use super::{cleanup, collector, declaration, engine, failure, language};
use crate::base::settings::Environment;
use crate::base::{Error, Result, Settings};
use crate::host::permit::Permit;
use crate::host::{Host, Strand, strand};
use failure::Failure;

/// A script that was compiled, and the tasks it declares.
pub struct Script {
    engine: Engine,
    ast: AST,
    tasks: Vec<Task>,
    name: String,
}

impl Script {
    /// Compiles a script. What it may use is limited by the process around it: rhai's own limits of size count all that a value
    /// holds at each step, which makes honest scripts slow.
    pub fn read(host: &Host, name: &str, text: &str) -> Result<Self, Box<Failure>> {
        let mut engine = engine::alone(host, &Wanted::All);
        engine.set_module_resolver(DummyModuleResolver::new());
        let failed = |error: &rhai::EvalAltResult| {
            Box::new(failure::from_script(error, name, name, language::api()))
        };
        let mut ast = match engine.compile(text) {
            Ok(ast) => ast,
            Err(error) => return Err(failed(&error.into())),
        };
        ast.set_source(name);
        let found = declaration::read(&ast, name, text);
        let problem = found.problems.first().filter(|_| found.tasks.is_empty());
        if let Some(problem) = problem {
            let message = format!("{}: {}", problem.place, problem.message);
            return Err(Box::new(Error::usage(message).into()));
        }
        let (tasks, name) = (found.tasks, name.to_owned());
        Ok(Self {
            engine,
            ast,
            tasks,
            name,
        })
    }

    /// The task that the first word names, or the only one; None for a script that declares none.
    pub fn task(&self, words: &[String]) -> Result<Option<&Task>> {
        let names = || {
            let names: Vec<&str> = self.tasks.iter().map(|task| task.name.as_str()).collect();
            names.join(", ")
        };
        match (words.first(), self.tasks.as_slice()) {
            (None, []) => Ok(None),
            (None, [only]) => Ok(Some(only)),
            (Some(_), []) => Err(Error::usage(format!("`{}` declares no tasks", self.name))
                .hint("run it without further words")),
            (None, _) => Err(
                Error::usage(format!("`{}` declares several tasks", self.name))
                    .hint(format!("name one: {}", names())),
            ),
            (Some(name), tasks) => {
                let found = tasks.iter().find(|task| task.name == *name);
                let unknown = || {
                    Error::usage(format!("`{}` declares no task `{name}`", self.name))
                        .hint(format!("there are {}", names()))
                };
                found.map(Some).ok_or_else(unknown)
            }
        }
    }

    /// Runs it, or one of its tasks. What the script itself says that it is allowed counts for nothing.
    pub fn run(
        &self,
        host: &Host,
        permit: Permit,
        task: Option<&Task>,
        args: Map,
    ) -> Result<Dynamic, Box<Failure>> {
        let strand = Strand::new(host.cancel().clone())
            .for_task(task.map_or("script", |task| task.name.as_str()), None)
            .with_permit(Some(permit));
        let _entered = strand::enter(strand.clone());
        let collecting = collector::start();
        let mut outcome = self
            .engine
            .eval_ast_with_scope::<Dynamic>(&mut Scope::new(), &self.ast);
        let bodies = collecting.finish();
        if let (Ok(_), Some(task)) = (&outcome, task)
            && let Some(body) = bodies.get(&task.name)
        {
            let mut args = args;
            let params = task.params.iter();
            let args = params.map(|param| args.remove(param.name.as_str()).unwrap_or_default());
            outcome = body.closure.call(&self.engine, args.collect::<Vec<_>>());
        }
        let cleanup = cleanup::run_in(&self.engine, host, &strand, (&self.name, &self.name));
        match outcome {
            Ok(value) if cleanup.is_empty() => Ok(value),
            Ok(_) => {
                let error = Error::new(crate::base::Kind::Script, "the script's cleanup failed");
                Err(Box::new(Failure {
                    cleanup,
                    ..Failure::from(error)
                }))
            }
            Err(_) if host.cancel().is_cancelled() => Err(Box::new(host.cancel().error().into())),
            Err(error) => Err(Box::new(Failure {
                cleanup,
                ..failure::from_script(&error, &self.name, &self.name, language::api())
            })),
        }
    }
}

/// Binds what was typed for a task; relative paths start from the folder of the host's project. No parameter takes its value
/// from a setting: those that the host has are for its own connection.
pub fn bind(task: &Task, typed: &Typed, host: &Host) -> Result<Map> {
    let none = Settings::bare(&[], Environment::default());
    bind::typed(task, typed, &none, host.project().root())
}
