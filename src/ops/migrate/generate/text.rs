//! What stands in the two files.

use super::Generate;
use super::proof::Verdict;
use crate::base::Result;
use crate::ops::database::quote_literal;
use crate::ops::migrate::create;
use crate::ops::schema::Statement;

/// The migration before it is written.
pub(super) struct Draft {
    pub(super) version: i64,
    name: String,
    source: String,
    up: Body,
    down: Body,
}

/// The statements of one file.
struct Body {
    text: String,
    /// Whether a statement uses what another one makes usable only by a commit.
    no_transaction: bool,
}

impl Draft {
    pub(super) fn new(
        request: &Generate<'_>,
        source: &str,
        up: &[Statement],
        down: &[Statement],
    ) -> Result<Self> {
        let newest = request
            .migrations
            .migrations
            .last()
            .map(|migration| migration.version);
        Ok(Self {
            version: create::next_version(newest)?,
            name: request.name.replace('-', "_"),
            source: source.to_owned(),
            up: Body::of(up),
            down: Body::of(down),
        })
    }

    /// The names of the files: the way forth, the way back.
    pub(super) fn file_names(&self) -> [String; 2] {
        let stem = format!("{}_{}", self.version, self.name);
        [format!("{stem}.up.sql"), format!("{stem}.down.sql")]
    }

    /// The texts of the files, with what the proof left.
    pub(super) fn texts(&self, verdict: &Verdict) -> [String; 2] {
        let title = self.name.replace('_', " ");
        let about = [
            format!(
                "-- {title}.\n--\n-- Generated from {}: read it before it is committed.\n",
                self.source
            ),
            "-- Takes the other file back. Rows and values that it dropped do not come back.\n"
                .to_owned(),
        ];
        let [forth, back] = about;
        [
            file(&self.up, &forth, verdict, "forth: "),
            file(&self.down, &back, verdict, "back: "),
        ]
    }
}

/// All hazards, each once.
pub(super) fn hazards(statements: &[Statement]) -> Vec<String> {
    let mut all = Vec::new();
    for statement in statements {
        let first = statement.sql.lines().next().unwrap_or_default();
        let shown = first.trim_end_matches(" (");
        all.extend(
            statement
                .hazards
                .iter()
                .map(|hazard| format!("{shown}: {hazard}")),
        );
    }
    all
}

fn file(body: &Body, about: &str, verdict: &Verdict, way: &str) -> String {
    let mut text = String::new();
    if body.no_transaction {
        text.push_str("-- lexi:no-transaction\n");
    }
    text.push_str(about);
    let mine: Vec<&str> = verdict
        .rest
        .iter()
        .filter_map(|line| line.strip_prefix(way))
        .collect();
    if !mine.is_empty() {
        text.push_str("--\n-- NOT COMPLETE. Write by hand what is left:\n");
        for line in mine.iter().flat_map(|line| line.lines()) {
            text.extend(["--   ", line, "\n"]);
        }
    }
    text.push_str(&body.text);
    text
}

impl Body {
    fn of(statements: &[Statement]) -> Self {
        let no_transaction = uses_new_label(statements);
        let mut text = String::new();
        if no_transaction {
            text.push_str("\n-- A new label of an enum can be used after a commit: each statement here commits by itself.\n");
        }
        if statements
            .iter()
            .any(|statement| is_late_bound(&statement.sql))
        {
            let local = if no_transaction { "" } else { "LOCAL " };
            text.push_str("\n-- A function's body may name what is made further down.\n");
            text.extend(["SET ", local, "check_function_bodies = off;\n"]);
        }
        for statement in statements {
            text.push('\n');
            for hazard in &statement.hazards {
                text.extend(["-- Hazard: ", hazard, ".\n"]);
            }
            text.push_str(&statement.sql);
            text.push_str(";\n");
        }
        Self {
            text,
            no_transaction,
        }
    }
}

/// A function in SQL whose body is a string.
fn is_late_bound(sql: &str) -> bool {
    let makes = sql.starts_with("CREATE OR REPLACE FUNCTION")
        || sql.starts_with("CREATE OR REPLACE PROCEDURE");
    makes && sql.contains("\n LANGUAGE sql") && sql.contains("\nAS $")
}

/// A label of an enum can be used when the transaction that added it has ended.
fn uses_new_label(statements: &[Statement]) -> bool {
    let added = statements.iter().filter_map(|statement| {
        let (_, rest) = statement.sql.split_once(" ADD VALUE ")?;
        let label = rest.split(" AFTER ").next()?.split(" BEFORE ").next()?;
        statement
            .sql
            .starts_with("ALTER TYPE ")
            .then_some((&statement.sql, label))
    });
    added.into_iter().any(|(own, label)| {
        let is_use = |statement: &&Statement| {
            statement.sql != *own
                && !statement.sql.starts_with("ALTER TYPE ")
                && mentions(&statement.sql, label)
        };
        statements.iter().any(|statement| is_use(&statement))
    })
}

fn mentions(sql: &str, quoted: &str) -> bool {
    // An array constant holds its labels without quotes of their own.
    let bare = quoted.trim_start_matches('E').trim_matches('\'');
    sql.contains(quoted)
        || sql.contains(&quote_literal(bare))
        || sql.contains(&format!("{{{bare}"))
        || sql.contains(&format!(",{bare}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statements(all: &[&str]) -> Vec<Statement> {
        let statement = |sql: &&str| Statement {
            sql: (*sql).to_owned(),
            hazards: vec!["it is slow".to_owned()],
        };
        all.iter().map(statement).collect()
    }

    #[test]
    fn a_label_that_is_used_at_once_needs_a_commit_before() {
        let add = "ALTER TYPE public.mood ADD VALUE 'glad' AFTER 'good'";
        let used = statements(&[
            add,
            "ALTER TABLE t ALTER COLUMN m SET DEFAULT 'glad'::public.mood",
        ]);
        let unused = statements(&[add, "ALTER TYPE public.mood ADD VALUE 'sad' AFTER 'glad'"]);

        assert!(uses_new_label(&used));
        assert!(!uses_new_label(&unused));
    }

    #[test]
    fn hazards_stand_above_their_statement() {
        let body = Body::of(&statements(&["DROP TABLE public.t"]));

        assert_eq!(
            body.text,
            "\n-- Hazard: it is slow.\nDROP TABLE public.t;\n"
        );
    }
}
