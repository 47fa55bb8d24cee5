//! Several closures, tasks and programs at once: the workers behind `parallel` and `parallel_map`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rhai::{Array, Dynamic, EvalAltResult, FnPtr, Map, NativeCallContext};
use serde::Deserialize;

use super::bridge::{self, RhaiResultOf};
use super::closure::{KeptClosure, KeptContext};
use super::flow::{caught, stopped};
use super::{Strand, strand, wording};
use crate::base::{Cancel, Error, Reason};

/// How several at once are run.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ParallelOptions {
    pub(super) limit: usize,
    pub(super) keep_going: bool,
}

/// The first failure with what else failed, as `others` of the error that a script catches.
fn with_others(error: Box<EvalAltResult>, others: Array) -> Box<EvalAltResult> {
    if others.is_empty() {
        return error;
    }
    Box::new(match *error {
        EvalAltResult::ErrorInFunctionCall(name, source, inner, at) => {
            EvalAltResult::ErrorInFunctionCall(name, source, with_others(inner, others), at)
        }
        EvalAltResult::ErrorInModule(name, inner, at) => {
            EvalAltResult::ErrorInModule(name, with_others(inner, others), at)
        }
        inner => {
            let mut value = bridge::error_value("parallel", &caught(&inner));
            value.insert("others".into(), others.into());
            EvalAltResult::ErrorRuntime(value.into(), inner.position())
        }
    })
}

/// One of several that run at once.
enum Item {
    Closure(Box<KeptClosure>),
    Task(String),
    Program(Array),
}

impl Item {
    fn of(ctx: &NativeCallContext, at: usize, value: Dynamic) -> RhaiResultOf<(String, Self)> {
        let kind = wording::a(&wording::plain(value.type_name()));
        if let Some(closure) = value.clone().try_cast::<FnPtr>() {
            return Ok((
                (at + 1).to_string(),
                Self::Closure(Box::new(KeptClosure::keep(ctx, closure))),
            ));
        }
        if let Some(argv) = value
            .clone()
            .try_cast::<Array>()
            .filter(|argv| !argv.is_empty())
        {
            return Ok((argv[0].to_string(), Self::Program(argv)));
        }
        let Ok(name) = value.into_immutable_string() else {
            let message = format!(
                "item {} is {kind}, not a closure, a task's name or a program",
                at + 1
            );
            return Err(bridge::throw(ctx, "parallel", Error::invalid(message)));
        };
        Ok((name.to_string(), Self::Task(name.to_string())))
    }

    fn run(&self, ctx: &NativeCallContext) -> RhaiResultOf<Dynamic> {
        match self {
            Self::Closure(closure) => closure.call(ctx.engine(), ()),
            Self::Task(name) => super::task::run(ctx, name, Map::new()),
            Self::Program(argv) => super::process::run_marked(ctx, argv),
        }
    }
}

/// Runs items at once and gives their results in order.
pub(super) fn run(
    ctx: &NativeCallContext,
    items: Array,
    options: &ParallelOptions,
) -> RhaiResultOf<Array> {
    let items: Vec<(String, Item)> = items
        .into_iter()
        .enumerate()
        .map(|(at, item)| Item::of(ctx, at, item))
        .collect::<RhaiResultOf<_>>()?;
    let limit = if options.limit == 0 {
        items.len()
    } else {
        options.limit.min(items.len())
    };
    let outer = strand::current();
    let crew = Crew {
        results: items.iter().map(|_| Mutex::default()).collect(),
        items,
        keep_going: options.keep_going,
        own: outer.cancel.child(),
        outer,
        next: AtomicUsize::new(0),
        failures: Mutex::default(),
        span: tracing::Span::current(),
    };
    let (crew, kept, engine) = (&crew, &KeptContext::of(ctx), ctx.engine());
    std::thread::scope(|scope| {
        for _ in 0..limit {
            let worker = std::thread::Builder::new().stack_size(STACK);
            let started = worker.spawn_scoped(scope, move || crew.work(&kept.open(engine)));
            if let Err(error) = started {
                let error = Error::io("cannot start a thread", error);
                crew.fail("thread", bridge::throw(ctx, "parallel", error));
            }
        }
    });
    crew.finish(ctx)
}

/// What the workers of one `parallel` share.
struct Crew {
    items: Vec<(String, Item)>,
    results: Vec<Mutex<Dynamic>>,
    keep_going: bool,
    own: Cancel,
    outer: Strand,
    next: AtomicUsize,
    failures: Mutex<Vec<(String, Box<EvalAltResult>)>>,
    span: tracing::Span,
}

impl Crew {
    /// Takes one item after the other until none is left or one has failed.
    fn work(&self, ctx: &NativeCallContext) {
        let _in_span = self.span.enter();
        while let Some((at, (name, item))) = self.take() {
            let strand = self.outer.with_cancel(self.own.clone()).with_prefix(name);
            let _entered = strand::enter(strand);
            match item.run(ctx) {
                Ok(value) => {
                    *self.results[at]
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner) = value;
                }
                Err(error) => self.fail(name, error),
            }
        }
    }

    fn take(&self) -> Option<(usize, &(String, Item))> {
        let at = self.next.fetch_add(1, Ordering::SeqCst);
        let item = self.items.get(at).filter(|_| !self.own.is_cancelled())?;
        Some((at, item))
    }

    fn fail(&self, name: &str, error: Box<EvalAltResult>) {
        self.failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((name.to_owned(), error));
        if !self.keep_going {
            self.own.cancel(Reason::Sibling);
        }
    }

    fn finish(&self, ctx: &NativeCallContext) -> RhaiResultOf<Array> {
        if strand::current().cancel.is_cancelled() {
            return Err(bridge::terminated(ctx.call_position()));
        }
        let mut failures =
            std::mem::take(&mut *self.failures.lock().unwrap_or_else(PoisonError::into_inner));
        // Those that were stopped because of the first failure come after it.
        failures.sort_by_key(|(_, error)| stopped(error));
        let mut failures = failures.into_iter();
        if let Some((_, first)) = failures.next() {
            let others = failures.filter(|(_, error)| !stopped(error));
            let others = others.map(|(name, error)| {
                format!("`{name}`: {}", caught(error.unwrap_inner()).message())
            });
            return Err(with_others(first, others.map(Dynamic::from).collect()));
        }
        let value = |cell: &Mutex<Dynamic>| {
            std::mem::take(&mut *cell.lock().unwrap_or_else(PoisonError::into_inner))
        };
        Ok(self.results.iter().map(value).collect())
    }
}

/// Scripts nest calls deeper than a thread's usual stack holds.
pub const STACK: usize = 16 * 1024 * 1024;
