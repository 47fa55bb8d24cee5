//! The documentation of the script functions, made from the functions themselves.

use std::fmt::Write;

use super::api::Signature;
use super::language;
use crate::host;

/// What `docs/api.md` holds.
pub fn api() -> String {
    let api = language::api();
    let mut text = String::from(
        "# Script functions\n\nMade by `lexi docs` from the functions' own documentation; do not edit.\n\n\
         Values: `string`, `int`, `float`, `bool`, `array`, `map`, `blob`, `closure`; `any` is each of them. Errors are maps \
         `#{ kind, message, hint, call, .. }` that `catch (e)` binds; `kind` is the name listed here.\n\n\
         Reserved words of the language (not usable as names or unquoted keys): spawn sync async await thread go new use \
         module package var static match case default with is shared goto null nil void public super protected print debug \
         call eval type_of curry.\n",
    );
    for namespace in host::namespaces() {
        let (namespace, module) = (namespace.name(), namespace.module());
        let title = if namespace.is_empty() {
            "Without a namespace"
        } else {
            namespace
        };
        let own: Vec<(&str, &[Signature])> = api
            .iter()
            .filter(|(name, _)| belongs(name, namespace, module))
            .collect();
        if own.is_empty() {
            continue;
        }
        let about = module
            .doc()
            .lines()
            .map(|line| line.trim_start_matches("///").trim())
            .collect::<Vec<_>>()
            .join("\n");
        let _infallible = write!(text, "\n## {title}\n\n{}\n", about.trim());
        for (name, forms) in own {
            for form in forms {
                text.push_str(&function(name, form));
            }
        }
    }
    text
}

/// Whether a function is documented under a namespace: by its name, or as one of the nameless module's own.
fn belongs(name: &str, namespace: &str, module: &rhai::Module) -> bool {
    match name.split_once("::") {
        Some((own, _)) => own == namespace,
        None if namespace.is_empty() => {
            module
                .gen_fn_signatures_with_mapper(Into::into)
                .any(|signature| {
                    signature
                        .split('(')
                        .next()
                        .is_some_and(|own| own.trim_start_matches("fn ") == name)
                })
        }
        None => false,
    }
}

fn function(name: &str, form: &Signature) -> String {
    let returns = if form.returns.is_empty() {
        String::new()
    } else {
        format!(" -> {}", form.returns)
    };
    let docs: Vec<String> = form
        .docs
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(heading) => format!("**{heading}**\n"),
            None if line.starts_with("```") && line.len() > 3 => "```rust".to_owned(),
            None if line == "```" => line.to_owned(),
            None => line.to_owned(),
        })
        .collect();
    format!(
        "\n### `{name}{}{returns}`\n\n{}\n",
        form.shown(),
        docs.join("\n")
    )
}
