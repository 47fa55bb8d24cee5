//! Runs tasks: what they need first, each once; then the task under its lock and time limit, and its cleanup always.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rhai::{AST, Array, Dynamic, Engine, EvalAltResult, Map, NativeCallContext, Position, Scope};
use tracing::field::Empty;

use super::catalog::Catalog;
use super::collector::{self, Body};
use super::diagnostic::Diagnostic;
use super::fresh::{self, Case};
use super::resolver::Scripts;
use super::task::Task;
use super::wanted::Wanted;
use super::{bind, cleanup, engine, failure, guard, language};
use crate::base::{Error, Reason};
use crate::host::bridge::{self, RhaiResultOf};
use crate::host::{Host, Strand, strand};
use failure::Failure;

/// An engine, a host and the tasks that were loaded for one run.
pub struct Session {
    host: Host,
    engine: Engine,
    wanted: Wanted,
    scripts: Scripts,
    catalog: Arc<Catalog>,
    loaded: Mutex<HashMap<String, Arc<Loaded>>>,
    done: Mutex<HashMap<String, Done>>,
    cleanup_errors: Mutex<Vec<Failure>>,
    /// The task that was asked for from outside.
    asked: OnceLock<String>,
}

/// Whether a task that others need has succeeded, once it has run; held while it runs.
type Done = Arc<tokio::sync::Mutex<Option<bool>>>;

/// A task file that was compiled and whose top level has run.
struct Loaded {
    ast: AST,
    bodies: HashMap<String, Body>,
}

/// Whether a task has to run.
enum Due {
    /// It runs, and starts from this, if it says what it depends on.
    Runs(Option<fresh::Record>),
    /// It is up to date.
    Rests,
}

/// How a task that failed is told apart from one whose need failed on another line of execution.
const FAILED_ELSEWHERE: &str = "failed on another line of execution";

impl Session {
    /// A session for one task of a host's project.
    pub fn start(host: Host, catalog: Arc<Catalog>, task: &str) -> Arc<Self> {
        let wanted = Wanted::by_task(&catalog, task);
        let project = Arc::clone(catalog.project());
        let (engine, scripts) = engine::for_project(&host, project, &wanted);
        let session = Arc::new(Self {
            host: host.clone(),
            engine,
            wanted,
            scripts,
            catalog,
            loaded: Mutex::default(),
            done: Mutex::default(),
            cleanup_errors: Mutex::default(),
            asked: OnceLock::new(),
        });
        let weak = Arc::downgrade(&session);
        host.set_run_task(Box::new(move |ctx, name, args| {
            let session = weak.upgrade().ok_or_else(|| {
                bridge::throw(ctx, "task::run", Error::internal("the session has ended"))
            })?;
            session.run_from_script(ctx, name, args)
        }));
        session
    }

