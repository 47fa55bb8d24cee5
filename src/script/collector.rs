//! Collects the closures of the `task(..)` calls while the top level of a task file runs.

use std::cell::RefCell;
use std::collections::HashMap;

use rhai::{FnPtr, Map, NativeCallContext};

use crate::host::closure::KeptClosure;

/// The closure of a task, with the imports around it.
pub(super) struct Body {
    /// The closure.
    pub(super) closure: KeptClosure,
    fields: Map,
}

impl Body {
    /// The closure that lists the choices of a parameter.
    pub(super) fn choices(&self, param: &str) -> Option<KeptClosure> {
        let params = self.fields.get("params")?.read_lock::<Map>()?;
        let fields = params.get(param)?.read_lock::<Map>()?;
        let closure = fields.get("choices")?.clone().try_cast::<FnPtr>()?;
        Some(self.closure.beside(closure))
    }
}

thread_local! {
    static COLLECTED: RefCell<Vec<HashMap<String, Body>>> = const { RefCell::new(Vec::new()) };
}

/// Collects until it is finished or dropped; holds whether it was finished.
pub(super) struct Collecting(bool);

/// Starts to collect what this thread declares.
pub(super) fn start() -> Collecting {
    COLLECTED.with_borrow_mut(|all| all.push(HashMap::new()));
    Collecting(false)
}

impl Collecting {
    /// What was declared since the start.
    pub(super) fn finish(mut self) -> HashMap<String, Body> {
        self.0 = true;
        COLLECTED.with_borrow_mut(Vec::pop).unwrap_or_default()
    }
}

impl Drop for Collecting {
    fn drop(&mut self) {
        if !self.0 {
            COLLECTED.with_borrow_mut(Vec::pop);
        }
    }
}

/// What `task(..)` does when a task file's top level runs.
pub(super) fn declare(ctx: NativeCallContext, name: &str, fields: Map, closure: FnPtr) {
    let body = Body {
        closure: KeptClosure::keep(&ctx, closure),
        fields,
    };
    COLLECTED.with_borrow_mut(|all| {
        if let Some(collected) = all.last_mut() {
            collected.insert(name.to_owned(), body);
        }
    });
}
