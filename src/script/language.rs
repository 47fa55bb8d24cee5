//! What scripts are compiled and checked with: the same for every project and every run, so it is made once, when it is first
//! needed. A file is compiled again only when its text is another one: a watched task that is saved, checked and run is compiled once.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rhai::{AST, Engine, ParseError};

use super::api::Api;
use super::engine;
use super::index::hash;

/// How many scripts, and how many bytes of text, are kept compiled; twice as much where the older half is still used.
const MOST: usize = 64;
const MOST_BYTES: usize = 256 * 1024;

static STRICT: LazyLock<Engine> = LazyLock::new(engine::bare);

static LENIENT: LazyLock<Engine> = LazyLock::new(|| {
    let mut lenient = engine::bare();
    lenient.set_strict_variables(false);
    lenient
});

static API: LazyLock<Api> = LazyLock::new(|| Api::of(&STRICT));

static COMPILED: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);

/// A script that was compiled, with its text: two texts may have one hash.
struct Compiled {
    text: String,
    ast: Arc<AST>,
}

/// Compiled scripts by the hash of their text. When there are too many, those that were not used since the last time that
/// there were too many are forgotten: a file that is saved all day must not fill the memory.
#[derive(Default)]
struct Kept {
    young: HashMap<u64, Compiled>,
    old: HashMap<u64, Compiled>,
    bytes: usize,
}

impl Kept {
    fn find(&mut self, hash: u64, text: &str) -> Option<Arc<AST>> {
        if let Some(known) = self.old.remove(&hash) {
            self.keep(hash, known);
        }
        let known = self.young.get(&hash)?;
        (known.text == text).then(|| Arc::clone(&known.ast))
    }

    fn keep(&mut self, hash: u64, compiled: Compiled) {
        if self.young.len() >= MOST || self.bytes >= MOST_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes += compiled.text.len();
        self.young.insert(hash, compiled);
    }
}

/// Compiles a script as it would be for a run.
pub(super) fn compile(text: &str) -> Result<Arc<AST>, ParseError> {
    compiled(text, || STRICT.compile(text))
}

/// Compiles the script of a file for a run that has an engine: one for all would have to be made for it.
pub(super) fn compile_file(engine: &Engine, text: &str, file: &str) -> Result<AST, ParseError> {
    let compiled = compiled(text, || engine.compile(text))?;
    // A copy shares its functions with what is kept, and those know no file: an error in a closure would be told in the
    // file that called it. So the copy gets a module of its own; the functions in it are still the same.
    let functions = compiled.shared_lib().as_ref().clone();
    let statements = compiled.statements().iter().cloned();
    Ok(AST::new_with_source(statements, functions, file))
}

fn compiled(
    text: &str,
    compile: impl FnOnce() -> Result<AST, ParseError>,
) -> Result<Arc<AST>, ParseError> {
    let hash = hash(text);
    let kept = || COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(ast) = kept().find(hash, text) {
        return Ok(ast);
    }
    let ast = Arc::new(compile()?);
    let compiled = Compiled {
        text: text.to_owned(),
        ast: Arc::clone(&ast),
    };
    kept().keep(hash, compiled);
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
    fn what_is_used_stays_and_the_rest_goes() {
        let mut kept = Kept::default();
        let compiled = |text: &str| Compiled {
            text: text.to_owned(),
            ast: Arc::new(AST::empty()),
        };
        for number in 0..1000 {
            kept.keep(number + 1, compiled("other"));
            if number == 0 {
                kept.keep(0, compiled("used"));
            }
            assert!(kept.find(0, "used").is_some(), "after {number}");
        }

        assert!(kept.young.len() + kept.old.len() <= 2 * MOST);
        assert!(kept.find(1, "other").is_none());
        assert!(kept.find(0, "another of the same hash").is_none());
    }

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