    /// Runs a task with bound arguments, as asked from outside.
    pub fn run(&self, name: &str, args: Map) -> Result<Dynamic, Box<Failure>> {
        let task = self
            .catalog
            .find(name)
            .map_err(|error| Box::new(error.into()))?;
        // A session runs one task; the first that was asked for stays.
        let _first_stays = self.asked.set(task.name.clone());
        let root = Strand::new(self.host.cancel().clone());
        let _entered = strand::enter(root.clone());
        let result = self.run_with_needs(&root, task, args);
        let cleanup = std::mem::take(
            &mut *self
                .cleanup_errors
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        match result {
            Ok(value) if cleanup.is_empty() => Ok(value),
            Ok(_) => {
                let error = Error::new(crate::base::Kind::Script, "the task's cleanup failed");
                Err(Box::new(Failure {
                    cleanup,
                    ..Failure::from(error)
                }))
            }
            Err(error) => Err(Box::new(Failure {
                cleanup,
                ..self.failure(task, &error)
            })),
        }
    }

    /// Runs the top level of a task's file and gives the values of a parameter's `choices` closure, for completion.
    pub fn choices(&self, task: &Task, param: &str) -> RhaiResultOf<Vec<String>> {
        let strand = Strand::new(self.host.cancel().clone());
        let _entered = strand::enter(strand.with_permit(task.permit()));
        let loaded = self.load(&task.place.file)?;
        let Some(body) = loaded.bodies.get(&task.name) else {
            return Ok(Vec::new());
        };
        let Some(closure) = body.choices(param) else {
            return Ok(Vec::new());
        };
        let values = closure
            .call(&self.engine, ())?
            .into_array()
            .unwrap_or_default();
        Ok(values.into_iter().map(|value| value.to_string()).collect())
    }

    fn failure(&self, task: &Task, error: &EvalAltResult) -> Failure {
        let cancel = self.host.cancel();
        if cancel.is_cancelled() {
            return Failure::from(cancel.error());
        }
        failure::from_script(error, &task.place.file, &task.name, language::api())
    }

    /// `task::run`: the same as from outside, but stopped with its caller, and giving what the task returned.
    fn run_from_script(
        &self,
        ctx: &NativeCallContext,
        name: &str,
        args: Map,
    ) -> RhaiResultOf<Dynamic> {
        let throw = |error: Error| bridge::throw(ctx, "task::run", error);
        let task = self.catalog.find(name).map_err(|e| throw(not_usage(e)))?;
        let caller = strand::current();
        self.refuse_recursion(&caller, task).map_err(throw)?;
        let args =
            bind::values(task, args, self.host.settings()).map_err(|e| throw(not_usage(e)))?;
        let file = task.place.file.clone();
        self.run_with_needs(&caller, task, args).map_err(|inner| {
            let frame = format!("task `{}`", task.name);
            Box::new(EvalAltResult::ErrorInFunctionCall(
                frame,
                file,
                inner,
                ctx.call_position(),
            ))
        })
    }

    /// A task that is running cannot be run or needed by what it runs: it would wait for itself.
    fn refuse_recursion(&self, caller: &Strand, task: &Task) -> crate::base::Result<()> {
        let order = self.catalog.order(&task.name);
        let order = order.map_err(|found| Error::invalid(not_in_order(&found)))?;
        let Some(again) = order.iter().find(|each| caller.tasks.contains(&each.name)) else {
            return Ok(());
        };
        let mut path: Vec<&str> = caller.tasks.iter().map(String::as_str).collect();
        path.extend((again.name != task.name).then_some(task.name.as_str()));
        path.push(&again.name);
        let message = format!("task `{}` runs itself: {}", again.name, path.join(" -> "));
        Err(Error::invalid(message))
    }

    fn run_with_needs(&self, caller: &Strand, task: &Task, args: Map) -> RhaiResultOf<Dynamic> {
        let order = self.catalog.order(&task.name);
        let order = order.map_err(|found| thrown(&Error::usage(not_in_order(&found))))?;
        for each in &order {
            guard::ask(&self.host, each).map_err(|error| thrown(&error))?;
        }
        for need in order.iter().filter(|need| need.name != task.name) {
            let result = self.run_needed(caller, need);
            result.map_err(|inner| in_need(&order, need, inner))?;
        }
        self.run_alone(caller, task, args)
    }

    /// Runs a task that others need, once per run; who comes second waits for the first.
    fn run_needed(&self, caller: &Strand, task: &Task) -> RhaiResultOf<()> {
        let cell = Arc::clone(
            self.done
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(task.name.clone())
                .or_default(),
        );
        let mut done = match cell.try_lock() {
            Ok(done) => done,
            Err(_runs_elsewhere) => {
                let waited = async { Ok(cell.lock().await) };
                let waited = self.host.runtime().wait(&caller.cancel, waited);
                waited.map_err(|_stopped| bridge::terminated(Position::NONE))?
            }
        };
        match *done {
            Some(true) => return Ok(()),
            Some(false) => {
                let message = format!("task `{}` {FAILED_ELSEWHERE}", task.name);
                return Err(thrown(&Error::invalid(message)));
            }
            None => {}
        }
        let bound = bind::values(task, Map::new(), self.host.settings());
        let result = bound
            .map_err(|error| thrown(&error))
            .and_then(|args| self.run_alone(caller, task, args));
        *done = Some(result.is_ok());
        result.map(drop)
    }

    fn run_alone(&self, caller: &Strand, task: &Task, args: Map) -> RhaiResultOf<Dynamic> {
        let case = Case {
            catalog: &self.catalog,
            task,
            args: &args,
            settings: self.host.settings(),
        };
        let started_from = self.is_due(&case).map_err(|error| thrown(&error))?;
        let Due::Runs(started_from) = started_from else {
            return Ok(Dynamic::UNIT);
        };
        let args = args.clone();
        let span = tracing::info_span!("task", name = task.name, place = %task.place, profile = %self.host.profile(), outcome = Empty);
        let _in_span = span.enter();
        let is_asked = self.asked.get() == Some(&task.name);
        let taken = guard::lock(&self.host, task, is_asked).map_err(|error| thrown(&error))?;
        let _lock = match taken {
            guard::Taken::Held(lock) => lock,
            guard::Taken::Skipped(why) => {
                self.host.output().say(&format!("skipped: {why}"));
                return Ok(Dynamic::UNIT);
            }
        };
        let own = caller
            .for_task(&task.name, task.lock.as_deref())
            .with_permit(task.permit());
        let _entered = strand::enter(own.clone());
        let limit = task.timeout_ms.map(Duration::from_millis);
        let _timer = limit
            .map(|limit| {
                let reason = Reason::TaskTimeout(limit);
                self.host.runtime().cancel_after(limit, &own.cancel, reason)
            })
            .transpose()
            .map_err(|error| thrown(&error))?;
        let since = Instant::now();
        let result = self.call(task, args);
        let failed = cleanup::run(&self.engine, &self.host, &own, task);
        self.cleanup_errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(failed);
        let result = result.map_err(|error| timed_out(&own, task, error));
        if let Some(recorder) = self.host.recorder() {
            recorder.did(
                "task",
                &task.name,
                Some(task.place.to_string()),
                since.elapsed(),
            );
        }
        span.record("outcome", if result.is_ok() { "ok" } else { "failed" });
        if let (Ok(_), Some(record)) = (&result, started_from) {
            case.keep(record).map_err(|error| thrown(&error))?;
        }
        result
    }

    /// Whether a task has to run, and from what it starts; what was kept of its last run is forgotten then.
    fn is_due(&self, case: &Case<'_>) -> crate::base::Result<Due> {
        let Some(now) = case.now()? else {
            return Ok(Due::Runs(None));
        };
        let flags = self.host.flags();
        if !flags.force && !case.verdict()?.runs() {
            let name = &case.task.name;
            let message =
                format!("`{name}` is up to date (`lexi explain {name}`; --force runs it)");
            self.host.output().say(&message);
            return Ok(Due::Rests);
        }
        if flags.dry_run {
            return Ok(Due::Runs(None));
        }
        case.forget()?;
        Ok(Due::Runs(Some(now)))
    }

    fn call(&self, task: &Task, mut args: Map) -> RhaiResultOf<Dynamic> {
        let loaded = self.load(&task.place.file)?;
        let body = loaded.bodies.get(&task.name).ok_or_else(|| {
            let message = format!(
                "`{}` no longer declares task `{}`",
                task.place.file, task.name
            );
            thrown(&Error::not_found(message).hint("run the command again"))
        })?;
        let ordered: Vec<Dynamic> = task
            .params
            .iter()
            .map(|param| args.remove(param.name.as_str()).unwrap_or_default())
            .collect();
        let value = body.closure.call(&self.engine, ordered)?;
        if holds_closure(&value) {
            let message = format!("task `{}` returned a closure", task.name);
            let hint = "return what the closure gives; a closure stays in its own file";
            return Err(thrown(&Error::invalid(message).hint(hint)));
        }
        Ok(value)
    }

    fn load(&self, file: &str) -> RhaiResultOf<Arc<Loaded>> {
        if let Some(loaded) = self
            .loaded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(file)
        {
            return Ok(Arc::clone(loaded));
        }
        let path = self.host.project().path(file);
        let text = self
            .host
            .project()
            .script_text(&path)
            .map_err(|e| thrown(&Error::io(format!("cannot read task file `{file}`"), e)))?;
        if !self.wanted.covers(&text) {
            let error = Error::invalid(format!("`{file}` was changed while its task started"));
            return Err(thrown(&error.hint("run the command again")));
        }
        let ast = language::compile_file(&self.engine, &text, file)?;
        self.scripts.add_tasks(file, &ast)?;
        let collecting = collector::start();
        self.engine.run_ast_with_scope(&mut Scope::new(), &ast)?;
        let loaded = Arc::new(Loaded {
            ast,
            bodies: collecting.finish(),
        });
        tracing::debug!(
            file,
            functions = loaded.ast.iter_functions().count(),
            "loaded"
        );
        let mut all = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(all.entry(file.to_owned()).or_insert(loaded)))
    }
}

