//! What scripts are compiled and checked with: the same for every project and every run, so it is made once, when it is first
//! needed. A file is compiled again only when its text is another one: a watched task that is saved, checked and run is compiled once.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rhai::{AST, Engine, ParseError};

use super::api::Api;
use super::engine;
use super::index::hash;

/// How many compiled scripts are kept; when there are more, all are forgotten.
const MOST: usize = 256;

static STRICT: LazyLock<Engine> = LazyLock::new(engine::bare);

static LENIENT: LazyLock<Engine> = LazyLock::new(|| {
    let mut lenient = engine::bare();
    lenient.set_strict_variables(false);
    lenient
});

static API: LazyLock<Api> = LazyLock::new(|| Api::of(&STRICT));

static COMPILED: LazyLock<Mutex<HashMap<u64, Compiled>>> = LazyLock::new(Mutex::default);

/// A script that was compiled, with its text: two texts may have one hash.
struct Compiled {
    text: String,
    ast: Arc<AST>,
}

/// Compiles a script as it would be for a run.
pub(super) fn compile(text: &str) -> Result<Arc<AST>, ParseError> {
    compiled(text, || STRICT.compile(text))
}

/// Compiles a script for a run that has an engine: one for all would have to be made for it.
pub(super) fn compile_with(engine: &Engine, text: &str) -> Result<Arc<AST>, ParseError> {
    compiled(text, || engine.compile(text))
}

fn compiled(
    text: &str,
    compile: impl FnOnce() -> Result<AST, ParseError>,
) -> Result<Arc<AST>, ParseError> {
    let hash = hash(text);
    let known = || COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(compiled) = known().get(&hash).filter(|known| known.text == text) {
        return Ok(Arc::clone(&compiled.ast));
    }
    let ast = Arc::new(compile()?);
    let mut known = known();
    if known.len() >= MOST {
        known.clear();
    }
    let compiled = Compiled {
        text: text.to_owned(),
        ast: Arc::clone(&ast),
    };
    known.insert(hash, compiled);
    Ok(ast)
}

/// Compiles also what names variables that do not exist, so that all of them are found and not the first alone.
pub(super) fn compile_leniently(text: &str) -> Result<AST, ParseError> {
    LENIENT.compile(text)
}

/// Every function that a script can call.
pub(super) fn api() -> &'static Api {
    &API
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_compiled_once_and_another_one_anew() {
        let first = compile("let x = 41; x + 1").unwrap();

        assert!(Arc::ptr_eq(&first, &compile("let x = 41; x + 1").unwrap()));
        assert!(!Arc::ptr_eq(&first, &compile("let x = 41; x + 2").unwrap()));
        assert!(compile("let x = ;").is_err());
        assert!(compile("nowhere").is_err());
        assert!(compile_leniently("nowhere").is_ok());
    }
}
