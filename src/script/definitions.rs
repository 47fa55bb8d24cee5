//! What an editor reads to know the script functions: a `.d.rhai` file for each namespace, in the form that the language
//! server for rhai expects.
//!
//! Rhai's own generator writes Rust's types, some of which are no names at all (`EvalAltResult>>`), so that a file could not
//! be read; and the forms for numbers that scripts have no values of.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::api::{Api, Signature};
use super::engine;
use crate::base::Project;

/// The file of the functions without a namespace.
const NAMELESS: &str = "global.d.rhai";

/// What the language itself has, which takes what no signature can say.
const OF_THE_LANGUAGE: &str = r"/// Declares a task; only at the top level of a file below `tasks/`.
///
/// # Parameters
/// - `name`: what it is called by
/// - `fields`: a literal map: `about`, `params`, `needs`, `timeout`, `lock` ..
/// - `body`: a closure with the declared parameters
fn task(name: string, fields: map, body: Fn);
";

/// The definitions by file name.
pub fn files() -> Vec<(String, String)> {
    let api = Api::of(&engine::bare());
    let nameless = api.iter().filter(|(name, _)| !name.contains("::"));
    let nameless = nameless.filter(|(name, _)| is_name(name) && *name != "task");
    let text = format!("module static;\n\n{OF_THE_LANGUAGE}{}", functions(nameless));
    let mut files = vec![(NAMELESS.to_owned(), text)];
    for namespace in api.namespaces() {
        let own = api.iter().filter_map(|(name, forms)| {
            let name = name.strip_prefix(namespace)?.strip_prefix("::")?;
            is_name(name).then_some((name, forms))
        });
        let text = format!("module {namespace};\n{}", functions(own));
        files.push((format!("{namespace}.d.rhai"), text));
    }
    files
}

/// Operators and properties have no name that could be called.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn functions<'a>(all: impl Iterator<Item = (&'a str, &'a [Signature])>) -> String {
    let mut text = String::new();
    for (name, forms) in all {
        let mut seen: Vec<String> = Vec::new();
        for form in forms.iter().filter(|form| form.is_for_scripts()) {
            let declared = declared(name, form);
            if !seen.contains(&declared) {
                text.push('\n');
                for line in form.docs.lines() {
                    let _infallible = writeln!(text, "{}", format!("/// {line}").trim_end());
                }
                text.push_str(&declared);
                seen.push(declared);
            }
        }
    }
    text
}

/// `fn read(path: string) -> string;`
fn declared(name: &str, form: &Signature) -> String {
    let param = |(at, (name, ty)): (usize, &(String, String))| {
        let name = name.trim_start_matches("mut ").trim_start_matches('_');
        let name = if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            format!("arg{at}")
        } else {
            name.to_owned()
        };
        format!("{name}: {}", shown(ty))
    };
    let params: Vec<String> = form.params.iter().enumerate().map(param).collect();
    let returns = match shown(&form.returns).as_str() {
        "()" => String::new(),
        ty => format!(" -> {ty}"),
    };
    format!("fn {name}({}){returns};\n", params.join(", "))
}

/// A type as definitions name it; what is no name of a type may be anything.
fn shown(ty: &str) -> String {
    match ty {
        "" => "()".to_owned(),
        "closure" => "Fn".to_owned(),
        "any" => "?".to_owned(),
        ty if is_name(ty) => ty.to_owned(),
        _ => "?".to_owned(),
    }
}

/// Where a project keeps the definitions.
pub fn folder(project: &Project) -> PathBuf {
    project.state().join("definitions")
}

/// Writes the definitions that differ from what the functions say today, and removes those of functions that are gone.
/// Without them an editor knows less, nothing else, so a project that cannot be written to is left as it is.
pub fn refresh(project: &Project) {
    let folder = folder(project);
    let _as_it_is = write(&folder);
}

fn write(folder: &Path) -> std::io::Result<()> {
    let files = files();
    std::fs::create_dir_all(folder)?;
    for (name, text) in &files {
        let path = folder.join(name);
        if std::fs::read_to_string(&path).is_ok_and(|there| there == *text) {
            continue;
        }
        // An editor reads them whenever they change: it must not see half a file.
        let partial = folder.join(format!("{name}.{}.partial", std::process::id()));
        std::fs::write(&partial, text)?;
        std::fs::rename(&partial, &path)?;
    }
    for entry in std::fs::read_dir(folder)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".d.rhai") && !files.iter().any(|(known, _)| *known == name) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The declarations of a file, each with the documentation above it.
    fn declarations(text: &str) -> Vec<(String, String)> {
        let (mut found, mut docs) = (Vec::new(), String::new());
        for line in text.lines().skip(1) {
            if let Some(doc) = line.strip_prefix("///") {
                docs.push_str(doc.strip_prefix(' ').unwrap_or(doc));
                docs.push('\n');
            } else if !line.is_empty() {
                found.push((line.to_owned(), std::mem::take(&mut docs)));
            }
        }
        found
    }

    #[test]
    fn every_function_of_a_namespace_is_defined_with_its_documentation() {
        let api = Api::of(&engine::bare());
        let files = files();

        for (name, forms) in api.iter().filter(|(name, _)| name.contains("::")) {
            if !is_name(&name.replace("::", "")) {
                continue;
            }
            let (namespace, function) = name.split_once("::").unwrap();
            let file = files
                .iter()
                .find(|(file, _)| *file == format!("{namespace}.d.rhai"));
            let text = &file.unwrap_or_else(|| panic!("no file of {name}")).1;
            let declared = declarations(text);
            for form in forms {
                let start = format!("fn {function}(");
                let is_there = declared.iter().any(|(line, docs)| {
                    line.starts_with(&start) && docs.trim() == form.docs.trim()
                });
                assert!(is_there, "{name}{}", form.shown());
            }
        }
    }

    #[test]
    fn each_declaration_is_one_that_the_language_server_can_read() {
        for (file, text) in files() {
            assert!(text.starts_with("module "), "{file}");
            for (line, _) in declarations(&text) {
                let rest = line.strip_prefix("fn ").and_then(|l| l.strip_suffix(';'));
                let (name, rest) = rest.and_then(|l| l.split_once('(')).unwrap();
                let (params, returns) = rest.rsplit_once(')').unwrap();
                let is_type = |ty: &str| ty == "?" || is_name(ty);
                assert!(is_name(name), "{file}: {line}");
                assert!(
                    returns.is_empty() || returns.strip_prefix(" -> ").is_some_and(is_type),
                    "{file}: {line}"
                );
                for param in params.split(", ").filter(|param| !param.is_empty()) {
                    let (name, ty) = param.split_once(": ").unwrap();
                    assert!(
                        is_name(name) && (is_type(ty) || ty == "()"),
                        "{file}: {line}"
                    );
                }
            }
        }
    }
}
