//! Which namespaces scripts can call, told from their texts alone, by `name::` and by methods: an engine is given only those, because registering all
//! of them would be a quarter of what an empty task costs. What is in doubt is wanted: too many do no harm.

use std::collections::BTreeSet;

use super::catalog::Catalog;
use super::inputs;
use crate::host;

/// The namespaces that an engine gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All there are.
    All,
    /// Those of these names.
    Named(BTreeSet<String>),
}

impl Wanted {
    /// What a task, what it needs and what those import can call.
    pub(super) fn by_task(catalog: &Catalog, task: &str) -> Self {
        let Some(scripts) = inputs::scripts(catalog, task) else {
            return Self::All;
        };
        let mut names = BTreeSet::new();
        for text in scripts.values() {
            let Self::Named(found) = Self::by_text(text) else {
                return Self::All;
            };
            names.extend(found);
        }
        // `task::run` runs any task of the project.
        if names.contains("task") {
            return Self::All;
        }
        Self::Named(names)
    }

    /// What a text can call itself: the names before each `::`.
    pub(super) fn by_text(text: &str) -> Self {
        if inputs::imports_unknown(text) {
            return Self::All;
        }
        let by_methods = host::namespaces()
            .iter()
            .filter(|namespace| namespace.has_method_in(text));
        let mut names: BTreeSet<String> = by_methods
            .map(|namespace| namespace.name().to_owned())
            .collect();
        let parts: Vec<&str> = text.split("::").collect();
        for before in parts.iter().take(parts.len().saturating_sub(1)) {
            let (before, gap) = before.split_at(before.trim_end().len());
            let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            let name = before
                .rsplit(|letter| !is_name(letter))
                .next()
                .unwrap_or_default();
            // The name may stand before a comment.
            if name.is_empty() || gap.contains('\n') {
                return Self::All;
            }
            names.insert(name.to_owned());
        }
        Self::Named(names)
    }

    /// Whether a namespace is among them.
    pub(super) fn has(&self, namespace: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(namespace),
        }
    }

    /// Whether all that a text can call is among them.
    pub(super) fn covers(&self, text: &str) -> bool {
        match (self, Self::by_text(text)) {
            (Self::All, _) => true,
            (Self::Named(_), Self::All) => false,
            (Self::Named(names), Self::Named(called)) => called.is_subset(names),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::engine;
    use super::*;

    fn named(names: &[&str]) -> Wanted {
        Wanted::Named(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn a_text_wants_what_stands_before_its_colons() {
        let text = "let x = fs::read(\"a\"); if db :: query(x) { lib::time::now() }";

        assert_eq!(Wanted::by_text(text), named(&["fs", "db", "lib", "time"]));
        assert_eq!(Wanted::by_text("let x = 1;"), named(&[]));
        assert_eq!(
            Wanted::by_text("import \"lib/a\" as a; a::b()"),
            named(&["a"])
        );
    }

    #[test]
    fn a_method_wants_its_namespace() {
        let text = "fs::stream(\"a\").gunzip()";

        assert_eq!(Wanted::by_text(text), named(&["fs", "process"]));
        assert!(Wanted::by_text("answer.json()").has("http"));
    }

    #[test]
    fn every_method_tells_which_namespace_it_needs() {
        let functions = engine::bare().collect_fn_metadata(
            None,
            |info| {
                let is_method = info.metadata.namespace == rhai::FnNamespace::Global;
                let names = (info.namespace.to_string(), info.metadata.name.to_string());
                is_method.then_some(names)
            },
            false,
        );
        assert!(functions.contains(&("process".to_owned(), "gzip".to_owned())));
        let is_untold = |(namespace, name): &(String, String)| {
            let is_always = matches!(namespace.as_str(), "" | "env");
            !is_always && !Wanted::by_text(name).has(namespace)
        };
        let untold: BTreeSet<_> = functions.into_iter().filter(is_untold).collect();
        assert_eq!(untold, BTreeSet::new());
    }

    #[test]
    fn what_is_in_doubt_is_wanted() {
        for text in [
            "fs/* here */::read(\"a\")",
            "fs // here\n::read(\"a\")",
            "import x as y;",
            "import `lib/${x}` as y;",
            "import(\"lib/a\") as y;",
            "import/**/\"lib/a\" as y;",
        ] {
            let wanted = Wanted::by_text(text);
            assert!(wanted.has("fs"), "{text}: {wanted:?}");
        }
    }

    #[test]
    fn a_text_is_covered_by_what_it_names() {
        assert!(named(&["fs", "db"]).covers("fs::read(\"a\")"));
        assert!(!named(&["db"]).covers("fs::read(\"a\")"));
        assert!(!named(&["db"]).covers("import x as y;"));
        assert!(Wanted::All.covers("import x as y;"));
    }
}
