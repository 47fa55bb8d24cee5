//! A closure kept for later, with the imports and functions around it. The one place that uses what rhai calls volatile.

use rhai::{Dynamic, Engine, FnPtr, FuncArgs, NativeCallContext};

use super::bridge::RhaiResultOf;

/// A closure that can be called after the call that handed it over has returned, and on another thread.
#[derive(Debug, Clone)]
pub struct KeptClosure {
    closure: FnPtr,
    context: KeptContext,
}

impl KeptClosure {
    /// Keeps a closure that a script handed to a host function.
    pub fn keep(ctx: &NativeCallContext, closure: FnPtr) -> Self {
        Self {
            closure,
            context: KeptContext::of(ctx),
        }
    }

    /// Another closure that was handed over by the same call.
    #[must_use]
    pub fn beside(&self, closure: FnPtr) -> Self {
        Self {
            closure,
            context: self.context.clone(),
        }
    }

    /// Calls it.
    pub fn call(&self, engine: &Engine, args: impl FuncArgs) -> RhaiResultOf<Dynamic> {
        self.closure
            .call_within_context(&self.context.open(engine), args)
    }
}

/// The context of a call, for threads that work on its behalf.
#[derive(Debug, Clone)]
pub struct KeptContext {
    #[expect(
        deprecated,
        reason = "rhai marks this as volatile; the version is pinned"
    )]
    context: rhai::NativeCallContextStore,
}

impl KeptContext {
    /// Keeps the context of a call.
    #[expect(
        deprecated,
        reason = "rhai marks this as volatile; the version is pinned"
    )]
    pub fn of(ctx: &NativeCallContext) -> Self {
        Self {
            context: ctx.store_data(),
        }
    }

    /// The context again.
    #[expect(
        deprecated,
        reason = "rhai marks this as volatile; the version is pinned"
    )]
    pub fn open<'a>(&'a self, engine: &'a Engine) -> NativeCallContext<'a> {
        self.context.create_context(engine)
    }
}