/// The failure of a needed task as called from the first place that needs it.
fn in_need(order: &[&Task], need: &Task, inner: Box<EvalAltResult>) -> Box<EvalAltResult> {
    let frame = |task: &Task, inner, at| {
        let (name, file) = (format!("task `{}`", task.name), task.place.file.clone());
        Box::new(EvalAltResult::ErrorInFunctionCall(name, file, inner, at))
    };
    let is_meant = |name: &str| need.name == name || need.aliases.iter().any(|alias| alias == name);
    let needing = order.iter().find_map(|task| {
        let (_, place) = task.needs.iter().find(|(name, _)| is_meant(name))?;
        Some((task, place))
    });
    match needing {
        Some((task, place)) => frame(task, frame(need, inner, place.position()), Position::NONE),
        None => frame(need, inner, Position::NONE),
    }
}

/// Why a task's needs cannot run, with every place that has to do with it.
fn not_in_order(found: &Diagnostic) -> String {
    let places = found.related.iter().map(|(place, _)| place);
    let places = std::iter::once(&found.place).chain(places);
    let places: Vec<String> = places.map(ToString::to_string).collect();
    format!("{} (at {})", found.message, places.join(", "))
}

/// A closure is found by a name that another file may have too, so none leaves its task.
fn holds_closure(value: &Dynamic) -> bool {
    if let Some(items) = value.read_lock::<Array>() {
        return items.iter().any(holds_closure);
    }
    if let Some(map) = value.read_lock::<Map>() {
        return map.values().any(holds_closure);
    }
    value.is_fnptr()
}

/// An error from outside any script, as scripts see it.
fn thrown(error: &Error) -> Box<EvalAltResult> {
    let value = bridge::error_value("task", error);
    Box::new(EvalAltResult::ErrorRuntime(value.into(), Position::NONE))
}

/// A wrong call from a script is the script's failure, not a wrong command line.
fn not_usage(error: Error) -> Error {
    if error.kind() != crate::base::Kind::Usage {
        return error;
    }
    let invalid = Error::invalid(error.message());
    match error.hint_text() {
        Some(hint) => invalid.hint(hint),
        None => invalid,
    }
}

/// A task that ran out of its own time has failed with `timeout`; whoever called it may catch that.
fn timed_out(own: &Strand, task: &Task, error: Box<EvalAltResult>) -> Box<EvalAltResult> {
    match own.cancel.reason() {
        Some(Reason::TaskTimeout(_)) if own.cancel.is_own() => {
            let why = own.cancel.error();
            let message = format!("task `{}` {}", task.name, why.message());
            let hint = format!("its limit stands at {}", task.place);
            thrown(
                &Error::new(crate::base::Kind::Timeout, message)
                    .hint(hint)
                    .exit_status(124),
            )
        }
        _ => error,
    }
}
